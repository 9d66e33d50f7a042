import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { ProcessRow } from '../../src/core/process/snapshot.ts';
import type { BoundProcess } from '../../src/operations/ports/process.ts';
import { killPid } from '../../src/platform/kill.ts';
import { createReadingSignaller, type PidReading, type ReadPid } from '../../src/platform/reading-signaller.ts';

vi.mock('../../src/platform/kill.ts', async (importOriginal) => ({
  ...(await importOriginal<object>()),
  killPid: vi.fn(),
}));

const ROW: ProcessRow = { pid: 8131, ppid: 1, startedAt: '2026-08-01T09:04:43.000Z', name: 'uv', command: 'uv tool' };
const SAME: PidReading = { startedAt: ROW.startedAt, isZombie: false, command: 'uv tool' };
const LATER: PidReading = { ...SAME, startedAt: '2026-08-01T10:00:00.000Z' };
const EXECED: PidReading = { ...SAME, command: 'python x' };

type Reading = ReturnType<ReadPid>;

/** Binds, then returns the readings one after the other. */
function bound(readings: readonly Reading[], compareCommand = false): BoundProcess {
  const script = [SAME, ...readings];
  const signaller = createReadingSignaller('test', () => script.shift() ?? 'gone');
  const process = signaller.bind(ROW, { compareCommand });
  if (typeof process === 'string') throw new Error(`not bound: ${process}`);
  return process;
}

beforeEach(() => {
  vi.mocked(killPid).mockReset().mockReturnValue('sent');
});

describe('nothing is sent', () => {
  test.each<[string, Reading, ReturnType<BoundProcess['signal']>]>([
    ['to a process that is gone', 'gone', 'gone'],
    ['to a zombie', { ...SAME, isZombie: true }, 'gone'],
    ['to a later process under the pid', LATER, 'different'],
    ['to a process that could not be read', 'unknown', 'unknown'],
  ])('%s', (_whom, before, expected) => {
    expect(bound([before]).signal('SIGTERM')).toBe(expected);
    expect(killPid).not.toHaveBeenCalled();
  });

  test('after an exec, if the command line is compared', () => {
    expect(bound([EXECED], true).signal('SIGTERM')).toBe('different');
    expect(killPid).not.toHaveBeenCalled();
  });

  test.each(['uv tool run', 'uv tool ', 'uv too', 'uv'])(
    'to %j, which only shares the beginning, if the command line is compared',
    (command) => {
      expect(bound([{ ...SAME, command }], true).signal('SIGTERM')).toBe('different');
      expect(killPid).not.toHaveBeenCalled();
    },
  );

  test('nothing is sent if the compared command line is hidden now, as for an exiting process', () => {
    expect(bound([{ ...SAME, command: '' }], true).signal('SIGTERM')).toBe('exiting');
    expect(killPid).not.toHaveBeenCalled();
  });
});

describe('a command line that is compared', () => {
  const CUT: PidReading = { ...SAME, isCommandCut: true };

  test.each<[string, ProcessRow, Reading]>([
    ['cut in the row', { ...ROW, commandCut: true }, SAME],
    ['cut in the reading', ROW, CUT],
    ['not in the row', { ...ROW, command: '' }, SAME],
    ['not in the reading', ROW, { ...SAME, command: '' }],
  ])('a command line that is compared is refused if it is %s, because the rest is unknown', (_where, row, reading) => {
    const signaller = createReadingSignaller('test', () => reading);
    expect(signaller.bind(row, { compareCommand: true })).toBe('unknown');
    expect(signaller.bind(row, { compareCommand: false })).toMatchObject({ pid: 8131 });
  });

  test('a command line that is compared does not mean an exiting process if it was only cut', () => {
    expect(bound([{ ...CUT, command: '' }], true).signal('SIGTERM')).toBe('unknown');
    expect(killPid).not.toHaveBeenCalled();
  });

  test('a command line that is compared is not needed for a signal if it is not compared', () => {
    expect(bound([{ ...SAME, command: '' }, SAME]).signal('SIGTERM')).toBe('sent');
  });
});

describe('the reading after the signal', () => {
  test.each<[string, Reading]>([
    ['shows the same process, which may end later', SAME],
    ['shows it after an exec', EXECED],
    ['shows a zombie', { ...SAME, isZombie: true }],
    ['shows no process', 'gone'],
    ['fails, so the first one counts', 'unknown'],
  ])('%s: sent', (_what, after) => {
    expect(bound([SAME, after]).signal('SIGKILL')).toBe('sent');
    expect(killPid).toHaveBeenCalledExactlyOnceWith(8131, 'SIGKILL');
  });

  test('shows another process, so the target of the signal is unknown', () => {
    expect(bound([SAME, LATER]).signal('SIGKILL')).toBe('unknown');
  });
});

test.each(['gone', 'permission-denied', 'unknown'] as const)('passes on the result %s of the kill', (result) => {
  vi.mocked(killPid).mockReturnValue(result);
  expect(bound([SAME]).signal('SIGTERM')).toBe(result);
});

test.each<[Reading, string]>([
  [SAME, 'alive'],
  [EXECED, 'alive'],
  [{ ...SAME, isZombie: true }, 'gone'],
  [LATER, 'gone'],
  ['gone', 'gone'],
  ['unknown', 'unknown'],
])('concludes from the reading %j that the process is %s', (reading, state) => {
  expect(bound([reading]).state()).toBe(state);
});

test.each([0, 1, -1, process.pid])('never binds to pid %i', (pid) => {
  const signaller = createReadingSignaller('test', () => SAME);
  expect(signaller.bind({ ...ROW, pid }, { compareCommand: false })).toBe('permission-denied');
});
