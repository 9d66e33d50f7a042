// The thresholds, and faults that cannot be forced on the machine of the tests. test/process/doctor.heavy.test.ts forces the others.
import { describe, expect, test } from 'vitest';
import type { FolderAccess, MachineMemory } from '../../../src/operations/ports/doctor.ts';
import type { PortProblem } from '../../../src/operations/ports/port-use.ts';
import { OFF_BY_SETTING, OFF_IN_TREE } from '../../../src/core/health/chroma-off.ts';
import { chromaCheck } from '../../../src/operations/doctor/checks/chroma.ts';
import { excessCheck } from '../../../src/operations/doctor/checks/excess.ts';
import { orphansCheck } from '../../../src/operations/doctor/checks/orphans.ts';
import { vectorWritersCheck } from '../../../src/operations/doctor/checks/vector-writers.ts';
import { dataDirCheck } from '../../../src/operations/doctor/checks/data-dir.ts';
import { diskSpaceCheck } from '../../../src/operations/doctor/checks/disk-space.ts';
import { safetyFeaturesCheck } from '../../../src/operations/doctor/checks/safety-features.ts';
import { limitsCheck } from '../../../src/operations/doctor/checks/limits.ts';
import { machineMemoryCheck } from '../../../src/operations/doctor/checks/machine-memory.ts';
import { networkFileSystemCheck } from '../../../src/operations/doctor/checks/network-file-system.ts';
import { nodeCheck } from '../../../src/operations/doctor/checks/node.ts';
import { portCheck } from '../../../src/operations/doctor/checks/port.ts';
import { treeMemoryCheck } from '../../../src/operations/doctor/checks/tree-memory.ts';
import { supervisorCheck } from '../../../src/operations/doctor/checks/supervisor.ts';
import { uvCheck } from '../../../src/operations/doctor/checks/uv.ts';
import { resolveSettings } from '../../../src/core/settings.ts';
import type { Judgement } from '../../../src/core/verdicts/verdict.ts';
import type { TreeStatus } from '../../../src/operations/tree/tree-lifecycle.ts';
import { python, uv } from '../../core/builders.ts';
import { FakeMachine } from '../fake-machine.ts';
import { findingOf } from './fake-ports.ts';

const GB = 1_000_000_000;

test.each([
  ['v20.18.9', 'fail'],
  ['v18.20.0', 'fail'],
  ['v20.19.0', 'pass'],
  ['v24.0.0', 'pass'],
])('Node.js %s: %s', async (version, status) => {
  expect((await findingOf(nodeCheck, { target: { node: { version, file: '/n' } } })).status).toBe(status);
});

test.each([
  ['nfs4', 'warn'],
  [undefined, 'pass'],
])('a data dir on %s: %s', async (type, status) => {
  const finding = await findingOf(networkFileSystemCheck, { folder: { networkType: () => type } });
  expect(finding.status).toBe(status);
});

test.each([
  [{ freeBytes: 40_000_000 }, 'fail'],
  [{ freeBytes: 900_000_000 }, 'warn'],
  [{ freeInodes: 10 }, 'fail'],
  [{ freeInodes: 1_000 }, 'warn'],
  // btrfs and others have no fixed number of them.
  [{ freeInodes: 0, inodes: 0 }, 'pass'],
  [{}, 'pass'],
])('space %o: %s', async (given, status) => {
  const space = { freeBytes: 50 * GB, freeInodes: 100_000, inodes: 200_000, ...given };
  expect((await findingOf(diskSpaceCheck, { folder: { space: () => Promise.resolve(space) } })).status).toBe(status);
});

describe('memory of the machine', () => {
  const roomy: MachineMemory = {
    totalBytes: 16 * GB,
    availableBytes: 8 * GB,
    swapTotalBytes: 0,
    swapFreeBytes: 0,
    pressurePercent: 0,
    limitBytes: undefined,
    usedOfLimitBytes: undefined,
  };

  test.each<[Partial<MachineMemory>, string]>([
    [{}, 'pass'],
    [{ availableBytes: 0.2 * GB }, 'fail'],
    [{ availableBytes: 0.7 * GB }, 'warn'],
    [{ pressurePercent: 15 }, 'warn'],
    [{ pressurePercent: 60 }, 'fail'],
    [{ pressurePercent: undefined }, 'pass'],
    [{ swapTotalBytes: 8 * GB, swapFreeBytes: 0.1 * GB }, 'warn'],
    [{ swapTotalBytes: 8 * GB, swapFreeBytes: 4 * GB }, 'pass'],
    // The container is full, the machine is not.
    [{ limitBytes: 2 * GB, usedOfLimitBytes: 1.9 * GB }, 'fail'],
    [{ limitBytes: 2 * GB, usedOfLimitBytes: 1 * GB }, 'pass'],
  ])('%o: %s', async (given, status) => {
    const finding = await findingOf(machineMemoryCheck, { machine: { memory: () => ({ ...roomy, ...given }) } });
    expect(finding.status).toBe(status);
  });

  test('memory of an unknown system is skipped', async () => {
    expect((await findingOf(machineMemoryCheck)).status).toBe('skip');
  });
});

test.each([
  ['2048', 1_000, 'pass', '1000 MB in tree tree-1, limit 2048 MB'],
  ['2048', 2_000, 'warn', '2000 MB in tree tree-1, limit 2048 MB'],
  ['2048', 2_060, 'fail', '2060 MB in tree tree-1, limit 2048 MB'],
  ['0', 2_060, 'pass', '2.1 GB in tree tree-1, no limit'],
])('a limit of %s MB and a Chroma of %i MB: %s, in the unit of the setting', async (limit, used, status, detail) => {
  const env = { CLAUDE_MEM_CHROMA_MEMORY_LIMIT_MB: limit };
  const settings = resolveSettings({ env, config: {}, configFile: '' });
  const seen = await new FakeMachine().observe();
  const pssBytes = (used / 2) * 1_000_000;
  const chroma = [uv(201, 200, { pssBytes }), python(202, 201, { pssBytes })].map((row): Judgement => ({
    ...{ row, verdict: 'managed', treeId: 'tree-1', role: 'chroma-sync', evidence: [], ageSeconds: 9 },
    ...{ restsOnCommand: false, needsSecondLook: false, isManagedRoot: false },
    ...{ sharesWithChildren: false, isOtherInstallation: false },
  }));
  const observe = () => Promise.resolve({ ...seen, judgements: chroma });
  const tree = { observe, readSettings: () => settings.settings };
  expect(await findingOf(treeMemoryCheck, { tree })).toMatchObject({ status, detail });
});

test.each([
  [4_096, 1_000, 'pass'],
  [512, 1_000, 'warn'],
  [100, 1_000, 'fail'],
  [4_096, 120, 'warn'],
  [4_096, 10, 'fail'],
])('%i files and room for %i processes: %s', async (files, free, status) => {
  const processes = [
    { most: 100_000, used: 100, of: 'the machine' },
    { most: 5_000, used: 5_000 - free, of: 'the container' },
  ];
  const limits = () => ({ openFiles: { most: files, used: undefined, of: 'ulimit -n' }, processes });
  const finding = await findingOf(limitsCheck, { machine: { limits } });
  expect(finding).toMatchObject({ status, detail: expect.stringContaining('the container') as unknown });
});

test.each([
  [{ parentDeath: false }, /setpriv.*leaves its Chroma behind/],
  [{ native: false, subreaper: false, signals: 'two-reads' }, /no koffi: two readings instead of a handle/],
  [{ subreaper: false }, /no subreaper: orphans of a tree are re-parented to pid 1/],
  [{ signals: 'two-reads' }, /no pidfd/],
  [{ bootId: false }, /no boot id/],
])('the guards check names the consequence of %o', async (given, words) => {
  const guards = { parentDeath: true, subreaper: true, native: true, signals: 'pidfd', bootId: true, ...given };
  const finding = await findingOf(safetyFeaturesCheck, { machine: { safetyFeatures: () => Promise.resolve(guards) } });
  expect(finding).toMatchObject({ status: 'warn', detail: expect.stringMatching(words) as unknown });
});

test.each([
  [{}, 'pass', /job object/],
  [{ signals: 'cim' }, 'warn', /no koffi: no tree runs here/],
  [{ job: false }, 'warn', /no job object/],
  [{ bootId: false }, 'warn', /no boot id/],
])('on Windows, the guards check judges %o as %s', async (given, status, words) => {
  const guards = {
    parentDeath: false,
    subreaper: false,
    native: false,
    signals: 'handle',
    job: true,
    bootId: true,
    ...given,
  };
  const finding = await findingOf(safetyFeaturesCheck, {
    target: { platform: 'win32' },
    machine: { safetyFeatures: () => Promise.resolve(guards) },
  });
  expect(finding).toMatchObject({ status, detail: expect.stringMatching(words) as unknown });
});

test.each<[Partial<FolderAccess> | undefined, string, RegExp]>([
  [{}, 'pass', /only you and administrators/],
  [{ readers: ['Everyone'] }, 'warn', /can be read by Everyone/],
  [{ isOwn: false }, 'fail', /belongs to another user/],
  [undefined, 'warn', /does not show/],
])('on Windows, the data dir with the access %o gives %s', async (given, status, words) => {
  const access = given && { isOwn: true, writers: [], readers: [], ...given };
  const finding = await findingOf(dataDirCheck, {
    target: { platform: 'win32', uid: undefined },
    folder: { access: () => access },
  });
  expect(finding).toMatchObject({ status, detail: expect.stringMatching(words) as unknown });
});

test('a uvx that only the PATH of this shell contains is a warning', async () => {
  const findUvx = (path?: string) => (path === undefined ? { file: '/opt/uv/uvx' } : { reason: 'uvx was not found' });
  const finding = await findingOf(uvCheck, { chroma: { findUvx } });
  expect(finding).toMatchObject({ status: 'warn', fix: 'Set CLAUDE_MEM_UVX to /opt/uv/uvx' });
});

const running: TreeStatus = {
  treeId: 't',
  version: '1.0.0',
  state: 'running',
  startedAt: '2026-11-01T00:00:00.000Z',
  port: 37777,
  restarts: 0,
  search: { mode: 'semantic', reason: null },
  problem: null,
  healthy: true,
};

test.each<[Partial<TreeStatus>, string]>([
  [{}, 'pass'],
  [{ state: 'failed', problem: 'the port is taken' }, 'fail'],
  [{ state: 'starting' }, 'warn'],
  [{ restarts: 2 }, 'warn'],
])('a supervisor with status %o: %s', async (given, status) => {
  const askSupervisor = () => Promise.resolve({ ...running, ...given });
  expect((await findingOf(supervisorCheck, { tree: { askSupervisor } })).status).toBe(status);
});

test.each([
  [{ mode: 'semantic' as const, reason: null }, 'pass'],
  [{ mode: 'keyword' as const, reason: 'Chroma is starting' }, 'warn'],
  [{ mode: 'keyword' as const, reason: 'uvx was not found; run claude-mem setup' }, 'fail'],
  [{ mode: 'keyword' as const, reason: OFF_IN_TREE }, 'skip'],
  [{ mode: 'keyword' as const, reason: OFF_BY_SETTING }, 'skip'],
])('a search with %o: %s', async (search, status) => {
  const askSupervisor = () => Promise.resolve({ ...running, search });
  expect((await findingOf(chromaCheck, { tree: { askSupervisor } })).status).toBe(status);
});

test('a Chroma that the user switched off names both ways, and restart as the way to switch it on', async () => {
  const search = { mode: 'keyword' as const, reason: OFF_IN_TREE };
  const askSupervisor = () => Promise.resolve({ ...running, search });
  expect(await findingOf(chromaCheck, { tree: { askSupervisor } })).toEqual({
    status: 'skip',
    detail:
      'switched off by CLAUDE_MEM_CHROMA_ENABLED or claude-mem start --no-chroma; claude-mem restart switches it on',
  });
});

describe('the port of the worker', () => {
  const problem = {
    kind: 'taken',
    detail: 'port 37777 is taken by X',
    explanation: undefined,
    freePort: 27777,
  } as const;
  const row = { pid: 9, ppid: 1, startedAt: '', name: 'nginx', command: 'nginx' };
  const finding = (found: Partial<PortProblem> = {}, status?: TreeStatus) =>
    findingOf(portCheck, {
      tree: {
        askSupervisor: () => Promise.resolve(status),
        findPortProblem: () => Promise.resolve({ ...problem, use: undefined, ...found }),
      },
    });

  test('a port on which start cannot listen fails, with the words and the port of start', async () => {
    expect(await finding()).toEqual({
      status: 'fail',
      detail: 'port 37777 is taken by X',
      fix: 'claude-mem start --port 27777',
    });
  });

  test('a port of an outgoing connection has the explanation, and no advice to end its process', async () => {
    const use = { kind: 'is-connected', process: row } as const;
    const { detail, fix } = await finding({ use, explanation: 'This can happen again' });
    expect(detail).toBe('port 37777 is taken by X. This can happen again');
    expect(fix).toBe('claude-mem start --port 27777');
  });

  test('a process that listens can be ended instead, but not the published plugin', async () => {
    const ending = 'claude-mem start --port 27777  (or end that process)';
    expect((await finding({ use: { kind: 'listens', process: row } })).fix).toBe(ending);
    const plugin = { ...row, name: 'bun', command: 'bun /h/plugins/scripts/worker-service.cjs --daemon' };
    expect((await finding({ use: { kind: 'listens', process: plugin } })).fix).toBe('claude-mem start --port 27777');
  });

  test('a running tree whose port does not answer fails', async () => {
    expect(await finding({}, running)).toMatchObject({
      status: 'fail',
      detail: 'the tree is running, but no process listens on 37777',
    });
  });
});

test.each([orphansCheck, excessCheck, vectorWritersCheck])(
  '$id: nothing found in an incomplete reading is an error',
  async (check) => {
    const machine = new FakeMachine();
    const observe = () => machine.observe();
    expect((await findingOf(check, { tree: { observe } })).status).toBe('pass');
    machine.extra = { unreadable: 1 };
    expect(await findingOf(check, { tree: { observe } })).toMatchObject({
      status: 'error',
      detail: expect.stringContaining('the reading is incomplete') as string,
    });
  },
);
