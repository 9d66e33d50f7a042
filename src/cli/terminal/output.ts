import { writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { escapeHidden } from '../../core/text/harmless-text.ts';
import { EXIT } from '../exit-code.ts';
import { exitNow } from '../exit.ts';
import { wrap } from './wrap.ts';

/** Output of a command: data goes to stdout, everything else to stderr. Every method escapes hidden characters. */
export interface Output {
  /** A line of data. */
  data(text: string): void;
  /** Sentences on stdout, wrapped between words on a terminal. */
  text(text: string): void;
  /** A message to the user on stderr. */
  note(text: string): void;
  /** Replaces the status line on a terminal. Prints nothing elsewhere. */
  status(text: string): void;
  /** Removes the status line. */
  clearStatus(): void;
  /** Marks the command as a stream: from now on, a broken output ends the program. */
  beginStreaming(): void;
  /** Marks the command as acting: until `endActing`, a broken output does not end the program, not even a stream. */
  beginActing(): void;
  /** Ends the effect of `beginActing`. */
  endActing(): void;
  /** Usable width in columns: the terminal's, else 100. */
  readonly columns: number;
  readonly isTerminal: boolean;
  /** True if `status` prints. */
  readonly hasStatusLine: boolean;
  /** True if stdout may contain colors. */
  readonly hasColor: boolean;
}

const PIPE_COLUMNS = 100;
/** Narrower text is unreadable. The terminal then breaks the lines itself. */
const NARROWEST = 20;

export interface OutputOptions {
  /** False for `--no-color`. */
  readonly color: boolean;
}

let isActing = false;
let isStreaming = false;
let isLost = false;

/** These exit codes outweigh a lost report: the command did nothing, or not everything. */
const STRONGER: ReadonlySet<unknown> = new Set([EXIT.usage, EXIT.interrupted]);

/**
 * Handles write errors of stdout and stderr. Call once per program. The command still finishes its work; only a stream ends with its
 * output. A lost report is announced on stderr, and the exit code is 1.
 */
export function watchOutput(): void {
  for (const stream of [process.stdout, process.stderr]) writeWhole(stream);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // EPIPE is the normal end of `claude-mem leaks | head`. A full disk is a failure.
    if (error.code !== 'EPIPE') lose(error);
    if (isStreaming && !isActing) exitNow(Number(process.exitCode ?? EXIT.ok));
  });
  // A broken stderr cannot be reported anywhere.
  process.stderr.on('error', () => undefined);
  process.on('exit', () => {
    if (isLost && !STRONGER.has(process.exitCode)) process.exitCode = EXIT.found;
  });
}

/** Node treats a short write to a file as complete: on a full disk the rest would be lost without an error. */
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
  if (!isLost) process.stderr.write(`claude-mem: could not write the output: ${message}. The report is lost.\n`);
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

/** A terminal without a size (`script`, some CI systems) reports 0 columns or none. */
function isTerminal(stream: WriteStream & { fd: number }): boolean {
  return stream.isTTY && stream.columns > 0;
}

/** The rule of no-color.org: present and not empty. */
function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
