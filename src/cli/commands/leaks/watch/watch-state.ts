import { countLeaks, groupLeaks } from '../../../../operations/leaks/groups.ts';
import { leakedBytes } from '../../../../operations/leaks/process-memory.ts';
import type { Judgement } from '../../../../core/verdicts/verdict.ts';
import { keyOf } from '../../../../operations/terminate/terminate-until-quiet.ts';
import type { Observation } from '../../../../operations/observe/observe.ts';
import type { WatchReading } from '../../../../operations/leaks/watch-leaks.ts';
import { ClaudeMemError } from '../../../../shared/errors.ts';
import { SORTS, type Sort } from '../../../../operations/leaks/order.ts';

/** The counts of one reading; null if it failed. */
interface Sample {
  readonly leaks: number | null;
  readonly managed: number | null;
  readonly leakedBytes: number | null;
}

/** The state behind the screen. */
export interface WatchState {
  /** The last reading that did not fail. */
  readonly observation: Observation | undefined;
  /** The error of the last reading, if it failed. */
  readonly failure: ClaudeMemError | undefined;
  readonly history: readonly Sample[];
  /** New processes, with the number of the reading that first showed them. */
  readonly appeared: ReadonlyMap<string, number>;
  readonly ended: readonly { readonly judgement: Judgement; readonly reading: number; readonly wasForeign: boolean }[];
  readonly reading: number;
  readonly sort: Sort;
  readonly isPaused: boolean;
  /** List every process of each group. */
  readonly isVerbose: boolean;
  /** Rows above the first one shown. */
  readonly scroll: number;
}

/** More columns than any terminal has. */
const MOST_SAMPLES = 400;
/** New and ended processes stay marked for this many readings. */
const NEWS_LASTS = 5;

export const EMPTY_STATE: WatchState = {
  observation: undefined,
  failure: undefined,
  history: [],
  appeared: new Map(),
  ended: [],
  reading: 0,
  sort: 'verdict',
  isPaused: false,
  isVerbose: false,
  scroll: 0,
};

export function addReading(state: WatchState, { number, seen, changes }: WatchReading): WatchState {
  const isNews = (since: number) => number - since < NEWS_LASTS;
  const added = changes.filter(({ kind, to }) => to !== 'zombie' && (kind === 'appeared' || kind === 'verdict'));
  const ended = changes.filter(({ kind, to, from }) => from !== 'zombie' && (kind === 'ended' || to === 'zombie'));
  return {
    ...state,
    reading: number,
    observation: seen instanceof ClaudeMemError ? state.observation : seen,
    failure: seen instanceof ClaudeMemError ? seen : undefined,
    history: [...state.history, sampleOf(seen)].slice(-MOST_SAMPLES),
    appeared: new Map([
      ...[...state.appeared].filter(([, since]) => isNews(since)),
      ...added.map(({ judgement }) => [keyOf(judgement), number] as const),
    ]),
    ended: [
      ...state.ended.filter(({ reading }) => isNews(reading)),
      // A zombie has lost its environment and command line, so the verdict before it counts.
      ...ended.map(({ judgement, from }) => ({ judgement, reading: number, wasForeign: from === 'foreign' })),
    ],
  };
}

export function nextSort(state: WatchState): WatchState {
  return { ...state, sort: SORTS[(SORTS.indexOf(state.sort) + 1) % SORTS.length] ?? 'verdict', scroll: 0 };
}

function sampleOf(seen: WatchReading['seen']): Sample {
  if (seen instanceof ClaudeMemError) return { leaks: null, managed: null, leakedBytes: null };
  const { judgements, reading } = seen;
  return {
    leaks: countLeaks(groupLeaks(judgements, reading.snapshot)),
    managed: judgements.filter(({ verdict }) => verdict === 'managed').length,
    leakedBytes: leakedBytes(judgements),
  };
}
