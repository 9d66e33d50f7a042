import { expect, test } from 'vitest';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import {
  STATUS_ACCESS_DENIED,
  STATUS_PROCESS_IS_TERMINATING,
  type WindowsNative,
} from '../../../src/platform/windows/native/load-native.ts';
import { createHandleSignaller } from '../../../src/platform/windows/signal/handle-signaller.ts';
import { createNativeTable } from '../../../src/platform/windows/table/native-table.ts';
import { type FakeProcess, fakeNative, OWN_USER, STARTED } from './fake-native.ts';

const TARGET: FakeProcess = { pid: 40, name: 'python.exe', command: 'python.exe chroma-mcp' };

async function rowOf(target: FakeProcess): Promise<ProcessRow> {
  const table = createNativeTable(fakeNative([target]));
  const { processes } = await table.snapshot({ dataDir: 'C:\\d', recordedPids: new Set(), memory: false });
  return processes[0]!;
}

/** Binds the row of `TARGET` on a machine where its pid belongs to `present`, and signals. */
async function signalOn(present: readonly FakeProcess[], changes: Partial<WindowsNative> = {}) {
  const closed: unknown[] = [];
  const close = (handle: unknown) => closed.push(handle);
  const signaller = createHandleSignaller({ ...fakeNative(present), close, ...changes });
  const bound = signaller.bind(await rowOf(TARGET), { compareCommand: true });
  const result = typeof bound === 'string' ? bound : bound.signal('SIGKILL');
  if (typeof bound !== 'string') bound.close();
  return { result, closed: closed.length };
}

test('the end of a process goes through the handle that was compared, which is closed afterwards', async () => {
  const ended: unknown[] = [];
  const terminate = (handle: unknown) => {
    ended.push(handle);
    return 0;
  };
  expect((await signalOn([TARGET], { terminate })).result).toBe('sent');
  // The handle of the fake is the pid.
  expect(ended).toEqual([40]);
});

test.each<[string, readonly FakeProcess[], string]>([
  ['no process with the pid', [], 'gone'],
  ['a process with the pid that started 100 ns later', [{ ...TARGET, started: STARTED + 1n }], 'different'],
  ["another user's process", [{ ...TARGET, user: OWN_USER + 1 }], 'different'],
  ['another command line', [{ ...TARGET, command: 'python.exe' }], 'different'],
  ['an empty command line', [{ ...TARGET, command: '' }], 'unknown'],
  ['a process that refuses the handle', [{ ...TARGET, allows: 'query' }], 'permission-denied'],
])('%s is not ended', async (_which, present, result) => {
  const terminate = () => {
    throw new Error('ended');
  };
  expect((await signalOn(present, { terminate })).result).toBe(result);
});

test('a process whose user is hidden is unknown', async () => {
  expect((await signalOn([TARGET], { openToken: () => STATUS_ACCESS_DENIED })).result).toBe('unknown');
});

test.each([
  ['is ended by somebody else', STATUS_PROCESS_IS_TERMINATING, 'gone'],
  ['refuses to be ended', STATUS_ACCESS_DENIED, 'permission-denied'],
  ['cannot be ended for another reason', 0xc0000001 | 0, 'unknown'],
] as const)('a process that %s is reported as such', async (_which, status, result) => {
  expect((await signalOn([TARGET], { terminate: () => status })).result).toBe(result);
});

test('a released handle is used for nothing', async () => {
  const signaller = createHandleSignaller(fakeNative([TARGET]));
  const bound = signaller.bind(await rowOf(TARGET), { compareCommand: false });
  if (typeof bound === 'string') throw new Error(bound);
  bound.close();
  expect(bound.signal('SIGKILL')).toBe('unknown');
  expect(bound.state()).toBe('unknown');
});

test('a row without an exact start is not bound', async () => {
  const old = await rowOf({ ...TARGET, started: 1n });
  expect(createHandleSignaller(fakeNative([TARGET])).bind(old, { compareCommand: false })).toBe('unknown');
});
