import type { Manifest, ManifestEntry, StoredIdentity } from '../../core/tree/manifest.ts';
import type { OwnIdentity, Registration, TreeRecorder } from '../ports/tree.ts';

/** The manifest writes that a standalone root needs. */
export interface ManifestWriter {
  create(manifest: Manifest): void;
  register(treeId: string, entry: ManifestEntry): Manifest;
  endEntries(treeId: string, identities: readonly StoredIdentity[], at: string): Manifest;
  retire(treeId: string, at: string): Manifest;
}

export interface StandaloneTreeOptions {
  /** Role of this program, the root. */
  readonly role: 'search' | 'setup';
  readonly treeId: string;
  /** Resolved. */
  readonly dataDir: string;
  readonly own: OwnIdentity;
  readonly command: readonly string[];
  readonly now: () => Date;
  readonly writer: ManifestWriter;
}

/**
 * The tree of a program without a supervisor: a standalone search server, or a setup. The program is the root and writes the manifest
 * itself, before it spawns its first child. A program that never spawns a child writes no manifest.
 */
export class StandaloneTree implements TreeRecorder {
  readonly #options: StandaloneTreeOptions;
  #manifest: Manifest | undefined;

  constructor(options: StandaloneTreeOptions) {
    this.#options = options;
  }

  /** Creates the manifest, once. @throws ClaudeMemError `io`; the caller must then spawn nothing. */
  begin(): void {
    if (this.#manifest !== undefined) return;
    const manifest = this.#firstManifest();
    this.#options.writer.create(manifest);
    this.#manifest = manifest;
  }

  register(registration: Registration): Promise<void> {
    return this.#write(({ writer, treeId }, at) => writer.register(treeId, { ...registration, registeredAt: at }));
  }

  ended(identity: StoredIdentity): Promise<void> {
    return this.#write(({ writer, treeId }, at) => writer.endEntries(treeId, [identity], at));
  }

  /**
   * Retires the manifest when this program is about to end.
   * @param isAllGone proves that every other process of the tree is gone; without that proof the manifest stays.
   * @returns false if the manifest stays.
   */
  async retire(isAllGone: (treeId: string) => Promise<boolean>): Promise<boolean> {
    if (this.#manifest === undefined) return true;
    const { writer, treeId } = this.#options;
    if (!(await isAllGone(treeId))) return false;
    const at = this.#options.now().toISOString();
    const identities = this.#manifest.entries.map(({ identity }) => identity);
    this.#manifest = writer.endEntries(treeId, identities, at);
    writer.retire(treeId, at);
    return true;
  }

  /** Writes synchronously: the record must be on disk before the recorded process goes on. */
  #write(change: (options: StandaloneTreeOptions, at: string) => Manifest): Promise<void> {
    try {
      this.#manifest = change(this.#options, this.#options.now().toISOString());
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #firstManifest(): Manifest {
    const { role, treeId, dataDir, own, command, now } = this.#options;
    const { machineId, bootId, pidNamespace } = own.scope;
    const { pid, startTicks, startedAt } = own;
    const identity: StoredIdentity = { pid, startedAt, ...(startTicks === undefined ? {} : { startTicks }) };
    return {
      schemaVersion: 1,
      treeId,
      state: 'running',
      ...(machineId === undefined ? {} : { machineId }),
      bootId: bootId ?? '',
      ...(pidNamespace === undefined ? {} : { pidNamespace }),
      dataDir,
      startedAt,
      entries: [{ role, identity, command, registeredAt: now().toISOString() }],
    };
  }
}
