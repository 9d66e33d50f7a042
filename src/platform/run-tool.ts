import { spawn } from 'node:child_process';
import { errnoOf } from '../shared/errors.ts';
import { systemProgram } from './windows/system-program.ts';

/** How a program of the operating system ended. */
export interface ToolResult {
  /** Null if the program does not exist, was ended by a signal, or took too long. */
  readonly exitCode: number | null;
  /** One character per byte: a crontab has no encoding. */
  readonly stdout: string;
  readonly stderr: string;
  /** Why it did not run to its end; undefined if it did. */
  readonly failure: string | undefined;
}

export interface ToolOptions {
  /** One character per byte. */
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program of the operating system with English messages. Never rejects. */
export type RunTool = (argv: readonly string[], options?: ToolOptions) => Promise<ToolResult>;

/** In milliseconds. A service manager answers within milliseconds, and on a loaded machine within seconds. */
const TIMEOUT_MS = 15_000;
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

export const runTool: RunTool = ([file = '', ...args], { stdin = '', env = {} } = {}) =>
  new Promise((resolve) => {
    const child = spawn(programOf(file), args, {
      env: { ...process.env, ...env, LC_ALL: 'C' },
      timeout: TIMEOUT_MS,
      windowsHide: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const output = collect(child.stdout);
    const errors = collect(child.stderr);
    const end = (exitCode: number | null, failure: string | undefined) => {
      resolve({ exitCode, stdout: output.text(), stderr: errors.text().trim(), failure });
    };
    child.once('error', (error) => {
      end(
        null,
        errnoOf(error) === 'ENOENT' ? `there is no ${file}` : `${file} cannot be run (${errnoOf(error) ?? ''})`,
      );
    });
    child.once('close', (exitCode, signal) => {
      const isCut = output.isCut();
      if (isCut) end(null, `${file} printed more than ${MAX_OUTPUT_BYTES} bytes`);
      else end(exitCode, signal === null ? undefined : `${file} was ended by ${signal}`);
    });
    // A program that does not read its input may exit first.
    child.stdin.on('error', () => undefined);
    child.stdin.end(Buffer.from(stdin, 'latin1'));
  });

function programOf(file: string): string {
  return process.platform === 'win32' ? systemProgram(file) : file;
}

function collect(stream: NodeJS.ReadableStream): { readonly text: () => string; readonly isCut: () => boolean } {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= MAX_OUTPUT_BYTES) chunks.push(chunk);
  });
  return { text: () => Buffer.concat(chunks).toString('latin1'), isCut: () => length > MAX_OUTPUT_BYTES };
}

/** Describes a failed run in one sentence without a full stop. */
export function describeFailure(what: string, { exitCode, stderr, failure }: ToolResult): string {
  const reason =
    failure ?? (stderr === '' ? `exit code ${String(exitCode)}` : Buffer.from(stderr, 'latin1').toString());
  return `${what} failed: ${reason.slice(0, LONGEST_REASON)}`;
}

/** Characters. */
const LONGEST_REASON = 500;
