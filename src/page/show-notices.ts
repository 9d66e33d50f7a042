import { copyable } from './copy.ts';
import { element, fill, find } from './element.ts';
import { prose } from './prose.ts';

export interface Notice {
  readonly tone: 'ill' | 'busy';
  readonly text: string;
  /** Command that helps to solve the problem. */
  readonly command?: string;
}

/** Shows problems that affect the meaning of the rest of the page. */
export function showNotices(notices: readonly Notice[]): void {
  fill(
    'notices',
    ...notices.map(({ tone, text, command }) =>
      element(
        'p',
        { class: `notice ${tone}` },
        ...prose(text),
        ...(command === undefined ? [] : [' Run in a terminal: ', copyable(command)]),
      ),
    ),
  );
}

export function showLive(text: string, isLive: boolean): void {
  fill('live', element('span', { class: isLive ? 'dot on' : 'dot', 'aria-hidden': 'true' }), text);
}

/** Marks the content as outdated while the worker is not reachable. */
export function markStale(isStale: boolean): void {
  const badge = find('state');
  if (isStale && !badge.hidden) {
    badge.textContent = 'not connected';
    badge.className = 'badge ill';
    document.title = 'not connected · claude-mem';
  }
  find('content').classList.toggle('stale', isStale);
}

export function timeOf(date: Date): string {
  return date.toLocaleTimeString('en-GB');
}
