import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Manifest, ManifestEntry, StoredIdentity } from '../../src/core/tree/manifest.ts';
import { isAlive, type Identity } from '../../scripts/leak/identity.mjs';
import { spawnOrphanPairs, type OrphanPairs, type PairOptions } from '../helpers/chroma-pairs.ts';
import { eventually } from '../helpers/eventually.ts';
import { CLI, runCli, runProgram, type RunOptions, type RunResult } from '../helpers/run-cli.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const RECORDINGS = fileURLToPath(new URL('../fixtures/recordings/', import.meta.url));

export const recording = (name: string): string => join(RECORDINGS, `${name}.json`);

export const TREE = '11111111-2222-4333-8444-555555555555';

/** Creates a home with a data dir at the default path. */
export interface Home {
  readonly home: string;
  readonly dataDir: string;
  readonly run: (args: readonly string[], options?: Partial<RunOptions>) => Promise<RunResult>;
  /**
   * Runs with `--json` and parses the document. `found` are its processes without zombies: zombies of earlier tests remain if pid 1
   * reaps slowly.
   */
  readonly json: (args: readonly string[], options?: Partial<RunOptions>) => Promise<JsonRun>;
}

interface JsonRun {
  readonly status: number | null;
  readonly report: Report;
  readonly found: readonly ReportedRow[];
}

/** The fields of the JSON documents that the tests use. */
interface Report {
  readonly schemaVersion: number;
  readonly command: string;
  readonly complete: boolean;
  readonly summary: Readonly<Record<string, number>>;
  readonly processes: readonly ReportedRow[];
  readonly groups: readonly { readonly pids: readonly number[]; readonly memoryBytes: number | null }[];
  readonly plan: readonly ReportedRow[];
  readonly remaining: readonly ReportedRow[];
  readonly skipped: readonly { readonly pid: number; readonly reason: string }[];
  readonly outcomes: readonly { readonly pid: number; readonly outcome: string; readonly signal: string | null }[];
  readonly staleEntries: readonly unknown[];
  readonly damagedManifests: readonly { readonly file: string; readonly kind: string }[];
  readonly tidied: readonly string[];
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null };
}

interface ReportedRow {
  readonly pid: number;
  readonly verdict: string;
  readonly role: string | null;
  readonly evidence: readonly { readonly kind: string; readonly detail: string }[];
}

export function aHome(): Home {
  return homeAt(tempDir());
}

export function homeAt(home: string): Home {
  const run: Home['run'] = (args, options) => runCli(args, { home, ...options });
  return {
    home,
    dataDir: join(home, '.claude-mem'),
    run,
    json: async (args, options) => {
      const [command = '', ...rest] = args;
      const { stdout, status } = await run([command, '--json', ...rest], options);
      const report = JSON.parse(stdout) as Report;
      const rows: readonly ReportedRow[] = Array.isArray(report.processes) ? report.processes : [];
      const found = rows.filter(({ verdict }) => verdict !== 'zombie');
      return { status, report, found };
    },
  };
}

/** Starts orphans on a data dir, with marks by default. The end of the test ends them. */
export async function orphans(dataDir: string, options: Partial<PairOptions> = {}): Promise<OrphanPairs> {
  const pairs = await spawnOrphanPairs({ dataDir, marks: true, ...options });
  onTestFinished(pairs.cleanup);
  return pairs;
}

const everyone = ({ pairs }: OrphanPairs): readonly Identity[] =>
  pairs.flatMap(({ wrapper, python }) => [wrapper, python]);

export const living = (pairs: OrphanPairs): readonly number[] =>
  everyone(pairs)
    .filter(isAlive)
    .map(({ pid }) => pid);

/** Waits until the orphans are gone, because a killed process may stay in the table for a moment. */
export async function expectGone(pairs: OrphanPairs): Promise<void> {
  await eventually('the orphans are gone', () => living(pairs).length === 0, { dump: () => living(pairs) });
}

/** Writes the manifest of a tree whose supervisor is gone. */
export function deadTree(
  dataDir: string,
  entries: readonly ManifestEntry[] = [],
  extra: Partial<Manifest> = {},
): string {
  const root = { pid: spawnSync('true').pid, startTicks: 1, startedAt: '2026-01-02T03:04:05.678Z' };
  return writeManifest(dataDir, {
    entries: [
      { role: 'supervisor', identity: root, command: ['node', 'supervisor.js'], registeredAt: root.startedAt },
      ...entries.map((entry) => ({ owner: root, ...entry })),
    ],
    ...extra,
  });
}

/** Writes a manifest of this machine and boot. @returns its path. */
export function writeManifest(dataDir: string, extra: Partial<Manifest>): string {
  const manifest: Manifest = {
    ...{
      schemaVersion: 1,
      treeId: TREE,
      state: 'running',
      dataDir,
      startedAt: '2026-01-02T03:04:05.678Z',
      entries: [],
    },
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    pidNamespace: /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '',
    ...extra,
  };
  return writeTreeFile(dataDir, `${manifest.treeId}.json`, JSON.stringify(manifest));
}

export function writeTreeFile(dataDir: string, name: string, text: string): string {
  const folder = join(dataDir, 'trees');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return join(folder, name);
}

export function stored({ pid, start }: Identity): StoredIdentity {
  return { pid, startTicks: Number(start), startedAt: '2026-01-02T03:04:05.678Z' };
}

const NOBODY = '65534';

/** The reason why no command can run as another user here, if any. */
export function noOtherUser(): string | undefined {
  if (process.geteuid?.() !== 0) return 'only root can run a program as another user';
  return spawnSync('setpriv', ['--reuid', NOBODY, '--clear-groups', 'true']).status === 0
    ? undefined
    : 'there is no working setpriv';
}

/** The command that runs the CLI as an unprivileged user, from a folder that this user can read: the checkout may be private. */
export function asNobody(): readonly string[] {
  const folder = tempDir();
  chmodSync(folder, 0o755);
  for (const part of ['cli.js', 'lib', 'package.json'])
    cpSync(join(dirname(CLI), part), join(folder, part), { recursive: true });
  const program = join(folder, 'cli.js');
  return ['setpriv', '--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', '--', process.execPath, program];
}

/** Runs a shell script in which "$@" is the program. */
export function inShell(script: string, program: readonly string[], options: RunOptions): Promise<RunResult> {
  return runProgram('bash', ['-c', script, 'bash', ...program], options);
}

export const cli = (...args: readonly string[]): readonly string[] => [process.execPath, CLI, ...args];
