import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { identityKey } from '../../src/core/process/descent.ts';
import { formatOwnerMark } from '../../src/core/process/identity.ts';
import type { ProcessRow } from '../../src/core/process/snapshot.ts';
import { loadPlatform } from '../../src/platform/index.ts';
import { createTempDir } from '../helpers/temp-dir.ts';
import { runCli } from './run-cli.ts';
import { kill, readRows, StandIns } from './stand-ins.ts';

/** The pattern proof needs processes older than 120 s. */
const PATTERN_AGE_MS = 121_000;

// Started first: it grows old while the other tests run.
const unmarked = startLeak('cm unmärked ', { throughCmd: true });

let current: Leak | undefined;
afterEach(async () => {
  await current?.standIns.endAll();
  current = undefined;
});

test('a chain below a killed parent is one leak by its marks; reap ends it and spares a stranger', async () => {
  const { platform, owner } = await goneOwner();
  const leak = (current = await startLeak('cm märked ', { owner }));
  const stranger = leak.standIns.start('claude-desktop', [
    `"${leak.standIns.path('uvx')}" chroma-mcp --client-type persistent --data-dir "${leak.folder}\\claude-desktop-chroma"`,
  ]);
  const [bystander] = await leak.standIns.below(stranger.pid, 1);
  expect(await leaks(leak)).toMatchObject({
    exitCode: 1,
    summary: { orphans: 5, excess: 0, unverified: 0 },
    source: 'native',
    complete: true,
    unreadable: 0,
  });
  expect((await runCli(['leaks', '--data-dir', leak.dataDir])).stdout).toMatch(
    /Leaked: 1 chroma-mcp \(uv \+ python\), /,
  );

  const planned = await reap(leak, '--dry-run');
  expect(planned.plan.map(({ pid }) => pid).sort((left, right) => left - right)).toEqual(leak.pids);
  expect(await alive(leak)).toEqual(leak.pids);

  const reaped = await reap(leak, '--yes');
  expect(reaped).toMatchObject({ exitCode: 0, remaining: [] });
  expect(reaped.outcomes).toHaveLength(leak.pids.length);
  expect(reaped.outcomes.map(({ outcome }) => outcome)).not.toContain('survived');
  expect(await alive(leak)).toEqual([]);
  expect((await readRows()).map(identityKey)).toContain(identityKey(bystander!));
  expect(await leaks(leak)).toMatchObject({ exitCode: 0, summary: { orphans: 0 } });
  expect(platform.signaller.method).toBe('handle');
});

test('marks under a live owner are no leak', async () => {
  const leak = (current = await startLeak('cm live ', { owner: await liveOwner(), keepsParent: true }));
  expect(await leaks(leak)).toMatchObject({ exitCode: 0, summary: { orphans: 0 } });
  expect((await reap(leak, '--yes')).plan).toEqual([]);
  expect(await alive(leak)).toEqual(leak.pids);
});

test('snapshot, leaks --from, leaks --watch and doctor run', async () => {
  const leak = (current = await startLeak('cm others ', { owner: (await goneOwner()).owner }));
  const file = join(leak.folder, 'snäpshot.json');
  expect(await runCli(['snapshot', file, '--data-dir', leak.dataDir])).toMatchObject({ exitCode: 0 });
  expect(await json(['leaks', '--from', file, '--json'])).toMatchObject({ exitCode: 1, summary: { orphans: 5 } });
  const watched = await runCli(['leaks', '--watch', '--count', '2', '--interval', '1s', '--data-dir', leak.dataDir]);
  expect(watched.stdout.match(/"orphans":5/g)).toHaveLength(2);
  const checks = await json(['doctor', '--json', '--data-dir', leak.dataDir]);
  expect(checks).toMatchObject({ exitCode: 1, summary: { error: 0 } });
});

test('200 processes are read without PowerShell, within 150 ms', async () => {
  const leak = (current = await startLeak('cm many ', { owner: await liveOwner(), keepsParent: true }));
  const many = Array.from({ length: 200 }, () => leak.standIns.start('python', []));
  const pids = new Set(many.map(({ pid }) => pid));
  const { table } = await loadPlatform();
  const request = { dataDir: leak.dataDir, recordedPids: new Set<number>(), memory: true };
  const times: number[] = [];
  // Other work on the machine slows readings down, and some reading is spared.
  while (times.length < 9 || (Math.min(...times) > 150 && times.length < 60)) {
    const startedAt = performance.now();
    const { processes, complete } = await table.snapshot(request);
    times.push(performance.now() - startedAt);
    expect(complete).toBe(true);
    const found = processes.filter(
      ({ pid, treeMark, argv }) => pids.has(pid) && treeMark !== null && argv !== undefined,
    );
    expect(found).toHaveLength(200);
    expect(processes.map(({ name }) => name.toLowerCase())).not.toContain('powershell.exe');
  }
  const median = times.sort((left, right) => left - right)[Math.floor(times.length / 2)] ?? 0;
  console.log(`reading 200 candidates: median ${median.toFixed(1)} ms, fastest ${times[0]?.toFixed(1)} ms`);
  expect(times[0]).toBeLessThanOrEqual(150);
});

test('a chain without marks is one leak by its command lines, also below cmd.exe', async () => {
  const leak = (current = await unmarked);
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, leak.startedAtMs + PATTERN_AGE_MS - Date.now())));
  const before = await leaks(leak);
  expect(before).toMatchObject({ exitCode: 1, summary: { orphans: leak.pids.length } });
  expect((await runCli(['leaks', '--data-dir', leak.dataDir])).stdout).toMatch(
    /Leaked: 1 chroma-mcp \(uv \+ python\), /,
  );
  expect(await reap(leak, '--yes')).toMatchObject({ exitCode: 0, remaining: [] });
  expect(await alive(leak)).toEqual([]);
});

interface Leak {
  readonly standIns: StandIns;
  readonly folder: string;
  readonly dataDir: string;
  /** In the order of `pids`. */
  readonly rows: readonly ProcessRow[];
  /** Sorted. */
  readonly pids: readonly number[];
  readonly startedAtMs: number;
}

interface LeakOptions {
  readonly owner?: string;
  readonly throughCmd?: boolean;
  readonly keepsParent?: boolean;
}

async function startLeak(name: string, { owner, throughCmd = false, keepsParent = false }: LeakOptions): Promise<Leak> {
  const folder = join(createTempDir().path, name);
  const dataDir = join(folder, 'my dätä');
  const directory = join(dataDir, 'chroma');
  mkdirSync(directory, { recursive: true });
  const standIns = new StandIns(join(folder, 'Scripts'));
  const marks = {
    CLAUDE_MEM_TREE: '0f5ba1fc-4b1c-4c0e-8f6f-0d9f5f0b7a11',
    CLAUDE_MEM_ROLE: 'chroma-sync',
    CLAUDE_MEM_DATA_DIR: dataDir,
  };
  const below = standIns.chain(directory, { throughCmd });
  const parent = standIns.start('bun', below, owner === undefined ? {} : { ...marks, CLAUDE_MEM_OWNER: owner });
  const found = await standIns.below(parent.pid, throughCmd ? 6 : 5);
  const rows = [...found].sort((left, right) => left.pid - right.pid);
  if (!keepsParent) await kill(parent);
  return { standIns, folder, dataDir, rows, pids: rows.map(({ pid }) => pid), startedAtMs: Date.now() };
}

/** The owner mark of a process that is gone. */
async function goneOwner() {
  const platform = await loadPlatform();
  const standIns = new StandIns(join(createTempDir().path, 'owner'));
  const child = standIns.start('bun', []);
  const row = platform.identify(child.pid ?? 0);
  await kill(child);
  const owner = formatOwnerMark({ pid: row?.pid ?? 0, startTicks: row?.startTicks ?? 0 }, platform.readMachine());
  return { platform, owner };
}

async function liveOwner(): Promise<string> {
  const { identify, readMachine } = await loadPlatform();
  return formatOwnerMark({ pid: process.pid, startTicks: identify(process.pid)?.startTicks ?? 0 }, readMachine());
}

async function alive(leak: Leak): Promise<readonly number[]> {
  // Wine gives away the pid of an ended process immediately.
  const keys = new Set((await readRows()).map(identityKey));
  return leak.rows.filter((row) => keys.has(identityKey(row))).map(({ pid }) => pid);
}

interface Answer {
  readonly exitCode: number;
  readonly plan: readonly { readonly pid: number }[];
  readonly outcomes: readonly { readonly outcome: string }[];
  readonly remaining: readonly unknown[];
}

function leaks({ dataDir }: Leak): Promise<Answer> {
  return json(['leaks', '--json', '--data-dir', dataDir]);
}

function reap({ dataDir }: Leak, option: string): Promise<Answer> {
  return json(['reap', option, '--json', '--data-dir', dataDir]);
}

async function json(args: readonly string[]): Promise<Answer> {
  const { stdout, stderr, exitCode } = await runCli(args);
  try {
    return { exitCode, ...(JSON.parse(stdout) as Omit<Answer, 'exitCode'>) };
  } catch (error) {
    throw new Error(`no JSON (exit code ${exitCode}): ${stdout} ${stderr}`, { cause: error });
  }
}
