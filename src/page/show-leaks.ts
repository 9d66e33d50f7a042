import { count, formatBytes, printable } from '../core/text/wording.ts';
import type { PageFinding, PageGroup, PageState } from '../worker/page/page-state.ts';
import { formatAge } from '../shared/duration.ts';
import { element, fill } from './element.ts';

/** Limits the groups, and the processes of a group, to a readable length; `claude-mem leaks --verbose` shows all. */
const MOST_SHOWN = 50;

/** Shows leaked and unverified processes by the process that left them, and the command that ends leaks. */
export function showLeaks(state: PageState): void {
  const { summary, groups, findings, reapCommand } = state;
  const { headline, tone } = headlineOf(state);
  const byPid = new Map(findings.map((finding) => [finding.pid, finding]));
  fill(
    'leaks',
    element('p', { class: `verdict ${tone}` }, headline),
    ...(groups.length === 0
      ? []
      : [element('ul', { class: 'findings' }, ...groups.slice(0, MOST_SHOWN).map((group) => card(group, byPid)))]),
    ...more(groups.length - MOST_SHOWN),
    ...(reapCommand === null ? [] : [command(reapCommand)]),
    ...(summary.leaks === 0 && summary.unverified > 0 ? [element('p', { class: 'quiet' }, UNVERIFIED)] : []),
  );
}

const UNVERIFIED = 'Unverified processes are never ended. The last reason of each one says which proof is missing.';

function headlineOf({ summary, leaked, complete }: PageState): { readonly headline: string; readonly tone: string } {
  if (summary.leaks > 0)
    return { headline: `Leaked: ${leaked}, using ${formatBytes(summary.leakedMemoryBytes)}.`, tone: 'ill' };
  if (complete) return { headline: 'No leaks.', tone: 'well' };
  // Processes that could not be read may have leaked.
  return { headline: 'No leaks found, but not all processes could be read.', tone: 'busy' };
}

function card(group: PageGroup, byPid: ReadonlyMap<number, PageFinding>): Node {
  const { title, verdict, pids, memoryBytes, oldestAgeSeconds, evidence } = group;
  const processes = pids.flatMap((pid) => byPid.get(pid) ?? []);
  const facts = [`up to ${formatAge(oldestAgeSeconds)} old`, formatBytes(memoryBytes)];
  return element(
    'li',
    {},
    element(
      'p',
      { class: 'finding' },
      element('span', { class: `state ${verdict === 'unverified' ? 'busy' : 'ill'}` }, verdict),
      element('strong', {}, printable(title)),
      element('span', { class: 'facts' }, facts.join(' · ')),
    ),
    element('p', {}, reasons(evidence)),
    element(
      'details',
      {},
      element('summary', {}, count(processes.length, 'process', 'processes')),
      element('ul', { class: 'processes' }, ...processes.slice(0, MOST_SHOWN).map(row)),
      ...more(processes.length - MOST_SHOWN),
    ),
  );
}

function more(hidden: number): readonly Node[] {
  if (hidden <= 0) return [];
  return [
    element(
      'p',
      {},
      `And ${count(hidden, 'other')}. To see all, run `,
      element('code', {}, 'claude-mem leaks --verbose'),
    ),
  ];
}

/** A python is indented below its uv wrapper. */
function row({ pid, ppid, name, depth, ageSeconds, memory, evidence, command: line }: PageFinding): Node {
  const indent = Array.from({ length: Math.min(depth, 6) }, (_, level) =>
    element('span', { class: level === depth - 1 ? 'branch' : 'space', 'aria-hidden': 'true' }),
  );
  const parent = depth === 0 ? [] : [element('span', { class: 'unseen' }, `, below pid ${ppid}`)];
  return element(
    'li',
    {},
    element(
      'p',
      { class: 'name' },
      ...indent,
      element('strong', {}, printable(name)),
      ...parent,
      element(
        'span',
        { class: 'facts' },
        `pid ${pid} · ${formatAge(ageSeconds)} old · ${formatBytes(memory.totalBytes)}`,
      ),
    ),
    element('p', {}, reasons(evidence)),
    element('code', { class: 'line' }, printable(line)),
  );
}

function reasons(evidence: PageFinding['evidence']): string {
  return `${printable(evidence.map(({ detail }) => detail).join('; '))}.`;
}

function command(line: string): Node {
  return element(
    'div',
    { class: 'command' },
    element('span', {}, 'To see which processes would be ended, run in a terminal:'),
    element('code', { class: 'line', tabindex: '0' }, line),
  );
}
