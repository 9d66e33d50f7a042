import { writeSync } from 'node:fs';
import type { WriteStream } from 'node:tty';
import { mayBeTerminal } from './descriptor.ts';

/**
 * An output of this program. A file or pipe is written directly, because loading Node's streams takes 6 ms, a sixth of the start of Node
 * itself. Anything that may be a terminal is written through the stream.
 */
export class Sink {
  readonly #descriptor: 1 | 2;
  readonly #onError: (error: NodeJS.ErrnoException) => void;
  #stream: (WriteStream & { readonly fd: number }) | undefined;
  #mayBeTerminal: boolean | undefined;

  constructor(descriptor: 1 | 2, onError: (error: NodeJS.ErrnoException) => void) {
    this.#descriptor = descriptor;
    this.#onError = onError;
  }

  /** False for files, pipes, sockets and /dev/null. */
  get mayBeTerminal(): boolean {
    return (this.#mayBeTerminal ??= mayBeTerminal(this.#descriptor));
  }

  /** Whether all text has left this process. A stream may still hold some. */
  get isWritten(): boolean {
    return this.#stream === undefined;
  }

  /** Node's stream of this output. Once it is in use, all writes go through it, because it may hold text back. */
  get stream(): WriteStream & { readonly fd: number } {
    if (this.#stream !== undefined) return this.#stream;
    const stream = this.#descriptor === 1 ? process.stdout : process.stderr;
    if ((stream as { readonly _type?: string })._type === 'fs') writeWhole(stream);
    stream.on('error', this.#onError);
    return (this.#stream = stream);
  }

  write(text: string): void {
    if (this.#stream !== undefined || this.mayBeTerminal) {
      this.stream.write(text);
      return;
    }
    const bytes = Buffer.from(text);
    try {
      for (let written = 0; written < bytes.length;) {
        const count = writeNow(this.#descriptor, bytes, written);
        if (count === undefined) {
          this.stream.write(bytes.subarray(written));
          return;
        }
        written += count;
      }
    } catch (error) {
      this.#onError(error as NodeJS.ErrnoException);
    }
  }
}

/** Returns undefined if a non-blocking pipe is full: the stream can wait, this program must not. */
function writeNow(descriptor: number, bytes: Buffer, from: number): number | undefined {
  try {
    return writeSync(descriptor, bytes, from);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}

/** Node treats a short write to a file as complete: on a full disk the rest would be lost without an error. */
function writeWhole(stream: WriteStream & { readonly fd: number }): void {
  stream._write = (chunk: Buffer, _encoding, done) => {
    try {
      for (let written = 0; written < chunk.length;) written += writeSync(stream.fd, chunk, written);
      done();
    } catch (error) {
      done(error as Error);
    }
  };
}
