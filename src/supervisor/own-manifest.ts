import type { Manifest, ManifestEntry, StoredIdentity } from '../core/tree/manifest.ts';
import type { OwnIdentity } from '../operations/ports/tree.ts';
import type { OwnManifest } from './deps.ts';

/** Writes the manifests of a data dir. Each method throws ClaudeMemError `io` if the write fails. */
export interface ManifestWriter {
  create(manifest: Manifest): void;
  update(treeId: string, change: (manifest: Manifest) => Manifest): unknown;
  register(treeId: string, entry: ManifestEntry): unknown;
  endEntries(treeId: string, identities: readonly StoredIdentity[], at: string): unknown;
  markGone(treeId: string, gone: readonly StoredIdentity[], at: string): unknown;
}

/**
 * Records a new tree with this supervisor as its root, before its first child starts.
 * @throws ClaudeMemError `io`.
 */
export function createOwnManifest(
  trees: ManifestWriter,
  { treeId, dataDir, own, command }: { treeId: string; dataDir: string; own: OwnIdentity; command: readonly string[] },
): OwnManifest {
  const { machineId, bootId, pidNamespace } = own.scope;
  trees.create({
    schemaVersion: 1,
    treeId,
    state: 'starting',
    bootId: bootId ?? '',
    ...(machineId === undefined ? {} : { machineId }),
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
    dataDir,
    startedAt: own.startedAt,
    entries: [
      {
        role: 'supervisor',
        identity: {
          pid: own.pid,
          startedAt: own.startedAt,
          ...(own.startTicks === undefined ? {} : { startTicks: own.startTicks }),
        },
        command,
        registeredAt: new Date().toISOString(),
      },
    ],
  });
  return {
    setState: (state) => void trees.update(treeId, (current) => ({ ...current, state })),
    register: (entry) => void trees.register(treeId, entry),
    endEntry: (identity, at) => void trees.endEntries(treeId, [identity], at),
    markGone: (gone, at) => void trees.markGone(treeId, gone, at),
    retire: (at) =>
      void trees.update(treeId, (current) => ({
        ...current,
        retiredAt: at,
        entries: current.entries.map((entry) => ({ ...entry, endedAt: entry.endedAt ?? at })),
      })),
  };
}
