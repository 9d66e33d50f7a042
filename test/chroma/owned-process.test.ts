import { expect, test } from 'vitest';
import type { ProcessRow } from '../../src/core/process/snapshot.ts';
import { OwnedProcess } from '../../src/chroma/owned-process.ts';
import { row, snapshotOf } from '../core/builders.ts';
import { FakeMachine } from '../operations/fake-machine.ts';
import { aLog } from '../a-log.ts';

test('does not look up the pid of an exited process that was never identified, because the pid may be reused', async () => {
  const stranger = row(9_500, 1, 'sshd');
  const machine = new FakeMachine([stranger]);
  const found: ProcessRow[] = [];
  const owned = new OwnedProcess(
    { role: 'search', file: process.execPath, args: ['--version'], env: {}, cwd: '/' },
    {
      dataDir: '/absent',
      treeId: 't',
      own: { pid: process.pid, startedAt: '', scope: {} },
      env: {},
      log: aLog().log,
      processes: {
        identify: () => found[0],
        table: { source: 'fake', snapshot: () => Promise.resolve(snapshotOf([stranger])) },
        signaller: machine.signaller,
        clock: machine.clock,
        recorder: { register: () => Promise.resolve(), ended: () => Promise.resolve() },
      },
    },
  );
  await owned.exited;
  found.push(stranger);
  expect(await owned.end(100)).toEqual([]);
  expect(machine.signals).toEqual([]);
});
