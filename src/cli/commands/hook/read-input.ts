import type { Readable } from 'node:stream';
import { afterRunning } from './running-time.ts';

export interface InputLimits {
  /** Further bytes are read and dropped, so that the writer does not block. */
  readonly maxBytes: number;
  /** Time limit for a writer that never closes its end; milliseconds of running time. */
  readonly withinMs: number;
}

export interface Input {
  readonly text: string;
  /** False if the writer was still there, with its end open, at the time limit. */
  readonly isWhole: boolean;
}

/** Reads the beginning of a stream as text. */
export async function readInput(stream: Readable, { maxBytes, withinMs }: InputLimits): Promise<Input> {
  const chunks: Buffer[] = [];
  let length = 0;
  const isWhole = await new Promise<boolean>((resolve) => {
    const cancel = afterRunning(withinMs, () => {
      resolve(false);
    });
    const finish = (): void => {
      cancel();
      resolve(true);
    };
    stream.on('data', (chunk: Buffer) => {
      if (length >= maxBytes) return;
      chunks.push(chunk.subarray(0, maxBytes - length));
      length += chunk.length;
    });
    stream.on('end', finish);
    // The writer is gone, so no more input arrives.
    stream.on('error', finish);
  });
  stream.destroy();
  return { text: Buffer.concat(chunks).toString('utf8'), isWhole };
}
