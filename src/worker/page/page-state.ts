import { commandLine } from '../../core/process/command-line.ts';
import { identityKey } from '../../core/process/descent.ts';
import { TICKS_PER_SECOND } from '../../core/process/identity.ts';
import { describeProcess } from '../../core/text/wording.ts';
import type { Link } from '../../operations/leaks/chains.ts';
import { describeGroup, describeLeaks } from '../../operations/leaks/describe-groups.ts';
import { groupLeaks, reportGroup, type ReportedGroup } from '../../operations/leaks/groups.ts';
import { reapArguments, remarks } from '../../operations/leaks/leak-remarks.ts';
import {
  reportLeaks,
  reportProcess,
  type LeakSummary,
  type ReportedProcess,
} from '../../operations/leaks/leak-report.ts';
import type { Observation } from '../../operations/observe/observe.ts';
import { reportStatus, sightTree, type StatusProcess, type StatusReport } from '../../operations/tree/status-report.ts';
import type { TreeMember } from '../../operations/tree/tree-view.ts';
import type { TreeStatus } from '../../operations/tree/tree-lifecycle.ts';
import type { Readiness, WorkerIdentity, WorkerProcessInfo } from '../api.ts';
import { isLeak } from '../../core/verdicts/verdict.ts';

/** The content of the page: `status` and `leaks` from one reading. Field names are API: add, never rename. */
export interface PageState extends Pick<
  StatusReport,
  'treeId' | 'startedAt' | 'version' | 'state' | 'problem' | 'search' | 'dataDir'
> {
  readonly schemaVersion: 1;
  readonly takenAt: string;
  /** False if any process or file could not be read. */
  readonly complete: boolean;
  /** Further remarks about the reading, in sentences. */
  readonly remarks: readonly string[];
  readonly processes: readonly PageProcess[];
  readonly summary: LeakSummary;
  /** `60 chroma-mcp (uv + python)`; empty if nothing leaked. */
  readonly leaked: string;
  /** Leaked and unverified processes by the process that left them. */
  readonly groups: readonly PageGroup[];
  /** Leaked and unverified processes, in the order of the groups. */
  readonly findings: readonly PageFinding[];
  /** Command that shows what would be ended; null if nothing leaked. */
  readonly reapCommand: string | null;
}

export interface PageProcess extends StatusProcess {
  /** The role, and the program if one role has two. */
  readonly name: string;
  /** 0 for the root. */
  readonly depth: number;
  /** Pid and start. The start by the clock differs between readings by milliseconds. */
  readonly key: string;
  readonly startedAt: string;
  /** CPU time used since the start, in seconds; null if unknown. */
  readonly cpuSeconds: number | null;
}

export interface PageGroup extends ReportedGroup {
  /** `60 chroma-mcp (uv + python) left by worker 4118, which is gone`. */
  readonly title: string;
}

export interface PageFinding extends ReportedProcess {
  readonly name: string;
  /** 1 for the python below its uv wrapper. */
  readonly depth: number;
  /** Pid and start, as of a process of the tree. */
  readonly key: string;
}

export interface PageSources {
  readonly observation: Observation;
  /** Status from the supervisor; undefined if it does not answer. */
  readonly status: TreeStatus | undefined;
  readonly identity: WorkerIdentity;
  readonly readiness: Readiness;
  /** The worker's own processes and their states. */
  readonly services: readonly WorkerProcessInfo[];
  /** Undefined for the default data dir. */
  readonly dataDirFlag: string | undefined;
}

/** Assembles the content of the page. Pure. */
export function describeState(sources: PageSources): PageState {
  const { observation, status, identity, readiness, dataDirFlag } = sources;
  const { judgements, reading } = observation;
  const sight = sightTree(observation, status);
  const { treeId, startedAt, state, problem, processes } = reportStatus(sight, reading.dataDir);
  const { summary } = reportLeaks(observation, { showForeign: false });
  const groups = groupLeaks(judgements, reading.snapshot);
  const leaks = judgements.filter(isLeak);
  return {
    schemaVersion: 1,
    takenAt: reading.snapshot.takenAt,
    complete: observation.isComplete,
    remarks: remarks(observation, summary, { isRecorded: false }),
    dataDir: reading.dataDir,
    version: identity.version,
    treeId: treeId ?? identity.treeId,
    startedAt,
    state,
    problem,
    search: readiness.search,
    processes: processes.map((process, position) => {
      const member = sight.members[position];
      return { ...process, ...serviceState(process, sources), ...describeMember(member) };
    }),
    summary,
    leaked: describeLeaks(groups.filter(isLeak)),
    groups: groups.map((group) => ({
      ...reportGroup(group),
      title: describeGroup(group, reading.snapshot.takenAt),
    })),
    findings: groups.flatMap(({ chains }) => chains.flat().map(describeFinding)),
    reapCommand: leaks.length === 0 ? null : commandLine([...reapArguments(leaks, dataDirFlag), '--dry-run']),
  };
}

function describeMember(
  member: TreeMember | undefined,
): Pick<PageProcess, 'name' | 'depth' | 'key' | 'startedAt' | 'cpuSeconds'> {
  if (member === undefined) return { name: '', depth: 0, key: '', startedAt: '', cpuSeconds: null };
  const { row } = member.judgement;
  return {
    name: describeProcess(member.judgement),
    depth: member.depth,
    key: identityKey(row),
    startedAt: row.startedAt,
    cpuSeconds: row.cpuTicks === undefined ? null : row.cpuTicks / TICKS_PER_SECOND,
  };
}

function describeFinding({ judgement, depth }: Link): PageFinding {
  return { ...reportProcess(judgement), name: describeProcess(judgement), depth, key: identityKey(judgement.row) };
}

/** The state that a service reports is more useful than the system's "sleeping". */
function serviceState(
  { role, pid, state, restarts }: StatusProcess,
  { status, services, readiness: { searchServer } }: PageSources,
): Pick<StatusProcess, 'state' | 'restarts'> {
  const said = role === 'supervisor' ? status?.state : services.find((service) => service.pid === pid)?.state;
  return { state: said ?? state, restarts: pid === searchServer.pid ? searchServer.restarts : restarts };
}
