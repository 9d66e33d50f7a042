import { element, fill, find } from './element.ts';

export interface Notice {
  readonly tone: 'ill' | 'busy';
  readonly text: string;
  /** What to do about it. */
  readonly command?: string;
}

/** What a person must know before believing the rest. */
export function showNotices(notices: readonly Notice[]): void {
  fill(
    'notices',
    ...notices.map(({ tone, text, command }) =>
      element(
        'p',
        { class: `notice ${tone}` },
        text,
        ...(command === undefined ? [] : [' Run ', element('code', {}, command), ' in a terminal.']),
      ),
    ),
  );
}

export function showLive(text: string, isLive: boolean): void {
  fill('live', element('span', { class: isLive ? 'dot on' : 'dot', 'aria-hidden': 'true' }), text);
}

/** What is shown is of a worker that is not there now. */
export function markStale(isStale: boolean): void {
  const badge = find('state');
  if (isStale && !badge.hidden) {
    badge.textContent = 'not connected';
    badge.className = 'badge ill';
  }
  find('content').classList.toggle('stale', isStale);
}

export function timeOf(date: Date): string {
  return date.toLocaleTimeString('en-GB');
}
