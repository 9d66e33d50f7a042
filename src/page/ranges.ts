import { element, fill } from './element.ts';

export interface Range {
  /** In the format of the worker's API. */
  readonly since: string;
  readonly seconds: number;
  readonly title: string;
}

const RANGES = [
  { since: '15m', seconds: 900, title: '15 min' },
  { since: '1h', seconds: 3_600, title: '1 h' },
  { since: '24h', seconds: 86_400, title: '24 h' },
  { since: '14d', seconds: 1_209_600, title: '14 d' },
] as const satisfies readonly Range[];

export const FIRST_RANGE: Range = RANGES[0];

/** Buttons that choose the range of the plots. */
export function showRanges(current: Range, onChoice: (range: Range) => void): void {
  fill(
    'ranges',
    ...RANGES.map((range) => {
      const isCurrent = range.since === current.since;
      const button = element('button', { type: 'button', 'aria-pressed': String(isCurrent) }, range.title);
      button.addEventListener('click', () => {
        onChoice(range);
      });
      return button;
    }),
  );
}
