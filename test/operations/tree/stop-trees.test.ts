import { expect, test } from 'vitest';
import { stopTrees } from '../../../src/operations/tree/stop-trees.ts';
import { ClaudeMemError } from '../../../src/shared/errors.ts';
import { DATA_DIR, entry, manifest, marks, row, shell, supervisor, uv, worker } from '../../core/builders.ts';
import { FakeMachine } from '../fake-machine.ts';

const TREE = '11111111-2222-4333-8444-555555555555';
const root = supervisor(100, 1, { treeMark: TREE, dataDirMark: DATA_DIR });
const child = worker(110, 100, marks(TREE, root, 'worker'));

function stop(machine: FakeMachine, intendStop: () => void = () => undefined) {
  return stopTrees(
    {
      takeReading: async () => (await machine.observe()).reading,
      connect: () => Promise.resolve(undefined),
      signaller: machine.signaller,
      clock: machine.clock,
      intendStop,
      isStopIntended: () => false,
    },
    { graceMs: 100 },
  );
}

test('a stop is complete if the manifest of its tree is readable, even if another one is damaged', async () => {
  const machine = new FakeMachine([root, child]);
  machine.manifests = [manifest(TREE, [entry('supervisor', root), entry('worker', child, { by: root })])];
  machine.damaged = [{ file: 'other.json', kind: 'damaged', reason: 'is no JSON' }];
  expect(await stop(machine)).toMatchObject({ wasRunning: true, remaining: [], isComplete: true });
});

test('a stop of a tree known by its marks alone is incomplete while a manifest is unreadable', async () => {
  const machine = new FakeMachine([root, child]);
  expect(await stop(machine)).toMatchObject({ wasRunning: true, remaining: [], isComplete: true });
  machine.start(root, child);
  machine.damaged = [{ file: `${TREE}.json`, kind: 'damaged', reason: 'is no JSON' }];
  expect(await stop(machine)).toMatchObject({ wasRunning: true, remaining: [], isComplete: false });
});

test('an unwritable stop intent spares no process and is reported', async () => {
  const machine = new FakeMachine([root, child]);
  machine.manifests = [manifest(TREE, [entry('supervisor', root), entry('worker', child, { by: root })])];
  const full = () => {
    throw new ClaudeMemError('io', 'cannot write x.stop: no space left on the device (ENOSPC)');
  };
  const result = await stop(machine, full);
  expect(result).toMatchObject({ wasRunning: true, remaining: [], isComplete: true });
  expect(result.unwritten).toEqual(['cannot write x.stop: no space left on the device (ENOSPC)']);
  expect([100, 110].filter((pid) => machine.has(pid))).toEqual([]);
});

test('a bug is not taken for a full disk', async () => {
  const broken = () => {
    throw new TypeError('x is undefined');
  };
  await expect(stop(new FakeMachine([root, child]), broken)).rejects.toThrow('x is undefined');
});

const ROLE = marks(TREE, child, 'chroma-sync');
const recordOfTree = manifest(TREE, [entry('supervisor', root), entry('worker', child, { by: root })]);

test('a stop ends the children of a wrapper, even one born while the wrapper is killed', async () => {
  const wrapper = uv(120, 110, { ...ROLE, sid: 110, pgid: 110 });
  const helper = row(130, 120, 'git fetch', { ...ROLE, sid: 110, pgid: 110 });
  const newborn = row(140, 1, 'sleep 60', { ...ROLE, sid: 110, pgid: 110 });
  const below = row(150, 140, 'sleep 60', { ...ROLE, sid: 110, pgid: 110 });
  const machine = new FakeMachine([root, child, wrapper, helper]);
  machine.manifests = [recordOfTree];
  machine.behave(120, {
    endsAfterMs: Infinity,
    onEnd: () => {
      machine.start(newborn, below);
    },
  });
  const { ended, remaining, left } = await stop(machine);
  expect(ended.map(({ pid }) => pid).sort()).toEqual([100, 110, 120, 130, 140, 150]);
  expect([remaining, left]).toEqual([[], []]);
});

test('a stop spares and reports a process that only inherited the marks', async () => {
  const daemon = row(130, 1, 'tmux new', { ...ROLE, sid: 130, pgid: 130 });
  const held = row(140, shell.pid, 'vim', { ...ROLE, sid: 70, pgid: 140 });
  const piped = row(145, shell.pid, 'less', { ...ROLE, sid: 70, pgid: 140 });
  const editor = row(150, 1, 'vim', { ...marks(TREE, root, 'worker'), sid: 110, pgid: 110 });
  const elsewhere = row(155, 1, 'git fetch', { ...ROLE, sid: 99, pgid: 99 });
  const other = row(160, 1, 'git fetch', { ...marks('another', child, 'chroma-sync'), sid: 110, pgid: 110 });
  const machine = new FakeMachine([root, child, daemon, held, piped, editor, elsewhere, other]);
  machine.manifests = [recordOfTree];
  const { left } = await stop(machine);
  expect(left.map(({ pid }) => pid).sort()).toEqual([130, 140, 145, 150, 155]);
  expect([130, 140, 145, 150, 155, 160].filter((pid) => !machine.has(pid))).toEqual([]);
});
