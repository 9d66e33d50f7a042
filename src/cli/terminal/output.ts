import { writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { escapeHidden } from '../../core/text/harmless-text.ts';
import { EXIT } from '../exit-code.ts';
import { exitNow } from '../exit.ts';
import { wrap } from './wrap.ts';

/** Where a command writes: data to stdout, everything else to stderr. Hidden characters are escaped, whatever is written. */
export interface Output {
  /** A line of data. */
  data(text: string): void;
  /** Data in sentences: on a terminal broken between words, in a pipe as it is. */
  text(text: string): void;
  /** A line for the person in front. */
  note(text: string): void;
  /** Replaces the last status line on a terminal; prints nothing elsewhere. */
  status(text: string): void;
  /** Takes the status line away. */
  clearStatus(): void;
  /** From here on this command writes until it is told to stop: an output that cannot be written any more ends it. */
  beginStreaming(): void;
  /** From here on not even a stream ends with its output: what it was told to do must be brought to its end. */
  beginActing(): void;
  /** It was brought to its end, and the program goes on. */
  endActing(): void;
  /** Usable width in columns: the terminal's, else 100. */
  readonly columns: number;
  readonly isTerminal: boolean;
  /** Whether `status` shows anything. */
  readonly hasStatusLine: boolean;
  /** Whether color may be used on stdout. */
  readonly hasColor: boolean;
}

const PIPE_COLUMNS = 100;
/** Below this nothing is readable any more; the terminal breaks the lines itself. */
const NARROWEST = 20;

export interface OutputOptions {
  /** False for `--no-color`. */
  readonly color: boolean;
}

let isActing = false;
let isStreaming = false;
let isLost = false;

/** These say more than a lost report: nothing was done at all, or not everything. */
const STRONGER: ReadonlySet<unknown> = new Set([EXIT.usage, EXIT.interrupted]);

/**
 * Deals with an output that cannot be written; once per program. The command does what it was told and ends as it would have; only a
 * stream ends with its output. A report that is lost is said on stderr and ends with 1.
 */
export function watchOutput(): void {
  for (const stream of [process.stdout, process.stderr]) writeWhole(stream);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // `claude-mem leaks | head`: whoever read has seen enough. A full disk, on the other hand, is a failure.
    if (error.code !== 'EPIPE') lose(error);
    if (isStreaming && !isActing) exitNow(Number(process.exitCode ?? EXIT.ok));
  });
  // There is nowhere left to say so.
  process.stderr.on('error', () => undefined);
  process.on('exit', () => {
    if (isLost && !STRONGER.has(process.exitCode)) process.exitCode = EXIT.found;
  });
}

/** Node takes a short write into a file for a whole one: on a disk that gets full the rest would be lost without an error. */
function writeWhole(stream: Writable & { readonly fd: number; readonly _type?: string }): void {
  if (stream._type !== 'fs') return;
  stream._write = (chunk: Buffer, _encoding, done) => {
    try {
      for (let written = 0; written < chunk.length;) written += writeSync(stream.fd, chunk, written);
      done();
    } catch (error) {
      done(error as Error);
    }
  };
}

function lose({ message }: Error): void {
  if (!isLost) process.stderr.write(`claude-mem: the output could not be written: ${message}; the report is lost\n`);
  isLost = true;
}

export function createOutput(options: OutputOptions): Output {
  const { stdout, stderr } = process;
  let hasStatus = false;
  const clearStatus = () => {
    if (hasStatus) stderr.write('\r\u001B[2K');
    hasStatus = false;
  };
  return {
    data: (text) => {
      clearStatus();
      stdout.write(`${escapeHidden(text)}\n`);
    },
    text: (text) => {
      clearStatus();
      stdout.write(`${fit(escapeHidden(text), stdout)}\n`);
    },
    note: (text) => {
      clearStatus();
      stderr.write(`${fit(escapeHidden(text), stderr)}\n`);
    },
    status: (text) => {
      if (!isTerminal(stderr)) return;
      stderr.write(`\r\u001B[2K${escapeHidden(text).slice(0, columnsOf(stderr) - 1)}`);
      hasStatus = true;
    },
    clearStatus,
    beginStreaming: () => {
      isStreaming = true;
    },
    beginActing: () => {
      isActing = true;
    },
    endActing: () => {
      isActing = false;
    },
    columns: isTerminal(stdout) ? columnsOf(stdout) : PIPE_COLUMNS,
    isTerminal: isTerminal(stdout),
    hasStatusLine: isTerminal(stderr),
    hasColor: options.color && isTerminal(stdout) && !isSet(process.env.NO_COLOR) && process.env.TERM !== 'dumb',
  };
}

function fit(text: string, stream: WriteStream & { fd: number }): string {
  return isTerminal(stream) ? wrap(text, columnsOf(stream)) : text;
}

function columnsOf(stream: WriteStream): number {
  return Math.max(NARROWEST, stream.columns);
}

/** A terminal without a size (`script`, some CI) reports 0 or nothing. */
function isTerminal(stream: WriteStream & { fd: number }): boolean {
  return stream.isTTY && stream.columns > 0;
}

/** As no-color.org has it: present and not empty. */
function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
