import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readManifests, readRetired } from '../../../src/state/trees/manifest-reader.ts';
import { openTreeStore } from '../../../src/state/trees/trees.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { anError } from '../an-error.ts';
import { aManifest, anEntry, BORN, OTHER_TREE, TREE } from '../manifests.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const LATER = '2026-01-02T04:00:00.000Z';

function storeWithTree() {
  const dataDir = tempDir();
  const store = openTreeStore(dataDir);
  store.create(aManifest());
  const folder = join(dataDir, 'trees');
  return { dataDir, store, folder, file: join(folder, `${TREE}.json`) };
}

describe('TreeStore', () => {
  test('writes a private manifest that can be read back', () => {
    const { dataDir, folder, file } = storeWithTree();
    expect(readManifests(dataDir)).toEqual({ manifests: [aManifest()], retired: [], damaged: [] });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toEqual([`${TREE}.json`]);
  });

  test('never overwrites a manifest with a new one', () => {
    const { dataDir, store } = storeWithTree();
    expect(() => {
      store.create(aManifest({ entries: [] }));
    }).toThrow(/already exists/);
    expect(readManifests(dataDir).manifests).toEqual([aManifest()]);
  });

  test('registers, ends and retires on disk, not in memory', () => {
    const { store, file } = storeWithTree();
    store.register(TREE, anEntry(7));
    store.endEntries(TREE, [anEntry(7).identity], LATER);
    store.retire(TREE, LATER);
    store.retire(TREE, BORN);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      ...aManifest(),
      retiredAt: LATER,
      entries: [...aManifest().entries, { ...anEntry(7), endedAt: LATER }],
    });
  });

  test('writes nothing if nothing changes', () => {
    const { store, file } = storeWithTree();
    const before = statSync(file).ino;
    store.update(TREE, (manifest) => manifest);
    expect(statSync(file).ino).toBe(before);
  });

  test('refuses a change that drops an entry, replaces the tree id or is not valid', () => {
    const { dataDir, store } = storeWithTree();
    expect(() => store.update(TREE, (manifest) => ({ ...manifest, entries: [] }))).toThrow(/would drop an entry/);
    expect(() => store.update(TREE, (manifest) => ({ ...manifest, treeId: OTHER_TREE }))).toThrow(
      /would replace the tree id/,
    );
    expect(() => store.update(TREE, (manifest) => ({ ...manifest, startedAt: 'now' }))).toThrow(/startedAt/);
    expect(readManifests(dataDir).manifests).toEqual([aManifest()]);
  });

  test('reports a missing or damaged manifest', () => {
    const { store, file } = storeWithTree();
    expect(() => store.register(OTHER_TREE, anEntry(7))).toThrow(anError('manifest-unreadable', 'does not exist'));
    writeFileSync(file, '{"schemaVersion":1,');
    expect(() => store.register(TREE, anEntry(7))).toThrow(anError('manifest-unreadable'));
    expect(readFileSync(file, 'utf8')).toBe('{"schemaVersion":1,');
  });

  test('names the folder that cannot be created', () => {
    const dataDir = tempDir();
    writeFileSync(join(dataDir, 'trees'), '');
    expect(() => {
      openTreeStore(dataDir).create(aManifest());
    }).toThrow(anError('io', join(dataDir, 'trees')));
  });

  test('removes leftovers of killed writers: its own immediately, others when they are old', () => {
    const { store, folder } = storeWithTree();
    const own = `.${TREE}.json.4242-1.claude-mem-tmp`;
    const fresh = `.${OTHER_TREE}.json.4242-1.claude-mem-tmp`;
    const old = `.${OTHER_TREE}.json.4242-2.claude-mem-tmp`;
    const stranger = '.notes.tmp';
    for (const name of [own, fresh, old, stranger]) writeFileSync(join(folder, name), 'half');
    for (const name of [old, stranger]) utimesSync(join(folder, name), 1, 1);
    store.register(TREE, anEntry(7));
    expect(readdirSync(folder).sort()).toEqual([fresh, stranger, `${TREE}.json`].sort());
  });

  test('ends a thousand entries in one write', () => {
    const { store, file } = storeWithTree();
    const many = Array.from({ length: 1_000 }, (_, index) => anEntry(1_000 + index));
    store.update(TREE, (manifest) => ({ ...manifest, entries: [...manifest.entries, ...many] }));
    const identities = many.map(({ identity }) => identity);
    const { entries } = store.endEntries(TREE, identities, LATER);
    expect(entries.filter(({ endedAt }) => endedAt === LATER)).toHaveLength(1_000);
    const { ino } = statSync(file);
    store.endEntries(TREE, identities, BORN);
    expect(statSync(file).ino).toBe(ino);
  });
});

describe('retired manifests', () => {
  const ids = Array.from({ length: 12 }, (_, index) => `${String(index).padStart(8, '0')}-2222-4333-8444-555555555555`);
  const idOf = (index: number) => ids[index] ?? '';

  /** Twelve trees that were retired one after the other, the last one at `retired`, and one that lives. */
  function storeWithRetired() {
    const { dataDir, store, folder } = storeWithTree();
    const retired = Date.parse(LATER);
    for (const [index, treeId] of ids.entries()) {
      store.create(aManifest({ treeId }));
      const at = new Date(retired - (ids.length - 1 - index) * 60_000);
      store.retire(treeId, at.toISOString());
      utimesSync(join(folder, `${treeId}.json`), at, at);
    }
    const names = (path: string) =>
      readdirSync(path)
        .filter((name) => name.endsWith('.json'))
        .sort();
    return { dataDir, store, folder, away: join(folder, 'retired'), retired, names };
  }
  const filesOf = (treeIds: readonly string[]) => treeIds.map((treeId) => `${treeId}.json`);

  test('retired manifests are listed with their processes, and are not among the manifests', () => {
    const { dataDir } = storeWithRetired();
    const { manifests, retired, damaged } = readManifests(dataDir);
    expect([manifests, damaged]).toEqual([[aManifest()], []]);
    expect(retired).toHaveLength(ids.length);
    const { bootId } = aManifest();
    expect(retired).toContainEqual({ treeId: idOf(3), bootId, processes: [aManifest().entries[0]?.identity] });
  });

  test('a retired manifest names the owners of its processes, too', () => {
    const { dataDir, file } = storeWithTree();
    const owner = { pid: 77, startedAt: BORN };
    writeFileSync(file, JSON.stringify({ ...aManifest({ entries: [anEntry(78, { owner })] }), retiredAt: LATER }));
    expect(readManifests(dataDir).retired[0]?.processes).toEqual([anEntry(78).identity, owner]);
  });

  test('all but the latest eight are put away, where they are still found', () => {
    const { dataDir, store, folder, away, retired, names } = storeWithRetired();
    store.putRetiredAway(new Date(retired));
    expect(names(away)).toEqual(filesOf(ids.slice(0, 4)));
    expect(names(folder)).toEqual([...filesOf(ids.slice(4)), `${TREE}.json`].sort());
    expect(
      readManifests(dataDir)
        .retired.map(({ treeId }) => treeId)
        .sort(),
    ).toEqual(ids.slice(4));
    const asked = [idOf(0), idOf(11), OTHER_TREE, '../../etc/passwd'];
    expect(readRetired(dataDir, asked).manifests.map(({ treeId }) => treeId)).toEqual([idOf(0), idOf(11)]);
  });

  test('a damaged file among the retired manifests is reported if it is asked for, and can be set aside', () => {
    const { dataDir, store, away, retired } = storeWithRetired();
    store.putRetiredAway(new Date(retired));
    const file = join(away, `${idOf(0)}.json`);
    writeFileSync(
      file,
      JSON.stringify({ ...aManifest({ treeId: idOf(0) }), retiredAt: LATER, entries: [{ role: 'x' }] }),
    );
    expect(readRetired(dataDir, [idOf(0), idOf(1)])).toMatchObject({
      manifests: [{ treeId: idOf(1) }],
      damaged: [{ file, kind: 'damaged' }],
    });
    expect(store.setAside(file)).toBe(`${file}.damaged-1`);
    expect(readRetired(dataDir, [idOf(0)])).toEqual({ manifests: [], damaged: [] });
  });

  test('a link in place of the folder is not followed, and no file in its target is removed', () => {
    const { dataDir, store, away, retired, folder, names } = storeWithRetired();
    const elsewhere = tempDir();
    writeFileSync(join(elsewhere, 'package.json'), '{}');
    utimesSync(join(elsewhere, 'package.json'), 0, 0);
    symlinkSync(elsewhere, away);
    expect(() => {
      store.putRetiredAway(new Date(retired));
    }).toThrow(`cannot create ${away}: it is a link`);
    expect(readdirSync(elsewhere)).toEqual(['package.json']);
    expect(names(folder)).toHaveLength(ids.length + 1);
    expect(readManifests(dataDir).damaged).toEqual([]);
  });

  test.each([
    [
      'a file',
      (away: string) => {
        writeFileSync(away, '');
      },
    ],
    [
      'a link that leads nowhere',
      (away: string) => {
        symlinkSync('/nonexistent/folder', away);
      },
    ],
  ])('%s in place of the folder is an error that names the path', (_, put) => {
    const { dataDir, store, away, retired, folder, names } = storeWithRetired();
    put(away);
    expect(() => {
      store.putRetiredAway(new Date(retired));
    }).toThrow(`cannot create ${away}`);
    expect(readRetired(dataDir, [OTHER_TREE])).toEqual({ manifests: [], damaged: [] });
    expect(names(folder)).toHaveLength(ids.length + 1);
  });

  test('retired manifests are removed only 7 days after they were retired', () => {
    const { dataDir, store, folder, away, retired, names } = storeWithRetired();
    store.putRetiredAway(new Date(retired - DAY_MS));
    store.putRetiredAway(new Date(retired - 11 * 60_000 + 7 * DAY_MS));
    expect([...names(away), ...names(folder)]).toHaveLength(ids.length + 1);
    store.putRetiredAway(new Date(retired - 11 * 60_000 + 7 * DAY_MS + 1));
    expect(names(away)).toEqual(filesOf(ids.slice(1, 4)));
    store.putRetiredAway(new Date(retired + 7 * DAY_MS + 1));
    expect([names(away), names(folder)]).toEqual([[], [`${TREE}.json`]]);
    expect(readManifests(dataDir).manifests).toEqual([aManifest()]);
  });

  test.each([
    ['a date that is no text', { retiredAt: 1 }],
    ['a foreign tree id', { retiredAt: LATER, treeId: OTHER_TREE }],
    ['no entries', { retiredAt: LATER, entries: 'none' }],
    ['an entry without a process', { retiredAt: LATER, entries: [{}] }],
    ['a start that is no number', { retiredAt: LATER, entries: [{ identity: { pid: 7, startTicks: 'x' } }] }],
    ['an entry that is null', { retiredAt: LATER, entries: [null] }],
    ['a process that is a list', { retiredAt: LATER, entries: [{ identity: [null] }] }],
    ['a later version', { retiredAt: LATER, schemaVersion: 2 }],
  ])('a file that looks retired with %s is judged like any other', (_, change) => {
    const { dataDir, file } = storeWithTree();
    writeFileSync(file, JSON.stringify({ ...aManifest(), ...change }));
    expect(readManifests(dataDir)).toMatchObject({ manifests: [], retired: [], damaged: [{ file }] });
  });
});

describe('setAside', () => {
  test('renames a damaged file, and a second one with the next number', () => {
    const { dataDir, store, folder, file } = storeWithTree();
    for (const content of ['first', 'second']) {
      writeFileSync(file, content);
      store.setAside(file);
    }
    expect(readdirSync(folder).sort()).toEqual([`${TREE}.json.damaged-1`, `${TREE}.json.damaged-2`]);
    expect(readFileSync(`${file}.damaged-1`, 'utf8')).toBe('first');
    expect(readManifests(dataDir)).toEqual({ manifests: [], retired: [], damaged: [] });
    store.create(aManifest());
    expect(readManifests(dataDir).manifests).toHaveLength(1);
  });

  test('refuses a valid manifest, a later version, and files elsewhere', () => {
    const { store, file } = storeWithTree();
    expect(() => store.setAside(file)).toThrow(/is a valid manifest/);
    writeFileSync(file, '{"schemaVersion":2}');
    expect(() => store.setAside(file)).toThrow(/later version/);
    expect(() => store.setAside(join(tempDir(), 'x.json'))).toThrow(/is not a manifest of/);
  });
});

describe('readManifests', () => {
  test('finds nothing in an empty data dir and creates nothing', () => {
    const folder = tempDir();
    expect(readManifests(join(folder, 'missing'))).toEqual({ manifests: [], retired: [], damaged: [] });
    expect(readManifests(folder)).toEqual({ manifests: [], retired: [], damaged: [] });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('reports every unusable file and reads the valid ones', () => {
    const { dataDir, folder } = storeWithTree();
    const good = readFileSync(join(folder, `${TREE}.json`), 'utf8');
    const files: Record<string, string> = {
      'torn.json': good.slice(0, 100),
      'empty.json': '',
      'copy.json': good,
      [`${OTHER_TREE}.json`]: good,
      'newer.json': '{"schemaVersion":3}',
    };
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    symlinkSync('nowhere', join(folder, 'link.json'));
    mkdirSync(join(folder, 'folder.json'));
    const { manifests, damaged } = readManifests(dataDir);
    expect(manifests).toEqual([aManifest()]);
    const found = Object.fromEntries(
      damaged.map(({ file, kind, reason }) => [file.slice(folder.length + 1), [kind, reason]]),
    );
    expect(found).toEqual({
      'torn.json': ['damaged', 'is not JSON (truncated or overwritten)'],
      'empty.json': ['damaged', 'is empty'],
      'copy.json': ['damaged', `has a file name that does not match its tree id (${TREE})`],
      [`${OTHER_TREE}.json`]: ['damaged', `has a file name that does not match its tree id (${TREE})`],
      'newer.json': ['newer', expect.stringContaining('schemaVersion 3') as string],
      'link.json': ['damaged', 'is a link'],
      'folder.json': ['damaged', 'is a folder, not a file'],
    });
  });

  test('ignores temporary files, files set aside and all other files', () => {
    const { dataDir, folder } = storeWithTree();
    for (const name of [
      `.${TREE}.json.1-1.claude-mem-tmp`,
      `${TREE}.json.damaged-1`,
      '.DS_Store',
      '._x.json',
      'notes',
    ]) {
      writeFileSync(join(folder, name), 'x');
    }
    expect(readManifests(dataDir)).toEqual({ manifests: [aManifest()], retired: [], damaged: [] });
  });

  test('a pipe in place of a manifest does not block reading', (context) => {
    if (process.platform === 'win32') context.skip('Windows has no named pipes in folders');
    const { dataDir, folder } = storeWithTree();
    execFileSync('mkfifo', [join(folder, 'pipe.json')]);
    expect(readManifests(dataDir).damaged).toMatchObject([{ kind: 'damaged' }]);
  });

  test('a file in place of the folder is reported as one unreadable item', () => {
    const { dataDir, folder } = storeWithTree();
    renameSync(folder, `${folder}.old`);
    writeFileSync(folder, '');
    expect(readManifests(dataDir)).toMatchObject({ manifests: [], damaged: [{ file: folder, kind: 'unreadable' }] });
  });
});

test('a data dir that cannot be entered is reported, not treated as empty', () => {
  const dataDir = join(tempDir(), 'loop');
  symlinkSync(dataDir, dataDir);
  const { manifests, damaged } = readManifests(dataDir);
  expect(manifests).toEqual([]);
  expect(damaged).toMatchObject([{ kind: 'unreadable', reason: expect.stringContaining('ELOOP') as never }]);
  expect(readRetired(dataDir, [TREE])).toEqual({ manifests: [], damaged: [] });
  expect(() => {
    openTreeStore(dataDir).putRetiredAway(new Date());
  }).toThrow(anError('io', 'ELOOP'));
});
