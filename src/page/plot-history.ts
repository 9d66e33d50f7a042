import type { PageHistory } from '../worker/page/page-history.ts';
import { find } from './element.ts';
import { addPoint, isGap, joinPoints, type Point } from './points.ts';
import { fetchHistory } from './poll.ts';
import { FIRST_RANGE, showRanges, type Range } from './ranges.ts';
import { createPlots } from './show-plots.ts';

/** The data of the plots: earlier samples from the supervisor, and readings since the page was opened. */
export class PlotHistory {
  readonly #path: string;
  readonly #onHistory: (history: PageHistory) => void;
  #range: Range = FIRST_RANGE;
  #history: readonly Point[] = [];
  #live: readonly Point[] = [];
  #show: ((points: readonly Point[]) => void) | undefined;

  constructor(path: string, onHistory: (history: PageHistory) => void) {
    this.#path = path;
    this.#onHistory = onHistory;
  }

  add(point: Point): void {
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
      const history = await fetchHistory(this.#path, range.since);
      // The user chose another range meanwhile.
      if (range !== this.#range) return;
      this.#history = history.points;
      this.#onHistory(history);
      note = noteOn(history);
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

function noteOn({ damagedSamples, unreadableFiles }: PageHistory): string {
  const unread = unreadableFiles.map(({ file, reason }) => `Cannot read ${file}: ${reason}.`);
  return [...unread, ...(damagedSamples > 0 ? [`${damagedSamples} damaged samples are not shown.`] : [])].join(' ');
}
