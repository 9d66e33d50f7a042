import type { Readable } from 'node:stream';
import { afterRunning } from './running-time.ts';

export interface InputLimits {
  /** The rest is read, so that the host can write it, and dropped. */
  readonly maxBytes: number;
  /** A host that never closes its end is not waited for any longer; milliseconds of running time. */
  readonly withinMs: number;
}

export interface Input {
  readonly text: string;
  /** False if the host had neither closed its end nor gone when the time was up. */
  readonly isWhole: boolean;
}

/** The beginning of a stream, as text. */
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
    // The writer is gone: what arrived is all there is.
    stream.on('error', finish);
  });
  stream.destroy();
  return { text: Buffer.concat(chunks).toString('utf8'), isWhole };
}
