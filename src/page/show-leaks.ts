import { count, formatBytes, printable } from '../core/text/wording.ts';
import type { PageFinding, PageState } from '../worker/page/page-state.ts';
import { formatAge } from '../shared/duration.ts';
import { element, fill } from './element.ts';

/** Limits the list to a readable length; `claude-mem leaks` shows all. */
const MOST_SHOWN = 50;

/** Shows leaked and unverified processes with their evidence, and the command that ends leaks. */
export function showLeaks({ summary, findings, reapCommand, complete }: PageState): void {
  const leaks = summary.orphans + summary.excess;
  const { headline, tone } = headlineOf(summary, complete);
  const more = findings.length - MOST_SHOWN;
  fill(
    'leaks',
    element('p', { class: `verdict ${tone}` }, headline),
    ...(findings.length === 0
      ? []
      : [element('ul', { class: 'findings' }, ...findings.slice(0, MOST_SHOWN).map(card))]),
    ...(more > 0
      ? [element('p', {}, `And ${count(more, 'other')}. To see all, run `, element('code', {}, 'claude-mem leaks'))]
      : []),
    ...(reapCommand === null ? [] : [command(reapCommand)]),
    ...(leaks === 0 && summary.unverified > 0 ? [element('p', { class: 'quiet' }, UNVERIFIED)] : []),
  );
}

const UNVERIFIED = 'Unverified processes are never ended. The last reason of each one says which proof is missing.';

function headlineOf(
  { orphans, excess, leakedMemoryBytes }: PageState['summary'],
  complete: boolean,
): { readonly headline: string; readonly tone: string } {
  if (orphans + excess > 0) {
    const what = [orphans > 0 ? count(orphans, 'orphan') : '', excess > 0 ? `${excess} excess` : ''];
    const leaked = what.filter((part) => part !== '').join(', ');
    return { headline: `Leaked: ${leaked}, using ${formatBytes(leakedMemoryBytes)}.`, tone: 'ill' };
  }
  if (complete) return { headline: 'No leaks.', tone: 'well' };
  // Processes that could not be read may have leaked.
  return { headline: 'No leaks found, but not all processes could be read.', tone: 'busy' };
}

function card({ pid, name, verdict, ageSeconds, memory, evidence, command: line }: PageFinding): Node {
  return element(
    'li',
    {},
    element(
      'p',
      { class: 'finding' },
      element('span', { class: `state ${verdict === 'unverified' ? 'busy' : 'ill'}` }, verdict),
      element('strong', {}, printable(name)),
      element(
        'span',
        { class: 'facts' },
        `pid ${pid} · ${formatAge(ageSeconds)} old · ${formatBytes(memory.totalBytes)}`,
      ),
    ),
    element('p', {}, `${printable(evidence.map(({ detail }) => detail).join('; '))}.`),
    element('details', {}, element('summary', {}, 'Command line'), element('code', { class: 'line' }, printable(line))),
  );
}

function command(line: string): Node {
  return element(
    'div',
    { class: 'command' },
    element('span', {}, 'To see which processes would be ended, run in a terminal:'),
    element('code', { class: 'line', tabindex: '0' }, line),
  );
}
