import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { rootEntry } from '../../../src/core/tree/manifest.ts';
import { StandaloneTree } from '../../../src/operations/tree/standalone-tree.ts';
import { createRecords } from '../../../src/state/trees/records.ts';
import { openTreeStore } from '../../../src/state/trees/trees.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const AT = '2026-01-01T00:00:00.000Z';
const treeId = '0d5c2b52-6f38-4d2b-9df5-6a1a27d2a1b0';
const child = { pid: 1001, startTicks: 20, startedAt: AT };
const owner = { pid: 1000, startTicks: 10, startedAt: AT };

function begin() {
  const dataDir = tempDir();
  const tree = new StandaloneTree({
    role: 'search',
    treeId,
    dataDir,
    own: { ...owner, scope: { machineId: 'm', bootId: 'b', pidNamespace: '7' } },
    command: ['node', 'search-server.js'],
    now: () => new Date(AT),
    writer: openTreeStore(dataDir),
  });
  const records = createRecords(dataDir);
  const read = () => records.readManifests().manifests[0];
  const readRetired = () => records.readRetired([treeId]).manifests[0];
  return { dataDir, tree, read, readRetired };
}

test('a standalone tree without a child writes no manifest', async () => {
  const { dataDir, tree } = begin();
  expect(await tree.retire(() => Promise.reject(new Error('not asked')))).toBe(true);
  expect(readdirSync(dataDir)).toEqual([]);
});

test('a standalone tree records itself as the root, then its children', async () => {
  const { tree, read } = begin();
  tree.begin();
  tree.begin();
  expect(rootEntry(read()!)).toEqual({
    role: 'search',
    identity: owner,
    command: ['node', 'search-server.js'],
    registeredAt: AT,
  });
  expect(read()).toMatchObject({ treeId, state: 'running', machineId: 'm', bootId: 'b', pidNamespace: '7' });
  await tree.register({ role: 'chroma-search', identity: child, owner, command: ['uvx'] });
  expect(read()?.entries).toMatchObject([{}, { identity: child, owner, role: 'chroma-search' }]);
  await tree.ended(child);
  expect(read()?.entries).toMatchObject([{}, { endedAt: AT }]);
});

test('a standalone tree is retired only after all its processes were seen gone', async () => {
  const { tree, read, readRetired } = begin();
  tree.begin();
  await tree.register({ role: 'chroma-search', identity: child, owner, command: ['uvx'] });
  expect(await tree.retire(() => Promise.resolve(false))).toBe(false);
  expect(read()?.retiredAt).toBeUndefined();
  expect(await tree.retire(() => Promise.resolve(true))).toBe(true);
  expect(read()).toBeUndefined();
  expect(readRetired()).toMatchObject({ retiredAt: AT, entries: [{ endedAt: AT }, { endedAt: AT }] });
});

test('a registration that cannot be written rejects', async () => {
  const { tree, dataDir } = begin();
  await expect(tree.register({ role: 'setup', identity: child, owner, command: [] })).rejects.toMatchObject({
    code: 'manifest-unreadable',
  });
  expect(readdirSync(dataDir)).toEqual([]);
});
