import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../src/core/tree/manifest.ts';
import {
  judgeReading,
  observe,
  takeFullReading,
  takeReading,
  type ObservePorts,
  type Reading,
} from '../../../src/operations/observe/observe.ts';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import type {
  DamagedManifest,
  ProcessTable,
  RetiredTree,
  SnapshotRequest,
} from '../../../src/operations/ports/process.ts';
import {
  BOOT,
  clockAt,
  DATA_DIR,
  entry,
  init,
  manifest,
  pluginWorker,
  row,
  secondsOld,
  snapshotOf,
  supervisor,
  uv,
  UVX,
  verdictsOf,
  without,
  worker,
} from '../../core/builders.ts';

const TREE = '11111111-2222-4333-8444-555555555555';
const root = supervisor(100, 50);
const tree = (extra: Partial<Manifest> = {}) =>
  manifest(TREE, [entry('supervisor', root), entry('worker', worker(110, 100), { by: root })], extra);

interface Scripted {
  readonly manifests?: readonly Manifest[];
  readonly damaged?: readonly DamagedManifest[];
  readonly registry?: string;
  readonly readBootId?: () => string | undefined;
  readonly retired?: readonly RetiredTree[];
  readonly rows?: readonly ProcessRow[];
}

function ports({
  manifests = [],
  damaged = [],
  registry,
  readBootId = () => BOOT,
  retired = [],
  rows = [],
}: Scripted = {}) {
  const order: string[] = [];
  const requests: SnapshotRequest[] = [];
  const note = <T>(what: string, value: T) => {
    order.push(what);
    return value;
  };
  const all: ObservePorts = {
    readBootId,
    table: {
      source: 'fake',
      snapshot: (request) => {
        requests.push(request);
        return Promise.resolve(note('table', snapshotOf(rows)));
      },
    },
    records: {
      readManifests: () => note('manifests', { manifests, retired, damaged }),
      readRetired: (treeIds) => ({
        manifests: treeIds.map((treeId) => ({ ...tree(), treeId, retiredAt: clockAt(9_000) })),
        damaged: [],
      }),
      readOtherRegistries: () => note('registries', registry === undefined ? [] : [{ file: 'f', content: registry }]),
      askAnswering: () => Promise.resolve(note('socket', [TREE])),
    },
  };
  return { all, order, requests };
}

async function requestFor(scripted: Scripted): Promise<SnapshotRequest> {
  const { all, requests } = ports(scripted);
  await takeReading(all, { dataDir: DATA_DIR, memory: false });
  return requests[0]!;
}

describe('a reading', () => {
  test('reads the records before the table, and asks the socket last', async () => {
    const { all, order } = ports();
    const reading = await takeReading(all, { dataDir: DATA_DIR, memory: true });
    expect(order).toEqual(['manifests', 'registries', 'table', 'socket']);
    expect(reading).toMatchObject({ dataDir: DATA_DIR, answering: [TREE] });
  });

  test('requests the rows of every recorded pid', async () => {
    const registry = JSON.stringify({ processes: { worker: { pid: 4711, startedAt: '2026-11-01T10:00:00.000Z' } } });
    expect(await requestFor({ manifests: [tree()], registry })).toMatchObject({
      recordedPids: new Set([100, 110, 4711]),
      memory: false,
    });
  });
});

describe('a retired manifest is read only for', () => {
  const old = { treeId: 'old', processes: [{ pid: 400, startTicks: 1_000 }] };
  const stranger = row(300, 1, 'vim');
  const read = async (scripted: Scripted) =>
    (await takeReading(ports(scripted).all, { dataDir: DATA_DIR, memory: false })).manifests.map(
      ({ treeId }) => treeId,
    );

  test('a process with its mark', async () => {
    const marked = row(310, 1, 'node', { treeMark: 'old' });
    expect(await read({ manifests: [tree()], retired: [old], rows: [stranger, marked] })).toEqual([TREE, 'old']);
    expect(await read({ manifests: [tree()], retired: [], rows: [stranger, marked] })).toEqual([TREE, 'old']);
  });

  test('a process that may be a recorded one', async () => {
    const back = row(400, 1, 'node', { startTicks: 1_000 });
    expect(await read({ retired: [old], rows: [stranger, back] })).toEqual(['old']);
    expect(await read({ retired: [old], rows: [stranger, { ...back, startTicks: 1_001 }] })).toEqual(['old']);
    expect(await requestFor({ retired: [old] })).toMatchObject({ recordedPids: new Set([400]) });
  });

  test('and a damaged live one of such a process is reported once', async () => {
    const file: DamagedManifest = { file: 'trees/t.json', kind: 'newer', reason: 'x' };
    const { all } = ports({ damaged: [file] });
    const records = { ...all.records, readRetired: () => ({ manifests: [], damaged: [{ ...file }] }) };
    const reading = await takeReading({ ...all, records }, { dataDir: DATA_DIR, memory: false });
    expect(reading.damaged).toEqual([file]);
  });

  test('and a damaged one of such a process is reported', async () => {
    const { all } = ports({ retired: [old], rows: [row(310, 1, 'node', { treeMark: 'old' })] });
    const damaged: DamagedManifest = { file: 'retired/old.json', kind: 'damaged', reason: 'x' };
    const records = { ...all.records, readRetired: () => ({ manifests: [], damaged: [damaged] }) };
    expect(await observe({ ...all, records }, { dataDir: DATA_DIR, memory: false })).toMatchObject({
      ...{ reading: { damaged: [damaged] }, isComplete: false },
    });
  });

  test('no process of another tree', async () => {
    expect(await read({ manifests: [tree()], retired: [old], rows: [stranger, root] })).toEqual([TREE]);
  });
});

describe('environments are read back to', () => {
  const RETIRED = { treeId: 'old', bootId: BOOT, processes: [{ pid: 400, startTicks: 900 }] };
  test.each<[string, Scripted, number]>([
    ['the oldest recorded start', { manifests: [tree()] }, 1_000],
    ['nothing, where no tree is known', {}, Number.MAX_SAFE_INTEGER],
    [
      'the start of a retired tree, whose mark a process may still have',
      { manifests: [tree()], retired: [RETIRED] },
      900,
    ],
    ['no retired tree of another boot', { retired: [{ ...RETIRED, bootId: 'older' }] }, Number.MAX_SAFE_INTEGER],
    [
      'nothing, where every tree is of another boot',
      { manifests: [tree({ bootId: 'older' })] },
      Number.MAX_SAFE_INTEGER,
    ],
    ['the beginning, where a manifest cannot be read', { damaged: [{ file: 'f', kind: 'damaged', reason: 'x' }] }, 0],
    ['the beginning, where the boot is not known', { manifests: [tree()], readBootId: () => undefined }, 0],
  ])('%s', async (_, scripted, ticks) => {
    expect((await requestFor(scripted)).oldestTreeTicks).toBe(ticks);
  });
});

describe('an observation is incomplete', () => {
  const reading: Reading = {
    ...{ snapshot: snapshotOf([]), dataDir: DATA_DIR, manifests: [], damaged: [], otherRegistries: [], answering: [] },
  };
  test.each<[string, Partial<Reading>, boolean]>([
    ['never without a reason', {}, true],
    ['if the listing was', { snapshot: snapshotOf([], { complete: false }) }, false],
    ['if a row that matters could not be read', { snapshot: snapshotOf([], { unreadable: 1 }) }, false],
    ['if a manifest could not be used', { damaged: [{ file: 'f', kind: 'newer', reason: 'x' }] }, false],
  ])('%s', (_, part, isComplete) => {
    expect(judgeReading({ ...reading, ...part }).isComplete).toBe(isComplete);
  });
});

test('entries whose process is gone are stale', async () => {
  const { all } = ports({ manifests: [tree()] });
  const { staleEntries } = await observe(all, { dataDir: DATA_DIR, memory: false });
  expect(staleEntries).toMatchObject([
    { treeId: TREE, role: 'supervisor', pid: 100, reason: 'no such process' },
    { treeId: TREE, role: 'worker', pid: 110 },
  ]);
});

describe('details of single processes', () => {
  const plugin = pluginWorker(200);
  const recorded = uv(300, 200, { sid: 200 });
  const young = uv(310, 1, { sid: 150, ...secondsOld(60) });
  const foreign = row(320, 1, `${UVX} --data-dir /elsewhere`, { name: 'uv' });
  const registry = JSON.stringify({
    processes: {
      worker: { pid: 200, type: 'worker', startedAt: clockAt(2_020) },
      chroma: { pid: 300, type: 'chroma', startedAt: clockAt(3_300) },
    },
  });
  const closed = { stdin: 'closed', stdout: 'closed' } as const;

  function portsWith(rows: readonly ProcessRow[], table: Partial<ProcessTable> = {}) {
    const asked: { readonly channels: number[]; readonly memory: number[] } = { channels: [], memory: [] };
    const { all, requests } = ports({ registry });
    const detailed: ObservePorts = {
      ...all,
      table: {
        source: 'fake',
        snapshot: (request) => {
          requests.push(request);
          return Promise.resolve(snapshotOf([init, ...rows]));
        },
        readChannels: (candidates) => {
          asked.channels.push(...candidates.map(({ pid }) => pid));
          return Promise.resolve(new Map(candidates.map(({ pid }) => [pid, closed])));
        },
        readMemory: (measured) => {
          asked.memory.push(...measured.map(({ pid }) => pid));
          return new Map(measured.map(({ pid }) => [pid, { pssBytes: pid * 1_000 }]));
        },
        ...table,
      },
    };
    return { detailed, asked, requests };
  }

  test('channels are read of unproven processes alone, and change their verdict', async () => {
    const { detailed, asked } = portsWith([plugin, recorded, young, foreign]);
    const { judgements } = await observe(detailed, { dataDir: DATA_DIR, memory: false });
    expect(asked.channels).toEqual([310]);
    expect(verdictsOf(judgements)).toMatchObject({ 300: 'foreign', 310: 'orphan', 320: 'foreign' });
  });

  test('no channel is read if every process is proven', async () => {
    const { detailed, asked } = portsWith([plugin, recorded, foreign]);
    await observe(detailed, { dataDir: DATA_DIR, memory: false });
    expect(asked.channels).toEqual([]);
  });

  test('a table without channels leaves a process unverified', async () => {
    const { detailed } = portsWith([young]);
    const table = without(detailed.table, 'readChannels');
    const { judgements } = await observe({ ...detailed, table }, { dataDir: DATA_DIR, memory: false });
    expect(verdictsOf(judgements)).toEqual({ 310: 'unverified' });
  });

  test('56 foreign processes are not measured, unless they are shown', async () => {
    const many = Array.from({ length: 56 }, (_, nth) => ({ ...foreign, pid: 400 + nth }));
    const { detailed, asked, requests } = portsWith([young, ...many]);
    const hidden = await observe(detailed, { dataDir: DATA_DIR, memory: true });
    expect(asked.memory).toEqual([310]);
    expect(requests.map(({ memory }) => memory)).toEqual([false]);
    expect(hidden.judgements.find(({ row: { pid } }) => pid === 310)?.row.pssBytes).toBe(310_000);
    await observe(detailed, { dataDir: DATA_DIR, memory: true, foreignMemory: true });
    expect(asked.memory).toHaveLength(1 + 57);
  });

  test('a table that cannot measure single processes measures with the reading', async () => {
    const { detailed, requests } = portsWith([young]);
    const table = without(detailed.table, 'readMemory');
    await observe({ ...detailed, table }, { dataDir: DATA_DIR, memory: true });
    expect(requests.map(({ memory }) => memory)).toEqual([true]);
  });

  test('a full reading records the channels of every stdio server of this user', async () => {
    const { detailed, asked } = portsWith([plugin, recorded, young, { ...foreign, uid: 4_711 }]);
    const { snapshot } = await takeFullReading(detailed, { dataDir: DATA_DIR });
    expect(asked.channels).toEqual([300, 310]);
    expect(snapshot.processes.find(({ pid }) => pid === 300)?.channels).toEqual(closed);
  });
});
