import { expect, test } from 'vitest';
import type { ProcessRow } from '../../../src/core/snapshot.ts';
import { endLeft } from '../../../src/operations/verify/end-left.ts';
import { Watch } from '../../../src/operations/verify/watch.ts';
import { bornAt, row, SELF_PID, UID } from '../../core/builders.ts';
import { FakeMachine } from '../fake-machine.ts';

/** A watch on a machine in memory; `marked` gives the pids that bear its mark now, `onRead` happens after each reading. */
async function watchOf(
  machine: FakeMachine,
  {
    marked = () => new Set<number>(),
    onRead = () => undefined,
  }: { marked?: () => Set<number>; onRead?: () => void } = {},
) {
  const watch = await Watch.begin(
    {
      table: {
        source: 'fake',
        snapshot: async () => {
          const { snapshot } = (await machine.observe()).reading;
          onRead();
          return snapshot;
        },
      },
      findBearers: () => Promise.resolve(marked()),
      identify: () => undefined,
      clock: machine.clock,
      waitFor: null,
    },
    {
      mark: 'm',
      claimsChildren: true,
      children: () => new Set(),
      mayWaitFor: () => false,
      isAllowed: () => false,
    },
  );
  const end = () =>
    endLeft({ watch, signaller: machine.signaller, clock: machine.clock, observe: machine.observe }, { graceMs: 10 });
  return { watch, end };
}

const left = (extra: Partial<ProcessRow> = {}) => row(9_100, SELF_PID, 'sleep 100', extra);

test("ends what was left, but nothing of another user's and nothing whose user is not known", async () => {
  const machine = new FakeMachine();
  const { end } = await watchOf(machine);
  const { uid, ...hidden } = row(9_102, SELF_PID, 'sleep 102');
  machine.start(left(), row(9_101, SELF_PID, 'sleep 101', { uid: UID + 1 }), hidden);
  const { protectedBy } = await end();
  expect(uid).toBe(UID);
  expect(machine.signals).toEqual(['SIGTERM 9100']);
  expect([...protectedBy.values()]).toEqual(['belongs to user id 1001', 'its user could not be read']);
});

test('a pid that is used again while the marks are looked for makes nobody a suspect', async () => {
  const machine = new FakeMachine();
  let isBearer = false;
  const reuse = () => {
    if (!isBearer) return;
    isBearer = false;
    machine.start(row(9_400, 1, 'sshd', bornAt(99_000)));
  };
  const { watch, end } = await watchOf(machine, {
    marked: () => {
      const bearers = new Set(isBearer ? [9_400] : []);
      reuse();
      return bearers;
    },
    onRead: reuse,
  });
  isBearer = true;
  machine.start(row(9_400, 1, 'sleep 1'));
  expect((await watch.look()).left).toEqual([]);
  await end();
  expect(machine.signals).toEqual([]);
});
