import { formatBytes } from '../core/text/wording.ts';
import { element, fill } from './element.ts';
import { createPlot, type Line } from './plot.ts';
import type { Point } from './points.ts';
import { table } from './table.ts';

const LINES = [
  { label: 'tree', color: 'tree' },
  { label: 'leaked', color: 'leak' },
] as const satisfies readonly Line[];

/** About as many rows as fit on a screen. */
const ROWS = 20;

/** Plots memory and counts over time. Returns a function that shows new points. */
export function createPlots(): (points: readonly Point[]) => void {
  let shown: readonly Point[] = [];
  const describe = (position?: number): void => {
    const point = position === undefined ? shown.at(-1) : shown[position];
    if (point === undefined) return;
    const at = timeAndDay(point.at);
    legend('memory-text', at, [formatKnown(point.memoryBytes), formatKnown(point.leakedBytes)]);
    legend('count-text', at, [String(point.processes ?? '?'), String(point.leaks ?? '?')]);
  };
  const common = { lines: LINES, onPoint: describe };
  const memory = createPlot({ ...common, id: 'memory-plot', isWhole: false, format: formatBytes });
  const counts = createPlot({ ...common, id: 'count-plot', isWhole: true, format: String });
  return (points) => {
    shown = points;
    const at = shown.map((point) => point.at);
    memory([at, shown.map(({ memoryBytes }) => memoryBytes), shown.map(({ leakedBytes }) => leakedBytes)]);
    counts([at, shown.map(({ processes }) => processes), shown.map(({ leaks }) => leaks)]);
    describe();
    fill('points', asTable(points.filter(({ processes }) => processes !== null)));
  };
}

function legend(id: string, at: string, values: readonly string[]): void {
  fill(
    id,
    ...LINES.map(({ label, color }, position) =>
      element(
        'span',
        {},
        element('span', { class: `key ${color}`, 'aria-hidden': 'true' }),
        `${label} `,
        element('b', {}, values[position] ?? ''),
      ),
    ),
    element('span', { class: 'quiet' }, at),
  );
}

function asTable(points: readonly Point[]): Node {
  const step = Math.max(1, Math.ceil(points.length / ROWS));
  const rows = [...points].reverse().filter((_, position) => position % step === 0);
  return table(
    'Memory and processes over time, newest first',
    [
      { title: 'Time', cell: ({ at }) => timeAndDay(at) },
      { title: 'Memory of the tree', isNumber: true, cell: ({ memoryBytes }) => formatKnown(memoryBytes) },
      { title: 'Processes', isNumber: true, cell: ({ processes }) => String(processes ?? '?') },
      { title: 'Leaked memory', isNumber: true, cell: ({ leakedBytes }) => formatKnown(leakedBytes) },
      { title: 'Leaked processes', isNumber: true, cell: ({ leaks }) => String(leaks ?? '?') },
    ],
    rows,
  );
}

function formatKnown(bytes: number | null): string {
  return formatBytes(bytes);
}

function timeAndDay(at: number): string {
  const date = new Date(at * 1000);
  const isToday = date.toDateString() === new Date().toDateString();
  const time = date.toLocaleTimeString('en-GB');
  return isToday ? time : `${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${time}`;
}
