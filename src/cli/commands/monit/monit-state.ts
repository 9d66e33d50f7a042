import { isLeak, type Judgement } from '../../../core/verdicts/verdict.ts';
import { describeLeaks } from '../../../operations/leaks/describe-groups.ts';
import { groupLeaks, type LeakGroup } from '../../../operations/leaks/groups.ts';
import { memoryOf } from '../../../operations/leaks/process-memory.ts';
import type { Observation } from '../../../operations/observe/observe.ts';
import { keyOf } from '../../../operations/terminate/terminate-until-quiet.ts';
import { cpuPercentSince, type CpuTimes } from '../../../operations/tree/current-cpu.ts';
import type { LogLine } from '../../../operations/tree/log-lines.ts';
import { reportStatus, sightTree, type StatusReport } from '../../../operations/tree/status-report.ts';
import type { TreeStatus } from '../../../operations/tree/tree-lifecycle.ts';
import type { TreeMember } from '../../../operations/tree/tree-view.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';

/** One reading of the machine, and the answer of the supervisor. */
export interface MonitReading {
  readonly seen: Observation | ClaudeMemError;
  readonly answer: TreeStatus | 'late' | undefined;
  /** Milliseconds on a monotonic clock, at the beginning of the reading. */
  readonly atMs: number;
}

/** The use of one process over the last readings, the newest last; null: unknown. */
export interface UseHistory {
  readonly cpuPercent: readonly (number | null)[];
  readonly memoryBytes: readonly (number | null)[];
}

/** One line that can be selected: a process of the tree, or a group of leaked or unverified processes. */
export type MonitItem =
  | { readonly kind: 'process'; readonly key: string; readonly member: TreeMember; readonly position: number }
  | { readonly kind: 'group'; readonly key: string; readonly group: LeakGroup };

export interface ShownLog {
  readonly name: string;
  readonly lines: readonly LogLine[];
  /** Why the log cannot be read; undefined if it can. */
  readonly problem?: string;
}

/** The state behind the screen. */
export interface MonitState {
  readonly reading: number;
  /** The last reading that did not fail. */
  readonly observation: Observation | undefined;
  /** The error of the last reading, if it failed. */
  readonly failure: ClaudeMemError | undefined;
  readonly report: StatusReport | undefined;
  readonly items: readonly MonitItem[];
  readonly leaks: readonly Judgement[];
  /** `60 chroma-mcp (uv + python)`; empty without leaks. */
  readonly leaked: string;
  readonly cpuTimes: CpuTimes | undefined;
  readonly uses: ReadonlyMap<string, UseHistory>;
  /** Undefined before the first reading, or if there is nothing to select. */
  readonly selected: string | undefined;
  readonly view: 'overview' | 'log' | 'help';
  /** Of the selected process; undefined if it has none. */
  readonly log: ShownLog | undefined;
  /** First line of the whole-screen log; `end` follows new lines. */
  readonly logTop: number | 'end';
  readonly isPaused: boolean;
}

/** More columns than a sparkline has. */
const MOST_USES = 60;

export const EMPTY_MONIT: MonitState = {
  reading: 0,
  observation: undefined,
  failure: undefined,
  report: undefined,
  items: [],
  leaks: [],
  leaked: '',
  cpuTimes: undefined,
  uses: new Map(),
  selected: undefined,
  view: 'overview',
  log: undefined,
  logTop: 'end',
  isPaused: false,
};

export function addMonitReading(state: MonitState, { seen, answer, atMs }: MonitReading): MonitState {
  const reading = state.reading + 1;
  if (seen instanceof ClaudeMemError) return { ...state, reading, failure: seen };
  const sight = sightTree(seen, answer);
  const ticks = sight.members.flatMap(({ judgement: { row } }) =>
    row.cpuTicks === undefined ? [] : [[keyOf({ row }), row.cpuTicks] as const],
  );
  const { snapshot, dataDir } = seen.reading;
  const cpuTimes: CpuTimes = { atMs, listedAtTicks: snapshot.nowTicks, ticks: new Map(ticks) };
  const groups = groupLeaks(seen.judgements, snapshot);
  const items = [
    ...sight.members.map((member, position): MonitItem => {
      return { kind: 'process', key: keyOf(member.judgement), member, position };
    }),
    ...groupLeaks(seen.judgements, snapshot).map((group): MonitItem => ({
      kind: 'group',
      key: groupKey(group),
      group,
    })),
  ];
  return {
    ...state,
    reading,
    observation: seen,
    failure: undefined,
    report: reportStatus(sight, dataDir),
    items,
    leaks: seen.judgements.filter(isLeak),
    leaked: describeLeaks(groups.filter(isLeak)),
    cpuTimes,
    uses: new Map(sight.members.map((member) => usesOf(member, { state, cpuTimes }))),
    selected: stillSelected(state, items),
  };
}

/** Position of the selected item; -1 without one. */
export function selectedPosition({ items, selected }: Pick<MonitState, 'items' | 'selected'>): number {
  return items.findIndex(({ key }) => key === selected);
}

/** The name of the log that shows what a process does. Chroma's programs write none; the program that started them does. */
export function logNameOf(item: MonitItem | undefined): string | undefined {
  if (item?.kind !== 'process') return undefined;
  const { role } = item.member;
  if (role === 'search' || role === 'chroma-search') return 'search-server';
  if (role === 'chroma-sync') return 'worker';
  return role === 'supervisor' || role === 'worker' ? role : undefined;
}

function usesOf(
  { judgement }: TreeMember,
  { state, cpuTimes }: { readonly state: MonitState; readonly cpuTimes: CpuTimes },
): readonly [string, UseHistory] {
  const key = keyOf(judgement);
  const before = state.uses.get(key);
  const cpu = cpuPercentSince(state.cpuTimes, cpuTimes, judgement.row);
  return [
    key,
    {
      cpuPercent: [...(before?.cpuPercent ?? []), cpu].slice(-MOST_USES),
      memoryBytes: [...(before?.memoryBytes ?? []), memoryOf(judgement).totalBytes].slice(-MOST_USES),
    },
  ];
}

/** Keeps the selection, or moves it to the item that took its place. */
function stillSelected(state: MonitState, items: readonly MonitItem[]): string | undefined {
  if (items.some(({ key }) => key === state.selected)) return state.selected;
  const place = Math.max(0, selectedPosition(state));
  return items[Math.min(place, items.length - 1)]?.key;
}

/** The owner distinguishes groups, because their processes come and go. */
function groupKey({ verdict, owner, sessionId, judgements }: LeakGroup): string {
  if (owner !== null) {
    const { pid, startTicks, startedAt } = owner.identity;
    return `${verdict} of ${pid} ${startTicks ?? startedAt ?? ''} ${owner.treeId ?? ''}`;
  }
  if (sessionId !== null) return `${verdict} of session ${sessionId}`;
  const [first] = judgements;
  return `${verdict} ${first === undefined ? '' : keyOf(first)}`;
}
