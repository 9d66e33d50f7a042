import { escapeHidden } from '../../core/text/harmless-text.ts';
import { EXIT } from '../exit-code.ts';
import { endByHangUp, exitNow } from '../exit.ts';
import { withProgramName } from '../program-name.ts';
import { wantsColor } from './color.ts';
import { Sink } from './sink.ts';
import { wrap } from './wrap.ts';

/** Output of a command: data goes to stdout, everything else to stderr. Every method escapes hidden characters. */
export interface Output {
  /** A line of data. */
  data(text: string): void;
  /** Sentences on stdout, wrapped between words on a terminal. */
  text(text: string): void;
  /** A message to the user on stderr. */
  note(text: string): void;
  /** As `note`, for an error. It is printed with `--quiet` too. */
  problem(text: string): void;
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
  /** True if stderr may contain colors. */
  readonly hasErrorColor: boolean;
}

const PIPE_COLUMNS = 100;
/** Narrower text is unreadable. The terminal then breaks the lines itself. */
const NARROWEST = 20;

export interface OutputOptions {
  /** False for `--no-color`. */
  readonly color: boolean;
  /** True for `--quiet`: prints problems and nothing else. */
  readonly quiet: boolean;
}

let isActing = false;
let isStreaming = false;
let isLost = false;

/** These exit codes outweigh a lost report: the command did nothing, or not everything. */
const STRONGER: ReadonlySet<unknown> = new Set([EXIT.usage, EXIT.interrupted]);

/** Writes to stdout. The command still finishes its work after a write error; only a stream ends with its output. */
export const out = new Sink(1, (error) => {
  // EPIPE is the normal end of `claude-mem leaks | head`. A full disk is a failure.
  if (error.code !== 'EPIPE') lose(error);
  // The terminal may be gone before the signal arrives.
  if (error.code === 'EIO') endByHangUp();
  if (isStreaming && !isActing) exitNow(Number(process.exitCode ?? EXIT.ok));
});

/** Writes to stderr. A broken stderr cannot be reported anywhere. */
export const err = new Sink(2, () => undefined);

/** A lost report is announced on stderr, and the exit code is 1. Call once per program. */
export function watchOutput(): void {
  process.on('exit', () => {
    if (isLost && !STRONGER.has(process.exitCode)) process.exitCode = EXIT.found;
  });
}

function lose({ message }: Error): void {
  if (!isLost) err.write(`claude-mem: could not write the output: ${message}. The report is lost.\n`);
  isLost = true;
}

export function createOutput(options: OutputOptions): Output {
  let hasStatus = false;
  const clearStatus = () => {
    if (hasStatus) err.write('\r\u001B[2K');
    hasStatus = false;
  };
  const problem = (text: string) => {
    clearStatus();
    err.write(`${fit(withProgramName(escapeHidden(text)), err)}\n`);
  };
  return {
    data: (text) => {
      if (options.quiet) return;
      clearStatus();
      out.write(`${escapeHidden(text)}\n`);
    },
    text: (text) => {
      if (options.quiet) return;
      clearStatus();
      out.write(`${fit(withProgramName(escapeHidden(text)), out)}\n`);
    },
    note: (text) => {
      if (!options.quiet) problem(text);
    },
    problem,
    status: (text) => {
      if (options.quiet || !isTerminal(err)) return;
      err.write(`\r\u001B[2K${escapeHidden(text).slice(0, columnsOf(err) - 1)}`);
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
    columns: isTerminal(out) ? columnsOf(out) : PIPE_COLUMNS,
    isTerminal: isTerminal(out),
    get hasStatusLine() {
      return !options.quiet && isTerminal(err);
    },
    hasColor: options.color && wantsColor(process.env, () => isTerminal(out)),
    get hasErrorColor() {
      return options.color && wantsColor(process.env, () => isTerminal(err));
    },
  };
}

function fit(text: string, sink: Sink): string {
  return isTerminal(sink) ? wrap(text, columnsOf(sink)) : text;
}

function columnsOf({ stream }: Sink): number {
  return Math.max(NARROWEST, stream.columns);
}

/** A terminal without a size (`script`, some CI systems) reports 0 columns or none. */
function isTerminal(sink: Sink): boolean {
  return sink.mayBeTerminal && sink.stream.isTTY && sink.stream.columns > 0;
}
