import type { Manifest } from '../../core/tree/manifest.ts';
import type { Observation } from '../observe/observe.ts';
import {
  describeUnrecorded,
  unrecordedSupervisors,
  type ChromaRecycles,
  type HealthItem,
  type TreeStatus,
  type UnrecordedSupervisor,
} from './tree-lifecycle.ts';
import { viewMarkedTree, viewTree, type TreeMember } from './tree-view.ts';
import { memoryOf, type ReportedMemory } from '../leaks/process-memory.ts';

/** `status --json`. Field names are API: add, never rename. */
export interface StatusReport {
  readonly schemaVersion: 1;
  readonly command: 'status';
  readonly running: boolean;
  readonly treeId: string | null;
  readonly startedAt: string | null;
  readonly version: string | null;
  readonly port: number | null;
  readonly state: string | null;
  readonly healthy: boolean | null;
  readonly restarts: number | null;
  /** Why the tree does not work; null if it does. */
  readonly problem: string | null;
  readonly dataDir: string;
  readonly processes: readonly StatusProcess[];
  readonly search: { readonly mode: 'semantic' | 'keyword'; readonly reason: string | null };
  /** Breaches that last; null if no supervisor reports them. */
  readonly health: readonly HealthItem[] | null;
  /** Null if Chroma was not recycled. */
  readonly chromaRecycles: ChromaRecycles | null;
  /** Set with `--open` only. */
  readonly page: PageLink | null;
}

/** A single-use link to the worker's page, or the reason why there is none. */
export interface PageLink {
  readonly url: string | null;
  readonly expiresAt: string | null;
  readonly error: string | null;
}

export interface StatusProcess {
  readonly role: string | null;
  readonly pid: number;
  readonly ppid: number;
  readonly state: string | null;
  readonly restarts: number | null;
  readonly uptimeSeconds: number;
  readonly cpuPercent: number | null;
  readonly memory: ReportedMemory;
}

/** The tree that `status` found, and its supervisor's answer. Each may be missing. */
export interface TreeSight {
  readonly manifest: Manifest | undefined;
  readonly status: TreeStatus | undefined;
  /** A process listens on the control socket but did not answer in time. */
  readonly isLate: boolean;
  readonly members: readonly TreeMember[];
  /** A supervisor without a manifest, if no other supervisor was found. */
  readonly unrecorded?: UnrecordedSupervisor;
}

export function sightTree(observation: Observation, answer: TreeStatus | 'late' | undefined): TreeSight {
  const { reading, judgements } = observation;
  const isLate = answer === 'late';
  const status = isLate ? undefined : answer;
  const root = judgements.find((candidate) => candidate.isManagedRoot && candidate.role === 'supervisor');
  const treeId = status?.treeId ?? root?.treeId ?? undefined;
  const manifest = reading.manifests.find((candidate) => candidate.treeId === treeId);
  if (treeId !== undefined) return { manifest, status, isLate, members: viewTree(observation, treeId) };
  const [unrecorded] = unrecordedSupervisors(reading);
  if (unrecorded === undefined) return { manifest, status, isLate, members: [] };
  return { manifest, status, isLate, members: viewMarkedTree(observation, unrecorded.treeId), unrecorded };
}

export function reportStatus(
  { manifest, status, isLate, members, unrecorded }: TreeSight,
  dataDir: string,
): StatusReport {
  const running = status !== undefined || isLate || members.length > 0;
  return {
    schemaVersion: 1,
    command: 'status',
    running,
    treeId: status?.treeId ?? manifest?.treeId ?? unrecorded?.treeId ?? null,
    startedAt: status?.startedAt ?? manifest?.startedAt ?? null,
    version: status?.version ?? null,
    port: status?.port ?? null,
    state: status?.state ?? null,
    healthy: status?.healthy ?? null,
    restarts: status?.restarts ?? null,
    problem: status === undefined ? noAnswer(running, unrecorded) : status.problem,
    dataDir,
    processes: members.map((member) => reportMember(member, status)),
    search: status?.search ?? { mode: 'keyword', reason: running ? 'the supervisor does not answer' : 'not running' },
    health: status?.health ?? null,
    chromaRecycles: status?.chromaRecycles ?? null,
    page: null,
  };
}

function noAnswer(running: boolean, unrecorded: UnrecordedSupervisor | undefined): string | null {
  if (unrecorded !== undefined) return `${describeUnrecorded(unrecorded)}. To stop it: claude-mem stop`;
  return running ? 'the supervisor does not answer' : null;
}

function reportMember({ judgement, role, cpuPercent }: TreeMember, status: TreeStatus | undefined): StatusProcess {
  const { row } = judgement;
  return {
    role,
    pid: row.pid,
    ppid: row.ppid,
    state: stateOf(row.state),
    restarts: role === 'worker' ? (status?.restarts ?? null) : null,
    uptimeSeconds: Math.round(judgement.ageSeconds * 10) / 10,
    cpuPercent,
    memory: memoryOf(judgement),
  };
}

const STATES: Readonly<Record<string, string>> = {
  R: 'running',
  S: 'sleeping',
  I: 'sleeping',
  D: 'uninterruptible',
  T: 'stopped',
  t: 'traced',
  Z: 'zombie',
};

function stateOf(letter: string | undefined): string | null {
  return letter === undefined ? null : (STATES[letter] ?? letter);
}
