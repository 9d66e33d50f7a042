import type { Readable } from 'node:stream';

export interface InputLimits {
  /** What comes after is read, so that the host can write it, and dropped. */
  readonly maxBytes: number;
  /** A host that never closes its end is not waited for any longer; milliseconds. */
  readonly withinMs: number;
}

/** The beginning of a stream, as text. */
export async function readInput(stream: Readable, { maxBytes, withinMs }: InputLimits): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, withinMs);
    const finish = (): void => {
      clearTimeout(timer);
      resolve();
    };
    stream.on('data', (chunk: Buffer) => {
      if (length >= maxBytes) return;
      chunks.push(chunk.subarray(0, maxBytes - length));
      length += chunk.length;
    });
    stream.on('end', finish);
    // Whoever wrote has gone: what came is all there is.
    stream.on('error', finish);
  });
  stream.destroy();
  return Buffer.concat(chunks).toString('utf8');
}
