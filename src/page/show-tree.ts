import { formatBytes, printable } from '../core/text/wording.ts';
import type { PageProcess, PageState } from '../worker/page/page-state.ts';
import { formatAge } from '../shared/duration.ts';
import { element, fill } from './element.ts';
import { table, type Column } from './table.ts';

const COLUMNS: readonly Column<PageProcess>[] = [
  { title: 'Process', cell: nameCell },
  { title: 'State', cell: ({ state }) => element('span', { class: `state ${toneOf(state)}` }, state ?? '?') },
  { title: 'Pid', isNumber: true, cell: ({ pid }) => String(pid) },
  { title: 'Up', isNumber: true, cell: ({ uptimeSeconds }) => formatAge(uptimeSeconds) },
  { title: 'Memory', isNumber: true, cell: ({ memory }) => formatBytes(memory.totalBytes) },
  {
    title: 'CPU',
    isNumber: true,
    cell: ({ cpuPercent }) => (cpuPercent === null ? '?' : `${cpuPercent.toFixed(1)} %`),
  },
  { title: 'Restarts', isNumber: true, cell: ({ restarts }) => (restarts === null ? '–' : String(restarts)) },
];

/** Shows the tree, each process below its parent. */
export function showTree({ processes }: PageState): void {
  if (processes.length === 0) {
    fill('tree', element('p', {}, 'This worker runs without a supervisor, so there is no tree to show.'));
    return;
  }
  fill('tree', table('Processes of the tree', COLUMNS, processes));
}

function nameCell({ name, depth, ppid }: PageProcess): Node {
  const indent = Array.from({ length: Math.min(depth, 6) }, (_, level) =>
    element('span', { class: level === depth - 1 ? 'branch' : 'space', 'aria-hidden': 'true' }),
  );
  const parent = depth === 0 ? [] : [element('span', { class: 'unseen' }, `, below pid ${ppid}`)];
  return element('span', { class: 'name' }, ...indent, element('span', {}, printable(name)), ...parent);
}

const WELL: ReadonlySet<string | null> = new Set(['running', 'answering', 'ready', 'sleeping', 'asleep']);
const ON_ITS_WAY: ReadonlySet<string | null> = new Set(['starting', 'reconnecting', 'stopping']);

function toneOf(state: string | null): string {
  if (WELL.has(state)) return 'well';
  return ON_ITS_WAY.has(state) ? 'busy' : 'ill';
}
