import { type ChildProcess, execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chmodSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { buildSync } from 'esbuild';
import { test } from 'vitest';
import { createTempDir } from '../helpers/temp-dir.ts';
import type { Task } from './linux-probe.ts';

/** A user and group that own nothing. */
export const NOBODY = 65_534;

const PROBE = fileURLToPath(new URL('linux-probe.ts', import.meta.url));
const SETPRIV = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--'];
const NEW_PIDS = ['unshare', '--mount', '--pid', '--fork', '--kill-child'];
const run = promisify(execFile);

/** Where a probe runs: a prefix of its command line. In all places but `here` the prefix is a parent of the probe. */
export const PLACES = {
  here: [],
  asNobody: SETPRIV,
  /** A pid namespace with its own /proc. */
  inNamespace: [...NEW_PIDS, '--mount-proc', '--'],
  /** A pid namespace that still sees the /proc of the outer one. */
  behindForeignProc: [...NEW_PIDS, '--'],
} as const satisfies Record<string, readonly string[]>;

/**
 * In a pid namespace whose /proc is mounted with these options: a root shell as pid 1 and, below it, the probe as
 * the user `nobody`.
 */
export function asNobodyUnder(procOptions: string, user: readonly string[] = PLACES.asNobody): readonly string[] {
  const script = `mount -o remount,${procOptions} /proc || exit 9; sleep 60 & "$@"; code=$?; kill $!; exit $code`;
  return [...NEW_PIDS, '--mount-proc', '--', 'sh', '-c', script, 'sh', ...user];
}

/** The same with the probe as visible pid 1, and a hidden root process beside it. */
export function asNobodysInitUnder(procOptions: string): readonly string[] {
  const script = `mount -o remount,${procOptions} /proc || exit 9; sleep 60 & exec "$@"`;
  return [...NEW_PIDS, '--mount-proc', '--', 'sh', '-c', script, 'sh', ...PLACES.asNobody];
}

/** Runs a task of the probe in another place and returns its answer. */
export async function probe(place: readonly string[], task: Task): Promise<unknown> {
  const node = [process.execPath, (program ??= buildProbe()), JSON.stringify(task)];
  const { stdout } = await run(...split([...place, ...node]), { maxBuffer: 64 * 1024 * 1024, timeout: 60_000 });
  return JSON.parse(stdout);
}

let program: string | undefined;

/** Bundles the probe, which then starts four times faster. The folder of the run, which is removed at the end, has it. */
function buildProbe(): string {
  const { path } = createTempDir();
  chmodSync(path, 0o755);
  const outfile = join(path, 'probe.mjs');
  // Packages are still those of the checkout.
  const define = { 'import.meta.url': JSON.stringify(pathToFileURL(PROBE).href) };
  buildSync({ entryPoints: [PROBE], outfile, bundle: true, platform: 'node', format: 'esm', define });
  return outfile;
}

const isRoot = process.getuid?.() === 0;
const isLinux = process.platform === 'linux';

/** Whether another user can run Node.js and read this checkout; a home directory is often closed. */
const nobodyGetsHere = [PROBE, process.execPath].every((path) => isOpenUpTo(path));

/** A test that needs more than an ordinary Linux user; its title names what is missing. */
export const linuxTest = test.skipIf(!isLinux);
export const otherUserTest = needing(
  'root, setpriv and a checkout others can read',
  isLinux && isRoot && nobodyGetsHere && runs(SETPRIV),
);
export const namespaceTest = needing('root and unshare', isLinux && isRoot && runs(PLACES.inNamespace));

/** A Python that other users can run too. */
export const PYTHON = ['/usr/bin/python3', '/usr/local/bin/python3'].find((path) => existsSync(path));

/** The program and its arguments, in the form of spawn. */
export function split(commandLine: readonly string[]): [string, readonly string[]] {
  return [commandLine[0] ?? '', commandLine.slice(1)];
}

/** Resolves with the first line of a child, by which fixtures report that they are ready. */
export async function firstLine(child: ChildProcess): Promise<string> {
  const [output] = (await once(child.stdout!, 'data')) as [Buffer];
  return output.toString().trim();
}

function needing(what: string, isThere: boolean) {
  return (title: string, body: () => Promise<void>): void => {
    if (isThere) test(title, body);
    else test.skip(`${title} (needs ${what})`, body);
  };
}

function runs(prefix: readonly string[]): boolean {
  return spawnSync(...split([...prefix, 'true']), { stdio: 'ignore' }).status === 0;
}

function isOpenUpTo(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
  } catch {
    return false;
  }
  const { mode } = statSync(path);
  const isOpen = (mode & (statSync(path).isDirectory() ? 0o001 : 0o004)) !== 0;
  return isOpen && (path === '/' || isOpenUpTo(dirname(path)));
}
