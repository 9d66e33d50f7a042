import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { expect } from 'vitest';
import { createTempDir, tempDir } from '../helpers/temp-dir.ts';
import type { LockAnswer, LockCommand } from './state-program.ts';

const NOBODY = 65534;

/**
 * The state program bundled into one file: starts four times faster, and a user without access to this checkout can run
 * it.
 */
export function buildStateProgram(): { readonly file: string; readonly remove: () => void } {
  const folder = createTempDir();
  const file = join(folder.path, 'program.mjs');
  buildSync({
    entryPoints: [fileURLToPath(new URL('./state-program.ts', import.meta.url))],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['libsql'],
  });
  copyPackages(join(folder.path, 'node_modules'));
  chmodSync(folder.path, 0o755);
  return {
    file,
    remove: () => {
      folder.remove();
    },
  };
}

/** Dependencies of libsql. Copied, because another user cannot follow a link into a checkout in a private folder. */
const PACKAGES = ['libsql', '@libsql', '@neon-rs', 'detect-libc'];

function copyPackages(folder: string): void {
  const from = fileURLToPath(new URL('../../node_modules', import.meta.url));
  for (const name of PACKAGES) cpSync(join(from, name), join(folder, name), { recursive: true, dereference: true });
}

export function startProgram(file: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return spawn(process.execPath, [file, ...args], options);
}

/** A process that takes and releases a lock on request. */
export function startLocker(file: string): ChildProcess {
  return startProgram(file, ['locks'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

export async function ask(locker: ChildProcess, command: LockCommand): Promise<LockAnswer> {
  const answer = once(locker, 'message');
  locker.send(command);
  const [message] = (await answer) as [LockAnswer];
  return message;
}

/** Starts lockers and ends them afterwards. */
export async function withStartedLockers(
  file: string,
  count: number,
  use: (lockers: ChildProcess[]) => Promise<void>,
): Promise<void> {
  const lockers = Array.from({ length: count }, () => startLocker(file));
  try {
    await use(lockers);
  } finally {
    await Promise.all(lockers.map(killAndWait));
  }
}

/** Lets the lockers race for a lock: exactly one gets it, each time. */
export async function expectOneWinnerEach(lockers: readonly ChildProcess[], races: number): Promise<void> {
  const folder = tempDir();
  for (let race = 0; race < races; race += 1) {
    // Every other race is for a file that does not exist yet.
    const take = join(folder, race % 2 === 0 ? `${race}.lock` : 'same.lock');
    const answers = await Promise.all(lockers.map((locker) => ask(locker, { take, waitMs: 0 })));
    const winners = lockers.filter((_, index) => 'taken' in (answers[index] ?? {}));
    expect(winners, JSON.stringify(answers)).toHaveLength(1);
    const refusals = answers.flatMap((answer) => ('refused' in answer ? [answer.refused] : []));
    expect(refusals).toEqual(Array.from({ length: lockers.length - 1 }, () => 'lock-held'));
    for (const winner of winners) await ask(winner, { release: true });
  }
}

/** Ends a child by SIGKILL and waits until it is gone. */
export async function killAndWait(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** Why no process can run here as an ordinary user; undefined if one can. */
export function noOrdinaryUser(): string | undefined {
  if (process.geteuid === undefined) return 'this platform has no user ids';
  if (process.geteuid() !== 0) return undefined;
  const asNobody = (...command: string[]) =>
    spawnSync('setpriv', ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', '--', ...command])
      .status;
  if (asNobody('true') !== 0) return 'runs as root, whom modes do not bind, and without a working setpriv';
  return asNobody(process.execPath, '--version') === 0 ? undefined : `another user cannot run ${process.execPath}`;
}

/** The view of the state program as an ordinary user: this one, or `nobody` if this one is root. */
export function lookAsOrdinaryUser(file: string, dataDir: string, env: Record<string, string> = {}): unknown {
  const program = [process.execPath, file, 'look', dataDir];
  const drop = ['setpriv', '--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', '--'];
  const [command = '', ...args] = process.geteuid?.() === 0 ? [...drop, ...program] : program;
  const result = spawnSync(command, args, { encoding: 'utf8', cwd: '/', env: { ...process.env, ...env } });
  if (result.status !== 0) throw new Error(`the program ended with ${String(result.status)}: ${result.stderr}`);
  return JSON.parse(result.stdout);
}
