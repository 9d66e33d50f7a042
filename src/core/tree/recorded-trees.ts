import { lookUpIdentity, storedIdentity, type Identity, type Presence } from '../process/identity.ts';
import { rootEntry, type Manifest, type ManifestEntry, type Role, type StoredIdentity } from './manifest.ts';
import { LiveRoots } from './live-roots.ts';
import { isSamePath } from '../process/path.ts';
import type { ProcessIndex } from '../process/process-index.ts';

/** A manifest entry looked up in a snapshot. */
export interface RecordedEntry {
  readonly tree: RecordedTree;
  readonly entry: ManifestEntry;
  readonly identity: Identity;
  readonly presence: Presence;
  readonly isRoot: boolean;
  /** The recorded owner; undefined if the entry has none. */
  readonly owner: { readonly identity: Identity; readonly presence: Presence } | undefined;
}

export interface RecordedTree {
  readonly manifest: Manifest;
  /** `unknown` also if the listing says `gone`, but the tree's supervisor answers on the socket or live marks prove the root. */
  readonly rootPresence: Presence;
  /** The tree's supervisor answers on the control socket. */
  readonly isAnswering: boolean;
  /** The recorded root is not alive, and the marks of live processes prove another root: the manifest is damaged. */
  readonly isContradicted: boolean;
  readonly entries: readonly RecordedEntry[];
}

/** The manifests that name this data dir, looked up in a snapshot. A copy from another data dir is evidence at most. */
export class RecordedTrees {
  readonly trees: readonly RecordedTree[];
  /** Manifests that name another data dir. */
  readonly copies: readonly Manifest[];
  readonly liveRoots: LiveRoots;
  readonly #byTreeId: ReadonlyMap<string, RecordedTree>;
  readonly #byPid = new Map<number, RecordedEntry[]>();
  readonly #named = new Set<number>();
  readonly #openEntries = new Map<RecordedTree, ReadonlyMap<Role, readonly RecordedEntry[]>>();
  readonly #copiesByPid = new Map<number, Manifest>();

  constructor(
    input: { manifests: readonly Manifest[]; answering: readonly string[]; dataDir: string },
    index: ProcessIndex,
  ) {
    const isOurs = (manifest: Manifest) => isSamePath(manifest.dataDir, input.dataDir, index.snapshot.platform);
    this.liveRoots = new LiveRoots(index);
    const evidence = { answering: input.answering, index, liveRoots: this.liveRoots };
    this.trees = input.manifests.filter(isOurs).map((manifest) => lookUpTree(manifest, evidence));
    this.copies = input.manifests.filter((manifest) => !isOurs(manifest));
    this.#byTreeId = new Map(this.trees.map((tree) => [tree.manifest.treeId, tree]));
    for (const entry of this.trees.flatMap((tree) => tree.entries)) {
      if (entry.presence !== 'gone') this.#named.add(entry.identity.pid);
      if (entry.owner !== undefined && entry.owner.presence !== 'gone') this.#named.add(entry.owner.identity.pid);
      const entries = this.#byPid.get(entry.identity.pid);
      if (entries === undefined) this.#byPid.set(entry.identity.pid, [entry]);
      else entries.push(entry);
    }
    for (const copy of this.copies) {
      for (const { identity } of copy.entries) this.#copiesByPid.set(identity.pid, copy);
    }
  }

  tree(treeId: string | null | undefined): RecordedTree | undefined {
    return treeId == null ? undefined : this.#byTreeId.get(treeId);
  }

  /** The entries whose identity is the live process with this pid. */
  aliveEntries(pid: number): readonly RecordedEntry[] {
    return this.entriesOf(pid).filter(({ presence }) => presence === 'alive');
  }

  /** All entries with this pid, also those of an earlier process with the same pid. */
  entriesOf(pid: number): readonly RecordedEntry[] {
    return this.#byPid.get(pid) ?? NO_ENTRIES;
  }

  /** Whether an entry refers, or may refer, to the process with this pid, as its own identity or as an owner. */
  mentions(pid: number): boolean {
    return this.#named.has(pid);
  }

  /** The entries of a role whose process is alive and not released. */
  openEntries(tree: RecordedTree, role: Role): readonly RecordedEntry[] {
    const known = this.#openEntries.get(tree);
    const byRole = known ?? groupOpenEntries(tree.entries);
    if (known === undefined) this.#openEntries.set(tree, byRole);
    return byRole.get(role) ?? [];
  }

  /** A manifest of another data dir with this pid. */
  copyWith(pid: number): Manifest | undefined {
    return this.#copiesByPid.get(pid);
  }

  /** Whether a tree is dead: its manifest was read, its root is gone, and no supervisor answers for it. */
  isDead(treeId: string | null | undefined): boolean {
    return this.tree(treeId)?.rootPresence === 'gone';
  }

  /** Whether the tree's manifest records this identity as the root. */
  isRootOf(treeId: string | null | undefined, identity: Identity): boolean {
    const manifest = this.tree(treeId)?.manifest;
    return manifest !== undefined && isSameRecord(identity, rootEntry(manifest)?.identity);
  }
}

interface LiveEvidence {
  readonly answering: readonly string[];
  readonly index: ProcessIndex;
  readonly liveRoots: LiveRoots;
}

function lookUpTree(manifest: Manifest, { answering, index, liveRoots }: LiveEvidence): RecordedTree {
  const root = rootEntry(manifest);
  const presenceOf = (identity: Identity) => lookUpIdentity(identity, index.snapshot, index.byPid);
  const listed = root === undefined ? 'unknown' : presenceOf(storedIdentity(root.identity, manifest));
  const isAnswering = answering.includes(manifest.treeId);
  const isContradicted = listed !== 'alive' && liveRoots.hasRootOf(manifest.treeId);
  const rootPresence = listed === 'gone' && (isAnswering || isContradicted) ? 'unknown' : listed;
  const entries: RecordedEntry[] = [];
  const tree: RecordedTree = { manifest, rootPresence, isAnswering, isContradicted, entries };
  for (const entry of manifest.entries) {
    const identity = storedIdentity(entry.identity, manifest);
    const owner = entry.owner === undefined ? undefined : storedIdentity(entry.owner, manifest);
    entries.push({
      tree,
      entry,
      identity,
      presence: presenceOf(identity),
      isRoot: entry === root,
      // For the root, an answer on the socket outweighs the listing.
      owner: owner && {
        identity: owner,
        presence: isSameRecord(owner, root?.identity) ? rootPresence : presenceOf(owner),
      },
    });
  }
  return tree;
}

function groupOpenEntries(entries: readonly RecordedEntry[]): ReadonlyMap<Role, readonly RecordedEntry[]> {
  const byRole = new Map<Role, RecordedEntry[]>();
  for (const record of entries) {
    if (record.presence !== 'alive' || record.entry.endedAt !== undefined) continue;
    const others = byRole.get(record.entry.role);
    if (others === undefined) byRole.set(record.entry.role, [record]);
    else others.push(record);
  }
  return byRole;
}

/** Compares by ticks if both have them: two readings of the same start can differ on the wall clock. */
function isSameRecord(left: Identity, right: StoredIdentity | undefined): boolean {
  if (left.pid !== right?.pid || left.startTicks !== right.startTicks) return false;
  return left.startTicks !== undefined || left.startedAt === right.startedAt;
}

/** Shared, because most processes have no entries. */
const NO_ENTRIES: readonly RecordedEntry[] = [];
