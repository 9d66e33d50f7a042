import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../src/core/tree/manifest.ts';
import {
  judgeReading,
  observe,
  takeReading,
  type ObservePorts,
  type Reading,
} from '../../../src/operations/observe/observe.ts';
import type { DamagedManifest, SnapshotRequest } from '../../../src/operations/ports/process.ts';
import { BOOT, DATA_DIR, entry, manifest, snapshotOf, supervisor, worker } from '../../core/builders.ts';

const TREE = '11111111-2222-4333-8444-555555555555';
const root = supervisor(100, 50);
const tree = (extra: Partial<Manifest> = {}) =>
  manifest(TREE, [entry('supervisor', root), entry('worker', worker(110, 100), { by: root })], extra);

interface Scripted {
  readonly manifests?: readonly Manifest[];
  readonly damaged?: readonly DamagedManifest[];
  readonly registry?: string;
  readonly readBootId?: () => string | undefined;
}

function ports({ manifests = [], damaged = [], registry, readBootId = () => BOOT }: Scripted = {}) {
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
        return Promise.resolve(note('table', snapshotOf([])));
      },
    },
    records: {
      readManifests: () => note('manifests', { manifests, damaged }),
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

describe('environments are read back to', () => {
  test.each<[string, Scripted, number]>([
    ['the oldest recorded start', { manifests: [tree()] }, 1_000],
    ['nothing, where no tree is known', {}, Number.MAX_SAFE_INTEGER],
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
