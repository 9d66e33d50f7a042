// Simulates a process that dies between two reads, because real timing cannot reproduce it.
import type * as Fs from 'node:fs';
import { beforeEach, expect, test, vi } from 'vitest';
import type { ProcessRow } from '../../../../src/core/process/snapshot.ts';
import { bindProcess } from '../../../../src/platform/linux/signal/bound-process.ts';
import { identifyProcess } from '../../../../src/platform/linux/table/identify.ts';
import type * as ProcFile from '../../../../src/platform/linux/table/proc-file.ts';
import type * as Stat from '../../../../src/platform/linux/table/read-stat.ts';

const USER = 1000;
const ROOT = 0;
const world = vi.hoisted(() => ({
  isScripted: false,
  hasDied: false,
  hasLostMemory: false,
  isCommandCut: false,
  isZombie: false,
  commandFailure: undefined as 'vanished' | 'unreadable' | undefined,
  statFailure: undefined as 'vanished' | 'unreadable' | undefined,
  onStat: (): void => undefined,
  onCommand: (): void => undefined,
}));

vi.mock('node:fs', async (importOriginal) => {
  const original = await importOriginal<typeof Fs>();
  const fstatSync = (descriptor: number) =>
    world.isScripted ? { uid: world.hasDied ? ROOT : USER } : original.fstatSync(descriptor);
  return { ...original, fstatSync };
});

vi.mock('../../../../src/platform/linux/table/read-stat.ts', async (importOriginal) => {
  const original = await importOriginal<typeof Stat>();
  return {
    readStat: (directory: string) => {
      const line = original.readStat(directory);
      if (!world.isScripted || typeof line === 'string') return line;
      if (world.hasDied) return 'vanished';
      if (world.statFailure !== undefined) return world.statFailure;
      const seen = { ...line, isExiting: world.hasLostMemory, ...(world.isZombie ? { state: 'Z', threads: 1 } : {}) };
      world.onStat();
      return seen;
    },
  };
});

vi.mock('../../../../src/platform/linux/table/proc-file.ts', async (importOriginal) => {
  const original = await importOriginal<typeof ProcFile>();
  return {
    ...original,
    readProcArguments: (path: string) => {
      if (!world.isScripted) return original.readProcArguments(path);
      world.onCommand();
      if (world.commandFailure !== undefined) return world.commandFailure;
      if (world.hasLostMemory) return { bytes: Buffer.alloc(0), isCut: false };
      const read = original.readProcArguments(path);
      return typeof read === 'string' ? read : { ...read, isCut: world.isCommandCut };
    },
  };
});

beforeEach(() => {
  Object.assign(world, {
    isScripted: false,
    hasDied: false,
    hasLostMemory: false,
    isCommandCut: false,
    isZombie: false,
    commandFailure: undefined,
    statFailure: undefined,
    onStat: () => undefined,
    onCommand: () => undefined,
  });
});

/** This very process, with another user's uid. */
function bind(compareCommand: boolean, change: (row: ProcessRow) => Partial<ProcessRow> = () => ({})) {
  const row = identifyProcess(process.pid);
  if (row === undefined) throw new Error('this process cannot be read');
  world.isScripted = true;
  const bound = bindProcess({ ...row, uid: USER, ...change(row) }, { compareCommand }, null);
  const result = typeof bound === 'string' ? bound : 'bound';
  if (typeof bound !== 'string') bound.close();
  return result;
}

test.runIf(process.platform === 'linux')(
  'a process that dies right after its stat was read compares as the same, because its owner was read before',
  () => {
    world.onStat = () => {
      world.hasDied = true;
    };
    expect(bind(false)).toBe('bound');
  },
);

test.runIf(process.platform === 'linux')(
  'a process that dies before its stat is read is gone, although its directory then belongs to root',
  () => {
    world.hasDied = true;
    expect(bind(false)).toBe('gone');
  },
);

test.runIf(process.platform === 'linux')(
  'a process that loses its command line between two reads is exiting and not another one, because its stat is read again',
  () => {
    world.onCommand = () => {
      world.hasLostMemory = true;
    };
    expect(bind(true)).toBe('bound');
    expect(world.hasLostMemory).toBe(true);
  },
);

test.runIf(process.platform === 'linux').each<[string, (row: ProcessRow) => Partial<ProcessRow>]>([
  ['the beginning of the recorded one', ({ argv = [] }) => ({ argv: [...argv, '--more'] })],
  ['longer than the recorded one', ({ argv = [] }) => ({ argv: argv.slice(0, -1) })],
  ['the beginning of the recorded text', ({ command }) => ({ argv: undefined as never, command: `${command} --more` })],
  ['longer than the recorded text', ({ command }) => ({ argv: undefined as never, command: command.slice(0, -1) })],
])('a process whose command line is %s is another one', (_how, change) => {
  expect(bind(true, change)).toBe('different');
});

test.runIf(process.platform === 'linux').each<[string, (row: ProcessRow) => Partial<ProcessRow>]>([
  ['was read in part for the row', () => ({ commandCut: true })],
  ['is not in the row', () => ({ argv: undefined as never, command: '' })],
])('a command line that %s cannot be compared: unknown', (_how, change) => {
  expect(bind(true, change)).toBe('unknown');
  expect(bind(false, change)).toBe('bound');
});

test.runIf(process.platform === 'linux')(
  'a command line that is now read partially is unknown, regardless of the row',
  () => {
    world.isCommandCut = true;
    expect(bind(true)).toBe('unknown');
    expect(bind(true, () => ({ argv: undefined as never }))).toBe('unknown');
  },
);

test.runIf(process.platform === 'linux').each([
  ['first', (argv: readonly string[]) => ['other', ...argv.slice(1)]],
  ['last', (argv: readonly string[]) => [...argv.slice(0, -1), 'other']],
])('a process that differs only in its %s argument is another one', (_which, other) => {
  expect(bind(true, ({ argv = [] }) => ({ argv: other(argv) }))).toBe('different');
});

test.runIf(process.platform === 'linux').each([
  ['vanished', 'gone'],
  ['unreadable', 'unknown'],
] as const)('a command line that is %s makes a process %s', (failure, result) => {
  world.commandFailure = failure;
  expect(bind(true)).toBe(result);
});

test.runIf(process.platform === 'linux').each([
  ['vanished', 'gone'],
  ['unreadable', 'unknown'],
] as const)('a stat that is %s makes a process %s, also after its command line was another', (failure, result) => {
  world.statFailure = failure;
  expect(bind(false)).toBe(result);
  world.statFailure = undefined;
  world.onCommand = () => {
    world.statFailure = failure;
  };
  expect(bind(true, () => ({ argv: ['other'] }))).toBe(result);
});

test.runIf(process.platform === 'linux')(
  'a process that becomes a zombie after its command line was read is gone and not another one',
  () => {
    world.onCommand = () => {
      world.isZombie = true;
    };
    expect(bind(true, () => ({ argv: ['other'] }))).toBe('gone');
  },
);

test.runIf(process.platform === 'linux')('a command line compares equal as arguments and as one string', () => {
  expect(bind(true)).toBe('bound');
  expect(bind(true, () => ({ argv: undefined as never }))).toBe('bound');
});
