import type { Manifest, ManifestEntry } from '../../src/core/tree/manifest.ts';

export const TREE = '11111111-2222-4333-8444-555555555555';
export const OTHER_TREE = '99999999-2222-4333-8444-555555555555';
export const BORN = '2026-01-02T03:04:05.678Z';

export function anEntry(pid: number, fields: Partial<ManifestEntry> = {}): ManifestEntry {
  return {
    role: 'worker',
    identity: { pid, startTicks: pid * 10, startedAt: BORN },
    owner: { pid: 100, startTicks: 1000, startedAt: BORN },
    command: ['node', 'worker.js'],
    registeredAt: BORN,
    ...fields,
  };
}

export function aRoot(pid = 100): ManifestEntry {
  return {
    role: 'supervisor',
    identity: { pid, startTicks: pid * 10, startedAt: BORN },
    command: ['node', 'supervisor.js'],
    registeredAt: BORN,
  };
}

export function aManifest(fields: Partial<Manifest> = {}): Manifest {
  return {
    schemaVersion: 1,
    treeId: TREE,
    state: 'running',
    bootId: 'af805216-7009-49ce-8a36-8585208c3ddd',
    dataDir: '/home/u/.claude-mem',
    startedAt: BORN,
    entries: [aRoot()],
    ...fields,
  };
}
