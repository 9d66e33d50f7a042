import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { identify, isAlive, signalIfSame } from '../../scripts/leak/identity.mjs';
import { TestTree } from './tree-harness.ts';

/** The fields of `verify --json` that tests use. */
export interface Report {
  readonly passed: boolean;
  readonly complete: boolean;
  readonly blindSpot: string | null;
  readonly run: { readonly exitCode: number | null; readonly signal: string | null };
  readonly scenarios: readonly {
    readonly left: readonly { pid: number; command: string; outcome: string | null; protectedBy: string | null }[];
    readonly allowed: readonly { pid: number }[];
    readonly settledMs: number | null;
  }[];
  readonly error: { readonly code: string } | null;
}

/** Runs `verify` with a shell script as its command. */
export async function verify(options: readonly string[], script: string, cli?: string) {
  const tree = await TestTree.create();
  const output = join(tree.home, 'report.json');
  const args = ['verify', '--json', '--output', output, ...options, '--', 'sh', '-c', script];
  const ran = await tree.run(args, cli === undefined ? {} : { cli });
  const report = JSON.parse(readFileSync(output, 'utf8')) as Report;
  const left = report.scenarios.flatMap((scenario) => scenario.left);
  endLater(left.map(({ pid }) => pid));
  return { ...ran, report, left, tree };
}

/** Limits for the leftovers of the command, independent of the test. */
export function endLater(pids: readonly number[]): void {
  const identities = pids.map(identify).filter((identity) => identity !== undefined);
  onTestFinished(() => {
    for (const identity of identities) signalIfSame(identity, 'SIGKILL');
  });
}

/** A tree that the command starts survives `--reap`, also on a data dir other than that of verify itself. */
export async function expectToSpareARecordedTree(own: (home: string) => readonly string[] = () => []): Promise<void> {
  const tree = await TestTree.create();
  const output = join(tree.home, 'report.json');
  const start = [
    process.execPath,
    fileURLToPath(new URL('../../dist/cli.js', import.meta.url)),
    'start',
    '--no-chroma',
  ];
  const args = ['verify', ...own(tree.home), '--json', '--output', output, '--settle', '0', '--reap', '--', ...start];
  const { status } = await tree.run(args);
  expect(status).toBe(1);
  const { scenarios } = JSON.parse(readFileSync(output, 'utf8')) as Report;
  const { left = [] } = scenarios[0] ?? {};
  expect(left).toHaveLength(3);
  expect(left.filter(({ outcome, protectedBy }) => outcome !== null || protectedBy === null)).toEqual([]);
  expect(tree.roles()).toEqual(['search', 'supervisor', 'worker']);
  expect(left.map(({ pid }) => identify(pid)).every((identity) => identity !== undefined && isAlive(identity))).toBe(
    true,
  );
  await tree.stop();
}

/** `--reap` ends a process whose environment names this data dir. */
export async function expectToEndALeftoverOfDataDir(name: string): Promise<void> {
  const script = `CLAUDE_MEM_DATA_DIR='${name}' setsid sleep 60 >/dev/null 2>&1 &`;
  const { status, left, report } = await verify(['--settle', '0', '--reap'], script);
  expect([status, report.error, left.map(({ outcome }) => outcome)]).toEqual([1, null, ['exited']]);
}
