import type { PageState } from '../worker/page/page-state.ts';
import { find } from './element.ts';
import { addPoint, isGap, joinPoints, pointOf, type Point } from './points.ts';
import { fetchHistory } from './poll.ts';
import { FIRST_RANGE, showRanges, type Range } from './ranges.ts';
import { createPlots } from './show-plots.ts';

/** What the plots show: what was sampled before, and what the page has read itself since it was opened. */
export class PlotHistory {
  readonly #path: string;
  #range: Range = FIRST_RANGE;
  #history: readonly Point[] = [];
  #live: readonly Point[] = [];
  #show: ((points: readonly Point[]) => void) | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  add(state: PageState): void {
    const point = pointOf(state);
    // What this page has missed was sampled all the same.
    const isFirst = this.#live.length === 0;
    if (isFirst || isGap(this.#live.at(-1), point)) {
      this.#live = [];
      void this.#load();
    }
    this.#live = addPoint(this.#live, point);
    if (isFirst) this.#offerRanges();
    this.#draw();
  }

  #choose(range: Range): void {
    this.#range = range;
    this.#offerRanges();
    void this.#load();
  }

  #offerRanges(): void {
    showRanges(this.#range, (range) => {
      this.#choose(range);
    });
  }

  async #load(): Promise<void> {
    const range = this.#range;
    let note: string;
    try {
      const { points, damagedSamples, unreadableFiles } = await fetchHistory(this.#path, range.since);
      // Somebody has chosen another meanwhile.
      if (range !== this.#range) return;
      // What the leaked ones held is not sampled.
      this.#history = points.map((point) => ({ ...point, leakedBytes: null }));
      const unread = unreadableFiles.map(({ file, reason }) => `Could not be read: ${file}: ${reason}.`);
      note = [...unread, ...(damagedSamples > 0 ? [`Damaged samples left out: ${damagedSamples}.`] : [])].join(' ');
    } catch {
      note = 'What was sampled before could not be read; the plots begin with this page.';
    }
    find('plot-note').textContent = note;
    this.#draw();
  }

  #draw(): void {
    // Made only when there is something to be seen: a plot takes its width from the page.
    this.#show ??= createPlots();
    const now = this.#live.at(-1)?.at ?? 0;
    this.#show(joinPoints(this.#history, this.#live, now - this.#range.seconds));
  }
}
