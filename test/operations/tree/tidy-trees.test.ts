import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../src/core/tree/manifest.ts';
import { needsTidying, tidyTrees, type TreeFiles } from '../../../src/operations/tree/tidy-trees.ts';
import { entry, manifest, marks, python, supervisor, uv, worker } from '../../core/builders.ts';
import { FakeMachine } from '../fake-machine.ts';

const TREE = '11111111-2222-4333-8444-555555555555';
const root = supervisor(100, 50);
const child = worker(110, 100, { ...marks(TREE, root, 'worker'), sid: 110 });
const chroma = uv(120, 110, { ...marks(TREE, child, 'chroma-sync'), sid: 110 });

const recorded = (extra: Partial<Manifest> = {}) =>
  manifest(
    TREE,
    [entry('supervisor', root), entry('worker', child, { by: root }), entry('chroma-sync', chroma, { by: child })],
    extra,
  );

/** Notes what was done to the files. */
class NotingFiles implements TreeFiles {
  readonly calls: unknown[] = [];
  endEntries(...[treeId, identities]: Parameters<TreeFiles['endEntries']>): Manifest {
    this.calls.push(['endEntries', treeId, ...identities.map(({ pid }) => pid)]);
    return recorded();
  }
  retire(treeId: string): Manifest {
    this.calls.push(['retire', treeId]);
    return recorded();
  }
  setAside(file: string): string {
    this.calls.push(['setAside', file]);
    return `${file}.damaged-1`;
  }
  putRetiredAway(): void {
    // Nothing to note.
  }
}

async function tidy(fake: FakeMachine) {
  const files = new NotingFiles();
  const observation = await fake.observe();
  return { needed: needsTidying(observation), lines: tidyTrees(observation, files), calls: files.calls };
}

function machineWith(rows: ConstructorParameters<typeof FakeMachine>[0], manifests: readonly Manifest[]): FakeMachine {
  const fake = new FakeMachine(rows);
  fake.manifests = manifests;
  return fake;
}

describe('a dead tree', () => {
  test('a dead tree without a living process has its entries ended and is retired', async () => {
    const { needed, lines, calls } = await tidy(machineWith([], [recorded()]));
    expect(needed).toBe(true);
    expect(calls).toEqual([
      ['endEntries', TREE, 100, 110, 120],
      ['retire', TREE],
    ]);
    expect(lines).toEqual(['Retired the manifest of tree 11111111: all its processes are gone.']);
  });

  test('whose chroma is alive keeps that record', async () => {
    const { calls } = await tidy(machineWith([{ ...chroma, ppid: 1 }], [recorded()]));
    expect(calls).toEqual([['endEntries', TREE, 100, 110]]);
  });

  test('a dead tree is not retired while an unrecorded process has its marks', async () => {
    const late = python(130, 1, { ...marks(TREE, child, 'chroma-sync'), sid: 110 });
    const { calls } = await tidy(machineWith([late], [recorded()]));
    expect(calls).not.toContainEqual(['retire', TREE]);
  });

  test('a dead tree is not changed by an incomplete listing: absent is not gone', async () => {
    const fake = machineWith([], [recorded()]);
    fake.extra = { complete: false };
    expect(await tidy(fake)).toMatchObject({ needed: false, calls: [] });
  });

  test('a dead tree of another machine, or already retired, is not changed', async () => {
    const elsewhere = recorded({ machineId: 'other', bootId: 'other' });
    const done = recorded({ treeId: 'aaaaaaaa-2222-4333-8444-555555555555', retiredAt: '2026-11-01T10:00:00.000Z' });
    expect(await tidy(machineWith([], [elsewhere, done]))).toMatchObject({ needed: false, calls: [] });
  });

  test('whose pids were reused is gone', async () => {
    const reused = { ...worker(110, 1), startTicks: 999_999 };
    expect((await tidy(machineWith([reused], [recorded()]))).calls).toContainEqual(['retire', TREE]);
  });
});

test('a live tree is not changed: only its root writes it', async () => {
  expect(await tidy(machineWith([root], [recorded()]))).toMatchObject({ needed: false, lines: [], calls: [] });
});

test('a copied manifest of another data dir is not changed', async () => {
  expect(await tidy(machineWith([], [recorded({ dataDir: '/elsewhere' })]))).toMatchObject({
    needed: false,
    calls: [],
  });
});

test('a damaged file is set aside, but never a newer or unreadable one', async () => {
  const fake = new FakeMachine();
  fake.damaged = (['damaged', 'newer', 'unreadable'] as const).map((kind) => ({
    file: `/t/${kind}.json`,
    kind,
    reason: 'x',
  }));
  const { needed, lines, calls } = await tidy(fake);
  expect(needed).toBe(true);
  expect(calls).toEqual([['setAside', '/t/damaged.json']]);
  expect(lines).toEqual(['Set aside a damaged manifest: /t/damaged.json.damaged-1']);
  fake.damaged = fake.damaged.slice(1);
  expect((await tidy(fake)).needed).toBe(false);
});

test('a second tidying changes nothing', async () => {
  const ended = recorded().entries.map((item) => ({ ...item, endedAt: '2026-11-01T10:00:00.000Z' }));
  const fake = machineWith([{ ...chroma, ppid: 1 }], [recorded({ entries: ended })]);
  expect((await tidy(fake)).needed).toBe(false);
});
