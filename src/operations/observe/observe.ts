import { findChannelCandidates, findStdioServers } from '../../core/verdicts/channel-candidates.ts';
import type { Channels } from '../../core/process/channels.ts';
import { classify } from '../../core/verdicts/classify.ts';
import { JudgementContext } from '../../core/verdicts/judgement-context.ts';
import type { Manifest } from '../../core/tree/manifest.ts';
import { parseRegistries } from '../../core/tree/other-installations.ts';
import type { ProcessIndex } from '../../core/process/process-index.ts';
import type { OtherRegistry, ProcessSnapshot } from '../../core/process/snapshot.ts';
import { findStaleEntries, type StaleEntry } from '../../core/tree/stale-entries.ts';
import type { Judgement } from '../../core/verdicts/verdict.ts';
import type { DamagedManifest, ProcessTable, Records, RetiredTree } from '../ports/process.ts';

/** Everything a judgement needs, read once. Also the content of a snapshot file. */
export interface Reading {
  readonly snapshot: ProcessSnapshot;
  /** Resolved. */
  readonly dataDir: string;
  readonly manifests: readonly Manifest[];
  readonly damaged: readonly DamagedManifest[];
  readonly otherRegistries: readonly OtherRegistry[];
  readonly answering: readonly string[];
  /** The data dir that the published plugin uses instead, according to its settings. */
  readonly pluginDataDir?: string;
}

/** A reading with its verdicts. */
export interface Observation {
  readonly reading: Reading;
  readonly index: ProcessIndex;
  readonly judgements: readonly Judgement[];
  readonly staleEntries: readonly StaleEntry[];
  /** False if the listing, a relevant row or a manifest could not be read in full. */
  readonly isComplete: boolean;
}

export interface ObserveOptions {
  readonly dataDir: string;
  /** Measure the memory of the judged processes. */
  readonly memory: boolean;
  /** With `memory`: measure foreign processes too. Default false, because it costs 1 ms or more for each. */
  readonly foreignMemory?: boolean;
  readonly namedPids?: ReadonlySet<number>;
  /** As in `JudgementInput`. */
  readonly judgesSelf?: boolean;
}

export interface ObservePorts {
  readonly table: ProcessTable;
  readonly records: Records;
  /** Boot id of this machine. Without it, start ticks in manifests are unusable, and more environments are read. */
  readonly readBootId?: () => string | undefined;
}

/** Reads the records, then the process table, and judges. Reads channels and memory only of the processes that need them. */
export async function observe(ports: ObservePorts, options: ObserveOptions): Promise<Observation> {
  const { table } = ports;
  const isMeasuredLater = table.readMemory !== undefined;
  const reading = await takeReading(ports, { ...options, memory: options.memory && !isMeasuredLater });
  let context = contextOf(reading, options);
  let judgements = classify(context);
  const candidates = table.readChannels === undefined ? [] : findChannelCandidates(judgements, context);
  if (candidates.length > 0) {
    context = contextOf(withChannels(reading, await table.readChannels?.(candidates)), options);
    judgements = classify(context);
  }
  const observation = observationOf({ ...reading, snapshot: context.snapshot }, context, judgements);
  return options.memory && isMeasuredLater ? withMemory(observation, table, options) : observation;
}

function withMemory(
  observation: Observation,
  table: ProcessTable,
  { foreignMemory = false }: Pick<ObserveOptions, 'foreignMemory'>,
): Observation {
  const measured = observation.judgements.filter(({ verdict }) => foreignMemory || verdict !== 'foreign');
  const memory = table.readMemory?.(measured.map(({ row }) => row));
  return {
    ...observation,
    judgements: observation.judgements.map((judgement) => {
      const found = memory?.get(judgement.row.pid);
      return found === undefined ? judgement : { ...judgement, row: { ...judgement.row, ...found } };
    }),
  };
}

function withChannels(reading: Reading, channels: ReadonlyMap<number, Channels> | undefined): Reading {
  const { snapshot } = reading;
  const processes = snapshot.processes.map((row) => {
    const found = channels?.get(row.pid);
    return found === undefined ? row : { ...row, channels: found };
  });
  return { ...reading, snapshot: { ...snapshot, processes } };
}

/** A reading for a snapshot file: with the memory of every claude-mem process and the channels of every stdio server. */
export async function takeFullReading(ports: ObservePorts, options: { readonly dataDir: string }): Promise<Reading> {
  const reading = await takeReading(ports, { ...options, memory: true });
  const { table } = ports;
  if (table.readChannels === undefined) return reading;
  const context = contextOf(reading, {});
  const servers = findStdioServers(classify(context), context);
  return servers.length === 0 ? reading : withChannels(reading, await table.readChannels(servers));
}

/**
 * Reads the records before the process table. A process spawned in between is then merely unrecorded, under a live owner. In the other
 * order, a root recorded in between would look gone.
 */
export async function takeReading(
  { table, records, readBootId }: ObservePorts,
  options: ObserveOptions,
): Promise<Reading> {
  const { manifests: live, damaged: damagedHere, retired } = records.readManifests();
  const otherRegistries = records.readOtherRegistries();
  const pluginDataDir = records.readPluginDataDir?.();
  const snapshot = await table.snapshot({
    dataDir: options.dataDir,
    recordedPids: recordedPids({ live, retired, otherRegistries }),
    // A damaged manifest may describe a tree of any age.
    oldestTreeTicks: damagedHere.length > 0 ? 0 : oldestTreeTicks(live, retired, readBootId),
    memory: options.memory,
  });
  const past = records.readRetired(retiredTreesOf(snapshot, live, retired));
  const manifests = [...live, ...past.manifests];
  // Asked last: a supervisor that answers after the listing is alive even if the listing missed it.
  const answering = await records.askAnswering();
  return {
    snapshot,
    dataDir: options.dataDir,
    manifests,
    // A process with the mark of a tree whose manifest is damaged makes it be read again.
    damaged: [...damagedHere, ...past.damaged.filter(({ file }) => !damagedHere.some((found) => found.file === file))],
    otherRegistries,
    answering,
    ...(pluginDataDir === undefined ? {} : { pluginDataDir }),
  };
}

/**
 * The retired trees that a process may belong to: by its mark, or by a recorded pid. The identity behind that pid can be unknown, and then
 * the record protects the process. The others are old news: a data dir with hundreds of starts a week has hundreds of them.
 */
function retiredTreesOf(
  { processes }: ProcessSnapshot,
  live: readonly Manifest[],
  retired: readonly RetiredTree[],
): readonly string[] {
  const known = new Set(live.map(({ treeId }) => treeId));
  const marked = processes.flatMap(({ treeMark }) => (typeof treeMark === 'string' ? [treeMark] : []));
  const pids = new Set(processes.map(({ pid }) => pid));
  const isThere = ({ pid }: RetiredTree['processes'][number]) => pids.has(pid);
  const recorded = retired.filter((tree) => tree.processes.some(isThere)).map(({ treeId }) => treeId);
  return [...new Set([...marked, ...recorded])].filter((treeId) => !known.has(treeId));
}

/** Judges a reading of this machine or of a snapshot file. */
export function judgeReading(
  reading: Reading,
  { namedPids, judgesSelf = false }: Pick<ObserveOptions, 'namedPids' | 'judgesSelf'> = {},
): Observation {
  const context = contextOf(reading, { judgesSelf, ...(namedPids === undefined ? {} : { namedPids }) });
  return observationOf(reading, context, classify(context));
}

function contextOf(
  reading: Reading,
  { namedPids, judgesSelf = false }: Pick<ObserveOptions, 'namedPids' | 'judgesSelf'>,
): JudgementContext {
  return new JudgementContext({ ...reading, judgesSelf, ...(namedPids === undefined ? {} : { namedPids }) });
}

function observationOf(reading: Reading, context: JudgementContext, judgements: readonly Judgement[]): Observation {
  return {
    reading,
    index: context.index,
    judgements,
    staleEntries: findStaleEntries(context.trees.trees, context.index),
    isComplete: reading.snapshot.complete && reading.snapshot.unreadable === 0 && reading.damaged.length === 0,
  };
}

function recordedPids({
  live,
  retired,
  otherRegistries,
}: {
  readonly live: readonly Manifest[];
  readonly retired: readonly RetiredTree[];
  readonly otherRegistries: readonly OtherRegistry[];
}): ReadonlySet<number> {
  return new Set([
    ...live.flatMap((manifest) => manifest.entries.map((entry) => entry.identity.pid)),
    ...retired.flatMap(({ processes }) => processes.map(({ pid }) => pid)),
    ...parseRegistries(otherRegistries).map((record) => record.identity.pid),
  ]);
}

/**
 * Start ticks of the oldest tree of this boot, including the latest retired ones: a process with their mark may be left. Ticks of another
 * boot do not count: after months of uptime they would make every process of a fresh boot look older than all trees. 0: a process of any
 * age may belong to a tree.
 */
function oldestTreeTicks(
  live: readonly Manifest[],
  retired: readonly RetiredTree[],
  readBootId: ObservePorts['readBootId'],
): number {
  const trees = [
    ...live.map(({ bootId, entries }) => ({ bootId, processes: entries.map(({ identity }) => identity) })),
    ...retired,
  ];
  if (trees.length === 0) return Number.MAX_SAFE_INTEGER;
  const current = readBootId?.();
  if (current === undefined) return 0;
  const ticks = trees.flatMap(({ bootId, processes }) =>
    processes.filter((identity) => (identity.bootId ?? bootId) === current).map((identity) => identity.startTicks ?? 0),
  );
  return Math.min(Number.MAX_SAFE_INTEGER, ...ticks);
}
