// These tests use marks with separate names, so that a concurrent test run does not end their processes.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { identify, isAlive, type Identity } from '../../scripts/leak/identity.mjs';
import {
  describeEnded,
  endKilledRuns,
  isRunGone,
  makeRunFolder,
  newRunMark,
  removeRunFolder,
} from '../../scripts/leak/runs.mjs';
import { eventually } from './eventually.ts';
import { RUN_MARK } from './run-mark.ts';

const onLinux = test.skipIf(process.platform !== 'linux');
const asRoot = test.skipIf(process.getuid?.() !== 0);
const NAME = `CLAUDE_MEM_TEST_${process.pid}`;
const PREFIX = `cm-try-${process.pid}-`;
const WHERE = { names: [NAME], prefix: PREFIX };

/** The mark of a run with this leader: its pid and start instead of our own. */
function markLedBy({ pid, start }: Identity): string {
  const [id, , , ...rest] = newRunMark().split(':');
  return [id, pid, start, ...rest].join(':');
}

function startSleep(env: Readonly<Record<string, string>> = {}) {
  const child = spawn('sleep', ['60'], { env: { ...process.env, ...env }, stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const who = identify(child.pid!)!;
  return { child, who };
}

async function aDeadMark(): Promise<string> {
  const { child, who } = startSleep();
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  return markLedBy(who);
}

/** The environment, set at exec. */
async function startMarked(mark: string): Promise<Identity> {
  const { who, child } = startSleep({ [NAME]: mark });
  await eventually('it is sleep', () => spawnSync('cat', [`/proc/${child.pid}/comm`]).stdout.toString() === 'sleep\n');
  return who;
}

function aFolder(mark: string): string {
  const folder = makeRunFolder(mark, PREFIX);
  onTestFinished(() => void removeRunFolder(folder));
  return folder;
}

onLinux('the mark of this test run names its living leader', () => {
  const mark = process.env[RUN_MARK]!;
  expect(mark).toMatch(/^[\da-f]{12}:\d+:\d+:[\da-f-]{36}:\d+$/);
  expect(isRunGone(mark)).toBe(false);
});

onLinux('a run is not gone while its leader lives, is frozen or only belongs to another user', () => {
  const { who, child } = startSleep();
  expect(isRunGone(markLedBy(who))).toBe(false);
  child.kill('SIGSTOP');
  expect(isRunGone(markLedBy(who))).toBe(false);
  expect(isRunGone(markLedBy(identify(1)!))).toBe(false);
});

onLinux('a run is gone once its leader is dead, a zombie included', async () => {
  expect(isRunGone(await aDeadMark())).toBe(true);
  const holder = spawn('sh', ['-c', '(exit 0) & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void holder.kill('SIGKILL'));
  const [line] = (await once(holder.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  await eventually('it is a zombie', () => identify(pid) === undefined);
  expect(isRunGone(markLedBy({ pid, start: '1' }))).toBe(true);
});

onLinux('a run is gone if its leader has another start than the process that has its pid now', () => {
  const { who } = startSleep();
  expect(isRunGone(markLedBy({ ...who, start: String(Number(who.start) - 1) }))).toBe(true);
});

onLinux('a run of another boot or pid namespace, or without a leader, is never called gone', async () => {
  const [id, pid, start, boot, namespace] = (await aDeadMark()).split(':');
  const other = '00000000-0000-4000-8000-000000000000';
  for (const parts of [[id, pid, start, other, namespace], [id, pid, start, boot, '1'], [id], [other], ['']])
    expect(isRunGone(parts.join(':'))).toBe(false);
});

onLinux('the cleanup ends the processes of a killed run and none of a concurrent run', async () => {
  const dead = await aDeadMark();
  const [lost, ofRound] = [await startMarked(dead), await startMarked(`${dead}/7`)];
  const [ofLiving, unknown] = [await startMarked(newRunMark()), await startMarked('no mark of a run')];
  const done = await endKilledRuns(WHERE);
  expect(done.ended.map(({ pid }) => pid).sort()).toEqual([lost.pid, ofRound.pid].sort());
  expect([lost, ofRound].filter(isAlive)).toEqual([]);
  expect([ofLiving, unknown].filter(isAlive)).toEqual([ofLiving, unknown]);
  expect(done.left).toEqual([]);
});

onLinux('the cleanup removes the folder of a killed run and none of a concurrent run', async () => {
  const [lost, ofLiving, unmarked] = [aFolder(await aDeadMark()), aFolder(newRunMark()), aFolder('')];
  mkdirSync(join(lost, 'cm-1', 'closed'), { recursive: true });
  writeFileSync(join(lost, 'cm-1', 'closed', 'file'), 'x');
  spawnSync('chmod', ['0500', join(lost, 'cm-1', 'closed')]);
  expect((await endKilledRuns(WHERE)).removed).toEqual([lost]);
  expect([lost, ofLiving, unmarked].map((folder) => existsSync(folder))).toEqual([false, true, true]);
});

onLinux("the cleanup follows no link in place of a run's folder or mark", async () => {
  const dead = await aDeadMark();
  const [linked, target] = [aFolder(''), aFolder(newRunMark())];
  writeFileSync(join(target, 'dead'), dead);
  spawnSync('rm', [join(linked, 'run')]);
  symlinkSync(join(target, 'dead'), join(linked, 'run'));
  symlinkSync(target, `${linked}-link`);
  onTestFinished(() => void spawnSync('rm', [`${linked}-link`]));
  expect((await endKilledRuns(WHERE)).removed).toEqual([]);
  expect([linked, target].map((folder) => existsSync(folder))).toEqual([true, true]);
});

asRoot('unmounts what a killed run mounted, also under a name with blanks', async () => {
  const dead = await aDeadMark();
  const first = aFolder(dead);
  const folder = `${first} ü`;
  renameSync(first, folder);
  const disk = join(folder, 'a disk');
  mkdirSync(disk);
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]).status).toBe(0);
  onTestFinished(() => void removeRunFolder(folder));
  expect((await endKilledRuns(WHERE)).removed).toEqual([folder]);
  expect(existsSync(folder)).toBe(false);
});

asRoot('leaves the folder of another user', async () => {
  const folder = aFolder(await aDeadMark());
  chownSync(folder, 65_534, 65_534);
  expect((await endKilledRuns(WHERE)).removed).toEqual([]);
  expect(existsSync(folder)).toBe(true);
});

test('the cleanup reports ended processes in one line, and nothing if there were none', () => {
  expect(describeEnded({ ended: [], left: [], removed: [] })).toBeUndefined();
  const two = [1, 2].map((pid) => ({ pid, start: '1' }));
  expect(describeEnded({ ended: two, left: [], removed: ['/tmp/x'] })).toBe(
    'left by runs that were killed: ended 2 processes (pid 1, 2), removed 1 folders',
  );
  expect(describeEnded({ ended: [], left: two, removed: [] })).toBe(
    'left by runs that were killed: ended 0 processes, removed 0 folders; still alive: 1, 2',
  );
});
