import { isFindingVerdict, type Judgement } from '../../../../core/verdicts/verdict.ts';
import { chainsOf, type Link } from '../../../../operations/leaks/chains.ts';
import { groupLeaks, type LeakGroup } from '../../../../operations/leaks/groups.ts';
import { compareBy } from '../../../../operations/leaks/order.ts';
import { keyOf } from '../../../../operations/terminate/terminate-until-quiet.ts';
import type { WatchState } from './watch-state.ts';

type News = 'new' | 'ended' | undefined;

/** One line of the list: a group of leaks, or a process. */
export type ListedLine =
  | { readonly kind: 'group'; readonly group: LeakGroup; readonly news: News }
  | { readonly kind: 'process'; readonly link: Link; readonly news: News };

/**
 * Lists the groups of leaked and unverified processes, then the other processes, in the chosen order. A verbose list has the processes of
 * each group below it. Ended processes stay listed for some readings. Foreign ones are listed only with `showForeign`.
 */
export function listed(state: WatchState, { showForeign }: { readonly showForeign: boolean }): readonly ListedLine[] {
  const { observation, appeared, ended, sort, isVerbose } = state;
  if (observation === undefined) return [];
  const { snapshot } = observation.reading;
  const isShown = ({ verdict }: Judgement) => showForeign || verdict !== 'foreign';
  const gone = new Set(ended.map(({ judgement }) => keyOf(judgement)));
  const compare = compareBy(sort);
  // A zombie would repeat a process that is shown as ended.
  const present = observation.judgements.filter((one) => isShown(one) && !gone.has(keyOf(one))).sort(compare);
  const past = ended
    .filter(({ wasForeign }) => showForeign || !wasForeign)
    .map(({ judgement }) => judgement)
    .sort(compare);

  const newsOf = (judgement: Judgement): News => (appeared.has(keyOf(judgement)) ? 'new' : undefined);
  const groupsIn = (judgements: readonly Judgement[], news: (one: Judgement) => News): readonly ListedLine[] =>
    groupLeaks(judgements, snapshot, sort).flatMap((group): readonly ListedLine[] => {
      const [first] = group.judgements.map(news).filter((one) => one !== undefined);
      const lines = group.chains.flat().map((link) => ({ kind: 'process' as const, link, news: news(link.judgement) }));
      return [{ kind: 'group', group, news: first }, ...(isVerbose ? lines : [])];
    });
  const othersIn = (judgements: readonly Judgement[], news: (one: Judgement) => News): readonly ListedLine[] =>
    chainsOf(
      judgements.filter(({ verdict }) => !isFindingVerdict(verdict)),
      snapshot,
    )
      .flat()
      .map((link) => ({ kind: 'process', link, news: news(link.judgement) }));
  const isEnded = (): News => 'ended';
  return [
    ...groupsIn(present, newsOf),
    ...groupsIn(past, isEnded),
    ...othersIn(present, newsOf),
    ...othersIn(past, isEnded),
  ];
}
