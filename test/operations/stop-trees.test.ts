import { expect, test } from 'vitest';
import { stopTrees } from '../../src/operations/stop-trees.ts';
import { entry, manifest, marks, supervisor, worker } from '../core/builders.ts';
import { FakeMachine } from './fake-machine.ts';

const TREE = '11111111-2222-4333-8444-555555555555';
const root = supervisor(100, 1, { treeMark: TREE, dataDirMark: '/home/u/.claude-mem' });
const child = worker(110, 100, marks(TREE, root, 'worker'));

function stop(machine: FakeMachine) {
  return stopTrees(
    {
      takeReading: async () => (await machine.observe()).reading,
      connect: () => Promise.resolve(undefined),
      signaller: machine.signaller,
      clock: machine.clock,
      intendStop: () => undefined,
      isStopIntended: () => false,
    },
    { graceMs: 100 },
  );
}

test('a tree whose record can be read is proven to be gone, whatever else is damaged', async () => {
  const machine = new FakeMachine([root, child]);
  machine.manifests = [manifest(TREE, [entry('supervisor', root), entry('worker', child, { by: root })])];
  machine.damaged = [{ file: 'other.json', kind: 'damaged', reason: 'is no JSON' }];
  expect(await stop(machine)).toMatchObject({ wasRunning: true, remaining: [], isComplete: true });
});

test('a tree that is known by its marks alone is not, while a record cannot be read', async () => {
  const machine = new FakeMachine([root, child]);
  expect(await stop(machine)).toMatchObject({ wasRunning: true, remaining: [], isComplete: true });
  machine.start(root, child);
  machine.damaged = [{ file: `${TREE}.json`, kind: 'damaged', reason: 'is no JSON' }];
  expect(await stop(machine)).toMatchObject({ wasRunning: true, remaining: [], isComplete: false });
});
