import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { eventually } from './eventually.ts';
import { assertDocuments } from './json-documents.ts';
import { runMark } from './run-mark.ts';

/** The built program, as users run it. Global setup builds it. */
export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export interface RunOptions {
  /** The only home the program sees. */
  readonly home: string;
  /** Additions to the clean environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Text for stdin (default: empty). */
  readonly stdin?: string;
  /** Time limit in milliseconds (default: 60,000). The program is then killed and the run fails. */
  readonly timeoutMs?: number;
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit code; null if a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly elapsedMs: number;
}

/** A clean environment without the settings of the person who runs the tests, but with the mark of this run. */
export function cleanEnvironment(options: Pick<RunOptions, 'home' | 'env'>): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: options.home,
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    // Without a common cache, each program would compile its code again.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    ...runMark(),
    ...options.env,
  };
}

/** Runs the built program in a clean environment, without a terminal. */
export async function runCli(args: readonly string[], options: RunOptions): Promise<RunResult> {
  return runProgram(process.execPath, [CLI, ...args], options);
}

/** Runs any program in a clean environment, without a terminal. The JSON of the built program must fit its schema. */
export async function runProgram(file: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const startedAt = performance.now();
  const child = spawn(file, args, {
    cwd: options.cwd ?? options.home,
    env: cleanEnvironment(options),
    stdio: 'pipe',
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  // A program that does not read stdin may exit before the write.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  const { status, signal } = await ended(child, options.timeoutMs, () => `${stdout()}\n${stderr()}`);
  const elapsedMs = performance.now() - startedAt;
  const result = { stdout: stdout(), stderr: stderr(), status, signal, elapsedMs };
  if (args.includes(CLI)) await assertDocuments(args.slice(args.indexOf(CLI) + 1), result);
  return result;
}

export interface TerminalOptions extends Omit<RunOptions, 'stdin'> {
  readonly columns?: number;
  readonly rows?: number;
}

/** A program in its own terminal. */
export interface TerminalSession {
  /** The output so far: stdout and stderr together, with escape sequences. */
  output(): string;
  /** Types; `\r` is the enter key, `\x03` Ctrl-C. */
  type(keys: string): void;
  /** Waits until the output contains a text, matches a pattern or satisfies a predicate. */
  waitFor(expected: string | RegExp | (() => boolean), withinMs?: number): Promise<void>;
  readonly ended: Promise<{ readonly output: string; readonly status: number | null }>;
}

/** Runs the built program in a terminal (`script` of util-linux makes it). Colors are on unless the environment says no. */
export function runCliInTerminal(args: readonly string[], options: TerminalOptions): TerminalSession {
  return runInTerminal(process.execPath, [CLI, ...args], options);
}

export function runInTerminal(file: string, args: readonly string[], options: TerminalOptions): TerminalSession {
  const size = `stty cols ${options.columns ?? 100} rows ${options.rows ?? 30}`;
  const command = `${size} && exec ${[file, ...args].map(quote).join(' ')}`;
  const child = spawn('script', ['-q', '-e', '-f', '-c', command, '/dev/null'], {
    cwd: options.cwd ?? options.home,
    env: cleanEnvironment({
      home: options.home,
      env: { NO_COLOR: undefined, TERM: 'xterm-256color', SHELL: '/bin/sh', ...options.env },
    }),
    stdio: 'pipe',
  });
  const output = collect(child.stdout);
  child.stdin.on('error', () => undefined);
  // The program gets SIGHUP when its terminal disappears.
  onTestFinished(() => void child.kill('SIGTERM'));
  return {
    output,
    type: (keys) => child.stdin.write(keys),
    waitFor: async (expected, withinMs = 10_000) => {
      const isThere = () => {
        if (typeof expected === 'function') return expected();
        return typeof expected === 'string' ? output().includes(expected) : expected.test(output());
      };
      await eventually(`the terminal shows ${String(expected)}`, isThere, { withinMs, dump: output });
    },
    ended: ended(child, options.timeoutMs, output).then(({ status }) => ({ output: output(), status })),
  };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}

async function ended(
  child: ChildProcess,
  timeoutMs = 110_000,
  output: () => string,
): Promise<{ status: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${child.spawnargs.join(' ')} still ran after ${timeoutMs} ms; its output:\n${output()}`));
    }, timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    // `close` instead of `exit`, because output may arrive after the exit. Processes that are left must not keep the pipes open.
    child.once('close', (status, signal) => {
      clearTimeout(timer);
      resolve({ status, signal });
    });
  });
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
