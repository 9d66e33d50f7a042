import { expect, test } from 'vitest';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import { terminateUntilQuiet } from '../../../src/operations/terminate/terminate-until-quiet.ts';
import { uv } from '../../core/builders.ts';
import { FakeMachine, type Behaviour } from '../fake-machine.ts';

const wrapper = uv(120, 1);
const child = uv(130, 120);
const other = uv(140, 1);

/** The looks return the scripted rows. The quick look right before SIGKILL returns `glanced`. */
function passes(fake: FakeMachine, first: readonly ProcessRow[], glanced: readonly ProcessRow[]) {
  const counted = { looks: 0 };
  const result = terminateUntilQuiet(
    {
      look: () => {
        counted.looks += 1;
        return Promise.resolve<readonly ProcessRow[]>([]);
      },
      quickLook: () => Promise.resolve(glanced),
      targetsOf: (rows) => rows.map((row) => ({ row, restsOnCommand: false })),
      signaller: fake.signaller,
      clock: fake.clock,
    },
    first,
    { graceMs: 100 },
  );
  return { counted, result };
}

test.each<[string, Behaviour, readonly string[]]>([
  ['obeys SIGTERM', {}, ['SIGTERM 130']],
  ['has to be killed', { endsAfterMs: Infinity }, ['SIGTERM 130', 'SIGKILL 130']],
  ['survives', { endsAfterMs: Infinity, survivesKill: true }, ['SIGTERM 130', 'SIGKILL 130']],
])(
  'a process that only a glance before a kill finds is ended in the next pass alone, if it %s',
  async (_, how, sent) => {
    const fake = new FakeMachine([wrapper, child]);
    fake.behave(wrapper.pid, { endsAfterMs: Infinity });
    fake.behave(child.pid, how);
    const { counted, result } = passes(fake, [wrapper], [wrapper, child]);
    const { outcomes } = await result;
    expect(outcomes.map(({ pid }) => pid)).toEqual([wrapper.pid, child.pid]);
    expect(fake.signals).toEqual(['SIGTERM 120', 'SIGKILL 120', ...sent]);
    // One after each of both passes, and the second of the two that find nothing.
    expect(counted.looks).toBe(3);
  },
);

test('what a look has found and is gone when it is bound is reported as already gone', async () => {
  const fake = new FakeMachine([wrapper]);
  const { result } = passes(fake, [wrapper, other], []);
  expect((await result).outcomes).toMatchObject([
    { pid: wrapper.pid, outcome: 'exited' },
    { pid: other.pid, outcome: 'already-gone' },
  ]);
});

test('a target found only before the kill and already gone is not reported', async () => {
  const fake = new FakeMachine([wrapper]);
  fake.behave(wrapper.pid, { endsAfterMs: Infinity });
  const { result } = passes(fake, [wrapper], [wrapper, other]);
  expect((await result).outcomes).toMatchObject([{ pid: wrapper.pid, outcome: 'killed' }]);
});

test('passes without a quickLook read the whole table before a kill', async () => {
  const fake = new FakeMachine([wrapper, child]);
  fake.behave(wrapper.pid, { endsAfterMs: Infinity });
  const looks: (readonly ProcessRow[])[] = [[wrapper, child], [], []];
  const { outcomes } = await terminateUntilQuiet(
    {
      look: () => Promise.resolve(looks.shift() ?? []),
      targetsOf: (rows: readonly ProcessRow[]) => rows.map((row) => ({ row, restsOnCommand: false })),
      signaller: fake.signaller,
      clock: fake.clock,
    },
    [wrapper],
    { graceMs: 100 },
  );
  expect(outcomes.map(({ pid }) => pid)).toEqual([wrapper.pid, child.pid]);
});

test('a process found before the kill and after it is one target of the next pass', async () => {
  const fake = new FakeMachine([wrapper, child]);
  fake.behave(wrapper.pid, { endsAfterMs: Infinity });
  const looks: (readonly ProcessRow[])[] = [[child], []];
  const { outcomes } = await terminateUntilQuiet(
    {
      look: () => Promise.resolve(looks.shift() ?? []),
      quickLook: () => Promise.resolve([wrapper, child]),
      targetsOf: (rows: readonly ProcessRow[]) => rows.map((row) => ({ row, restsOnCommand: false })),
      signaller: fake.signaller,
      clock: fake.clock,
    },
    [wrapper],
    { graceMs: 100 },
  );
  expect(outcomes.map(({ pid }) => pid)).toEqual([wrapper.pid, child.pid]);
});

test('no further pass begins after a second Ctrl-C', async () => {
  const fake = new FakeMachine([wrapper, other]);
  fake.behave(wrapper.pid, { endsAfterMs: Infinity });
  const forced = AbortSignal.abort();
  const { outcomes } = await terminateUntilQuiet(
    {
      look: () => Promise.resolve([other]),
      targetsOf: (rows: readonly ProcessRow[]) => rows.map((row) => ({ row, restsOnCommand: false })),
      signaller: fake.signaller,
      clock: fake.clock,
    },
    [wrapper],
    { graceMs: 100, forced },
  );
  expect([outcomes, fake.signals]).toEqual([[], []]);
});
