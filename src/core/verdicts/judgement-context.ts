import { adoptionOf } from '../process/adopter.ts';
import { compareIdentity, lookUpIdentity, parseOwnerMark, type Identity, type Presence } from '../process/identity.ts';
import type { Manifest, Role } from '../tree/manifest.ts';
import { judgeRegistries, type OtherInstallations } from '../tree/other-installations.ts';
import { isSamePath } from '../process/path.ts';
import { ProcessIndex } from '../process/process-index.ts';
import { RecordedTrees, type RecordedEntry } from '../tree/recorded-trees.ts';
import {
  dataDirArgument,
  entryScriptRole,
  isCandidateName,
  isChromaOfDataDir,
  isChromaProgram,
  isChromaWrapper,
  roleFromMark,
} from '../process/role-program.ts';
import type { OtherRegistry, ProcessRow, ProcessSnapshot } from '../process/snapshot.ts';
import type { Judgement } from './verdict.ts';

/** The input of a judgement. */
export interface JudgementInput {
  readonly snapshot: ProcessSnapshot;
  /** Resolved. */
  readonly dataDir: string;
  readonly manifests: readonly Manifest[];
  readonly otherRegistries: readonly OtherRegistry[];
  /** Ids of the trees whose supervisor answers on the control socket. */
  readonly answering: readonly string[];
  /** Pids that root named: these are judged even if they belong to another user. */
  readonly namedPids?: ReadonlySet<number>;
  /** Judge this process too: for a process of the tree that reports the whole tree. */
  readonly judgesSelf?: boolean;
}

/** One process with the facts about it; computed once and passed to each verdict function. */
export interface Case {
  readonly row: ProcessRow;
  readonly parent: ProcessRow | undefined;
  /** Undefined if the parent has no verdict. */
  readonly parentJudgement: Judgement | undefined;
  readonly isChroma: boolean;
  readonly isChromaWrapper: boolean;
  /** A chroma-mcp on a Chroma directory of this data dir. */
  readonly isChromaHere: boolean;
  /** One of our entry scripts by role mark and file name, or a chroma-mcp of this data dir. */
  readonly isRoleProgram: boolean;
  readonly role: Role | null;
  readonly treeId: string | null;
  /** Has a tree mark and belongs to this data dir. */
  readonly isMarkedHere: boolean;
  readonly owner: Identity | undefined;
  readonly ownerPresence: Presence;
  /** Manifest entries whose identity is this process. */
  readonly recorded: readonly RecordedEntry[];
  /** Evidence that the process was re-parented; undefined without such evidence. */
  readonly adoption: string | undefined;
}

export class JudgementContext {
  readonly input: JudgementInput;
  readonly snapshot: ProcessSnapshot;
  readonly index: ProcessIndex;
  readonly trees: RecordedTrees;
  readonly others: OtherInstallations;

  constructor(input: JudgementInput) {
    this.input = input;
    this.snapshot = input.snapshot;
    this.index = new ProcessIndex(input.snapshot);
    this.trees = new RecordedTrees(input, this.index);
    this.others = judgeRegistries(input.otherRegistries, this.index);
  }

  /**
   * Whether a process can get a verdict without its parent's. A cheap test: of most processes the reader keeps only an irrelevant name, and
   * full judging of thousands takes as long as reading them.
   */
  isRelevant(row: ProcessRow): boolean {
    return (
      row.argv !== undefined ||
      row.command !== '' ||
      row.executable !== undefined ||
      typeof row.treeMark === 'string' ||
      isCandidateName(row.name) ||
      this.trees.entriesOf(row.pid).length > 0 ||
      this.others.liveRecords.has(row.pid)
    );
  }

  caseOf(row: ProcessRow, parentJudgement: Judgement | undefined): Case {
    const isChroma = isChromaProgram(row);
    const isChromaHere = isChroma && isChromaOfDataDir(row, this.input.dataDir, this.snapshot.platform);
    const recorded = this.trees.aliveEntries(row.pid);
    const isMarkedHere = typeof row.treeMark === 'string' && this.#isOurMark(row, isChromaHere);
    const script = entryScriptRole(row);
    const owner = parseOwnerMark(row.ownerMark);
    return {
      row,
      parent: this.index.parentOf(row),
      parentJudgement,
      isChroma,
      isChromaWrapper: isChroma && isChromaWrapper(row),
      isChromaHere,
      isRoleProgram: isChromaHere || (isMarkedHere && (script !== undefined || isPrewarm(row, isChroma))),
      role:
        recorded.at(-1)?.entry.role ??
        script ??
        (isChroma || isMarkedHere ? roleFromMark(row.roleMark) : undefined) ??
        (this.others.observers.has(row.pid) ? 'observer' : undefined) ??
        null,
      treeId: recorded.at(-1)?.tree.manifest.treeId ?? row.treeMark ?? null,
      isMarkedHere,
      owner,
      ownerPresence: this.#presenceOfOwner(row, owner),
      recorded,
      adoption: adoptionOf(row, this.index),
    };
  }

  isSameDirectory(left: string): boolean {
    return isSamePath(left, this.input.dataDir, this.snapshot.platform);
  }

  isOwner(owner: Identity | undefined, row: ProcessRow | undefined): boolean {
    return owner !== undefined && row !== undefined && compareIdentity(owner, row, this.snapshot) === 'same';
  }

  #presenceOfOwner(row: ProcessRow, owner: Identity | undefined): Presence {
    if (owner === undefined) return 'unknown';
    // If the owner is a root, an answer on the control socket outweighs the listing.
    const tree = this.trees.isRootOf(row.treeMark, owner) ? this.trees.tree(row.treeMark) : undefined;
    const presence = lookUpIdentity(owner, this.snapshot, this.index.byPid);
    return presence === 'gone' && tree?.isAnswering === true ? 'unknown' : presence;
  }

  /** The directory on the command line takes precedence over the environment, which another program may have set. */
  #isOurMark(row: ProcessRow, isChromaHere: boolean): boolean {
    if (isChromaHere) return true;
    if (typeof row.dataDirMark === 'string') return this.isSameDirectory(row.dataDirMark);
    return this.trees.tree(row.treeMark) !== undefined;
  }
}

/** The prewarm of `setup` runs chroma-mcp without a data dir. */
function isPrewarm(row: ProcessRow, isChroma: boolean): boolean {
  return isChroma && row.roleMark === 'setup' && dataDirArgument(row) === undefined;
}
