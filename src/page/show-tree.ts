import { formatBytes, printable } from '../core/text/wording.ts';
import type { PageProcess, PageState } from '../worker/page/page-state.ts';
import { formatAge } from '../shared/duration.ts';
import { formatPercent, type CpuUse } from './current-cpu.ts';
import { element, fill } from './element.ts';
import { sparkline } from './sparkline.ts';
import { table, type Column } from './table.ts';
import type { Trail, Trails } from './trails.ts';

interface Row {
  readonly process: PageProcess;
  /** Percent of one core since the previous reading; null if unknown. */
  readonly cpuPercent: number | null;
  readonly trail: Trail;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'Process', cell: ({ process }) => nameCell(process) },
  {
    title: 'State',
    cell: ({ process: { state } }) => element('span', { class: `state ${toneOf(state)}` }, state ?? '?'),
  },
  { title: 'Pid', isNumber: true, cell: ({ process }) => String(process.pid) },
  { title: 'Up', isNumber: true, cell: ({ process }) => formatAge(process.uptimeSeconds) },
  { title: 'CPU', isNumber: true, cell: ({ cpuPercent }) => formatPercent(cpuPercent) },
  {
    title: 'Restarts',
    isNumber: true,
    cell: ({ process: { restarts } }) => (restarts === null ? '–' : String(restarts)),
  },
  { title: 'Memory', isNumber: true, cell: ({ process }) => formatBytes(process.memory.totalBytes) },
  { title: 'Last 10 min', name: 'trail', cell: ({ trail }) => sparkline(trail) },
];

/** Shows the tree, each process below its parent. */
export function showTree({ processes }: PageState, cpu: CpuUse, trails: Trails): void {
  if (processes.length === 0) {
    fill('tree', element('p', {}, 'This worker runs without a supervisor, so there is no tree to show.'));
    return;
  }
  const rows = processes.map((process) => {
    const key = process.key;
    return { process, cpuPercent: cpu.get(key) ?? null, trail: trails.of(key) };
  });
  fill('tree', table('Processes of the tree', COLUMNS, rows));
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
