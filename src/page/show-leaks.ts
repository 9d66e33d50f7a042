import { count, formatBytes, printable } from '../core/text/wording.ts';
import type { PageFinding, PageGroup, PageState } from '../worker/page/page-state.ts';
import { formatAge } from '../shared/duration.ts';
import { copyable } from './copy.ts';
import { element, fill } from './element.ts';
import { prose } from './prose.ts';
import { sparkline } from './sparkline.ts';
import { groupKey, type Trails } from './trails.ts';

/** Limits the groups, and the processes of a group, to a readable length; `claude-mem leaks --verbose` shows all. */
const MOST_SHOWN = 50;
/** Further groups are folded: without known owners, hundreds of leaks are as many groups. */
const UNFOLDED = 8;

interface Context {
  readonly byPid: ReadonlyMap<number, PageFinding>;
  readonly trails: Trails;
}

/** Shows leaked and unverified processes by the process that left them, and the command that ends leaks. */
export class LeakView {
  readonly #open = new Set<string>();
  #latest: { readonly state: PageState; readonly trails: Trails } | undefined;

  constructor() {
    // Processes are drawn only in open groups. The event does not bubble.
    document.addEventListener(
      'toggle',
      ({ target }) => {
        if (target instanceof HTMLDetailsElement && target.dataset.group !== undefined) this.#toggle(target);
      },
      true,
    );
  }

  show(state: PageState, trails: Trails): void {
    this.#latest = { state, trails };
    const { summary, groups, findings, reapCommand } = state;
    const { headline, tone } = headlineOf(state);
    const context = { byPid: new Map(findings.map((finding) => [finding.pid, finding])), trails };
    fill(
      'leaks',
      element('p', { class: `verdict ${tone}` }, headline),
      ...(reapCommand === null ? [] : [command(reapCommand)]),
      ...this.#cards(groups.slice(0, UNFOLDED), context),
      ...this.#folded(groups.slice(UNFOLDED), context),
      ...(summary.leaks === 0 && summary.unverified > 0 ? [element('p', { class: 'quiet' }, UNVERIFIED)] : []),
    );
  }

  #toggle({ open, dataset: { group = '' } }: HTMLDetailsElement): void {
    if (open === this.#open.has(group)) return;
    if (open) this.#open.add(group);
    else this.#open.delete(group);
    if (this.#latest !== undefined) this.show(this.#latest.state, this.#latest.trails);
  }

  #cards(groups: readonly PageGroup[], context: Context): readonly Node[] {
    if (groups.length === 0) return [];
    return [element('ul', { class: 'findings' }, ...groups.map((group) => this.#card(group, context)))];
  }

  #folded(groups: readonly PageGroup[], context: Context): readonly Node[] {
    if (groups.length === 0) return [];
    const isOpen = this.#open.has(FOLD);
    const memory = groups.reduce((sum, { memoryBytes }) => sum + (memoryBytes ?? 0), 0);
    const title = `${count(groups.length, 'smaller group')}, ${formatBytes(memory)}`;
    return [
      element(
        'details',
        { 'data-key': FOLD, 'data-group': FOLD },
        element('summary', {}, title),
        ...(isOpen ? [...this.#cards(groups.slice(0, MOST_SHOWN), context), ...more(groups.length - MOST_SHOWN)] : []),
      ),
    ];
  }

  #card(group: PageGroup, { byPid, trails }: Context): Node {
    const { title, verdict, pids, memoryBytes, oldestAgeSeconds, evidence } = group;
    const key = groupKey(group);
    const processes = this.#open.has(key) ? pids.flatMap((pid) => byPid.get(pid) ?? []) : [];
    return element(
      'li',
      { 'data-key': key },
      element(
        'p',
        { class: 'finding' },
        element('span', { class: `state ${verdict === 'unverified' ? 'busy' : 'ill'}` }, verdict),
        element('strong', {}, printable(title)),
        element('span', { class: 'facts' }, `up to ${formatAge(oldestAgeSeconds)} old`),
        element('span', { class: 'memory' }, formatBytes(memoryBytes), sparkline(trails.of(key))),
      ),
      element('p', { class: 'reasons' }, ...reasons(evidence)),
      element(
        'details',
        { 'data-group': key },
        element('summary', {}, count(pids.length, 'process', 'processes')),
        ...(processes.length === 0
          ? []
          : [
              element(
                'ul',
                { class: 'processes' },
                ...processes.slice(0, MOST_SHOWN).map((process) => row(process, trails)),
              ),
              ...more(processes.length - MOST_SHOWN),
            ]),
      ),
    );
  }
}

/** No key of a group: these start with a verdict. */
const FOLD = 'fold';
const UNVERIFIED = 'Unverified processes are never ended. The last reason of each one says which proof is missing.';

function headlineOf({ summary, leaked, complete }: PageState): { readonly headline: string; readonly tone: string } {
  if (summary.leaks > 0)
    return { headline: `Leaked: ${leaked}, using ${formatBytes(summary.leakedMemoryBytes)}.`, tone: 'ill' };
  if (complete) return { headline: 'No leaks.', tone: 'well' };
  // Processes that could not be read may have leaked.
  return { headline: 'No leaks found, but not all processes could be read.', tone: 'busy' };
}

function more(hidden: number): readonly Node[] {
  if (hidden <= 0) return [];
  return [
    element(
      'p',
      {},
      `And ${count(hidden, 'other')}. To see all, run in a terminal: `,
      copyable('claude-mem leaks --verbose'),
    ),
  ];
}

/** A python is indented below its uv wrapper. */
function row(process: PageFinding, trails: Trails): Node {
  const { pid, ppid, name, depth, ageSeconds, memory, evidence, command: line } = process;
  const indent = Array.from({ length: Math.min(depth, 6) }, (_, level) =>
    element('span', { class: level === depth - 1 ? 'branch' : 'space', 'aria-hidden': 'true' }),
  );
  const parent = depth === 0 ? [] : [element('span', { class: 'unseen' }, `, below pid ${ppid}`)];
  return element(
    'li',
    { 'data-key': process.key },
    element(
      'p',
      { class: 'name' },
      ...indent,
      element('strong', {}, printable(name)),
      ...parent,
      element('span', { class: 'facts' }, `pid ${pid} · ${formatAge(ageSeconds)} old`),
      element('span', { class: 'memory' }, formatBytes(memory.totalBytes), sparkline(trails.of(process.key))),
    ),
    element('p', { class: 'reasons' }, ...reasons(evidence)),
    element('code', { class: 'line' }, printable(line)),
  );
}

function reasons(evidence: PageFinding['evidence']): readonly (Node | string)[] {
  return prose(`${printable(evidence.map(({ detail }) => detail).join('; '))}.`);
}

function command(line: string): Node {
  return element(
    'p',
    { class: 'command' },
    'To see which processes would be ended, run in a terminal: ',
    copyable(line),
  );
}
