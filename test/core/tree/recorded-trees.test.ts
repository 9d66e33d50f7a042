import { describe, expect, test } from 'vitest';
import { rootEntry } from '../../../src/core/tree/manifest.ts';
import { RecordedTrees } from '../../../src/core/tree/recorded-trees.ts';
import type { Manifest } from '../../../src/core/tree/manifest.ts';
import type { ProcessRow, ProcessSnapshot } from '../../../src/core/process/snapshot.ts';
import { clockAt, DATA_DIR, entry, identityOf, indexOf, init, manifest, supervisor, worker } from '../builders.ts';

const root = supervisor(300, 1);
const ours = worker(310, 300);
const tree = manifest('t1', [entry('supervisor', root), entry('worker', ours, { by: root })]);

function read(
  manifests: readonly Manifest[],
  rows: readonly ProcessRow[],
  { answering = [], ...extra }: Partial<ProcessSnapshot> & { answering?: readonly string[] } = {},
) {
  return new RecordedTrees({ manifests, answering, dataDir: DATA_DIR }, indexOf([init, ...rows], extra));
}

describe('a tree is dead', () => {
  test('a tree is dead if its manifest was read, its root is gone and no supervisor answers', () => {
    expect(read([tree], [ours]).isDead('t1')).toBe(true);
  });

  test.each<[string, RecordedTrees]>([
    ['while its root lives', read([tree], [root, ours])],
    ['while somebody answers for it', read([tree], [ours], { answering: ['t1'] })],
    ['without its manifest', read([], [ours])],
    ['in an incomplete listing', read([tree], [ours], { complete: false })],
    ['as seen from another pid namespace', read([tree], [ours], { pidNamespace: '4' })],
    ['as seen from another machine', read([tree], [ours], { bootId: 'b', machineId: 'm' })],
    ['by a manifest of another data dir', read([{ ...tree, dataDir: '/copy/.claude-mem' }], [ours])],
    ['by a manifest without entries', read([{ ...tree, entries: [] }], [ours])],
  ])('not %s', (_when, trees) => {
    expect(trees.isDead('t1')).toBe(false);
  });

  test('after a new boot of this machine', () => {
    expect(read([tree], [root], { bootId: 'boot-2' }).isDead('t1')).toBe(true);
  });

  test('even if the supervisor of another tree answers', () => {
    expect(read([tree], [ours], { answering: ['t2'] }).isDead('t1')).toBe(true);
  });
});

describe('an answer on the socket', () => {
  test('outweighs a listing without the root, for the root and for the processes it owns', () => {
    const entries = read([tree], [ours], { answering: ['t1'] }).aliveEntries(310);
    expect(entries.map(({ owner }) => owner?.presence)).toEqual(['unknown']);
  });

  test('outweighs it also if the recorded start of the owner has another wall-clock time', () => {
    const by = { ...identityOf(root), startedAt: clockAt(1) };
    const other = manifest('t1', [entry('supervisor', root), { ...entry('worker', ours), owner: by }]);
    const entries = read([other], [ours], { answering: ['t1'] }).aliveEntries(310);
    expect(entries.map(({ owner }) => owner?.presence)).toEqual(['unknown']);
  });
});

test('the data dir of a manifest is compared as a path', () => {
  expect(read([{ ...tree, dataDir: `${DATA_DIR}/` }], [ours]).isDead('t1')).toBe(true);
});

test('a copied manifest is found by pid', () => {
  const trees = read([{ ...tree, dataDir: '/copy/.claude-mem' }], [root, ours]);
  expect(trees.aliveEntries(310)).toEqual([]);
  expect(trees.copyWith(310)?.dataDir).toBe('/copy/.claude-mem');
});

describe('a manifest of this data dir', () => {
  test('a manifest of this data dir is a tree and not a copy', () => {
    expect(read([tree], [root, ours]).copyWith(310)).toBeUndefined();
  });

  test('refers to its live processes and live owners, and to no process that is gone', () => {
    const orphan = worker(320, 1);
    const both = manifest('t1', [entry('supervisor', root), entry('worker', orphan, { by: ours })]);
    const mentions = (rows: readonly ProcessRow[], pid: number) => read([both], rows).mentions(pid);
    expect([mentions([ours], 310), mentions([root], 310)]).toEqual([true, false]);
    expect([mentions([orphan], 320), mentions([ours], 320)]).toEqual([true, false]);
  });

  test('keeps all entries of one pid and one role', () => {
    const again = entry('search', worker(330, 300), { by: root });
    const made = manifest('t1', [...tree.entries, entry('worker', ours, { by: root }), again, again]);
    const trees = read([made], [root, ours, worker(330, 300)]);
    expect(trees.aliveEntries(310)).toHaveLength(2);
    expect(trees.openEntries(trees.tree('t1')!, 'search')).toHaveLength(2);
    expect(trees.openEntries(trees.tree('t1')!, 'worker')).toHaveLength(2);
  });

  test('a manifest of this data dir has no open entry for a process that is gone or recorded as ended', () => {
    const ended = entry('search', ours, { by: root, endedAt: clockAt(9_000) });
    const trees = read([manifest('t1', [...tree.entries, ended])], [root, ours]);
    expect(trees.openEntries(trees.tree('t1')!, 'search')).toEqual([]);
    const gone = read([tree], [root]);
    expect(gone.openEntries(gone.tree('t1')!, 'worker')).toEqual([]);
  });

  test("a manifest of this data dir does not apply the root's presence to another owner", () => {
    const child = worker(320, 310);
    const made = manifest('t1', [...tree.entries, entry('search', child, { by: ours })]);
    const ownerOf = (rows: readonly ProcessRow[]) => read([made], rows).aliveEntries(320)[0]?.owner?.presence;
    expect([ownerOf([ours, child]), ownerOf([root, child])]).toEqual(['alive', 'gone']);
  });

  test('matches an owner by ticks, and by wall clock without ticks', () => {
    const bare = ({ pid, startedAt }: ProcessRow) => ({ pid, startedAt });
    const trees = read([manifest('t1', [{ ...entry('supervisor', root), identity: bare(root) }])], [root]);
    expect(trees.isRootOf('t1', bare(root))).toBe(true);
    expect(trees.isRootOf('t1', { ...bare(root), startedAt: clockAt(1) })).toBe(false);
    expect(trees.isRootOf('t1', identityOf(root))).toBe(false);
    expect(read([tree], [root]).isRootOf('t1', { ...identityOf(root), startTicks: 1 })).toBe(false);
    expect(read([tree], [root]).isRootOf('t1', { ...identityOf(root), pid: 301 })).toBe(false);
    expect(read([tree], [root]).isRootOf('t2', identityOf(root))).toBe(false);
    expect(read([{ ...tree, entries: tree.entries.slice(1) }], [root]).isRootOf('t1', identityOf(root))).toBe(false);
  });
});

test('an entry is alive only for the exact process it records', () => {
  expect(read([tree], [root, worker(310, 300, { startTicks: 9 })]).aliveEntries(310)).toEqual([]);
  expect(read([tree], [root, ours]).aliveEntries(310)).toHaveLength(1);
});

test('the root entry is the supervisor, else the first entry without an owner', () => {
  expect(rootEntry(manifest('t', [entry('worker', ours), entry('supervisor', root)]))?.role).toBe('supervisor');
  expect(rootEntry(manifest('t', [entry('worker', ours, { by: root }), entry('search', root)]))?.role).toBe('search');
  expect(rootEntry(manifest('t', [entry('worker', ours, { by: root })]))).toBeUndefined();
  const owned = entry('supervisor', ours, { by: root });
  expect(rootEntry(manifest('t', [owned, entry('search', root)]))?.role).toBe('search');
});
