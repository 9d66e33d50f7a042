import type { PageState } from '../worker/page/page-state.ts';
import { find } from './element.ts';
import { addPoint, isGap, joinPoints, pointOf, type Point } from './points.ts';
import { fetchHistory } from './poll.ts';
import { FIRST_RANGE, showRanges, type Range } from './ranges.ts';
import { createPlots } from './show-plots.ts';

/** The data of the plots: earlier samples from the supervisor, and readings since the page was opened. */
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
    // The supervisor sampled what this page missed.
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
      // The user chose another range meanwhile.
      if (range !== this.#range) return;
      // Samples do not contain the memory of leaked processes.
      this.#history = points.map((point) => ({ ...point, leakedBytes: null }));
      const unread = unreadableFiles.map(({ file, reason }) => `Cannot read ${file}: ${reason}.`);
      note = [...unread, ...(damagedSamples > 0 ? [`${damagedSamples} damaged samples are not shown.`] : [])].join(' ');
    } catch {
      note = 'Earlier samples could not be read. The plots start when this page was opened.';
    }
    find('plot-note').textContent = note;
    this.#draw();
  }

  #draw(): void {
    // Created only when there is data: a plot takes its width from the page.
    this.#show ??= createPlots();
    const now = this.#live.at(-1)?.at ?? 0;
    this.#show(joinPoints(this.#history, this.#live, now - this.#range.seconds));
  }
}
