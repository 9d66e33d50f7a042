import { formatBytes } from '../core/text/wording.ts';
import { element, fill } from './element.ts';
import { formatPercent } from './current-cpu.ts';
import { createPlot, type Line, type PlotOptions } from './plot.ts';
import type { Point } from './points.ts';
import { table } from './table.ts';

interface ShownLine extends Line {
  readonly value: (point: Point) => number | null;
}

interface ShownPlot extends Omit<PlotOptions, 'id' | 'lines' | 'onPoint'> {
  /** Prefix of the ids in index.html. */
  readonly name: string;
  readonly lines: readonly ShownLine[];
}

const MEGABYTE = 1_000_000;

/** Each scale starts at zero. Leaked memory has its own, because it can be a hundred times that of the tree. */
const PLOTS: readonly ShownPlot[] = [
  {
    name: 'memory',
    lines: [{ label: 'tree', color: 'tree', value: ({ memoryBytes }) => memoryBytes }],
    ...{ format: formatBytes, isWhole: false, leastScale: 10 * MEGABYTE },
  },
  {
    name: 'leaked',
    lines: [{ label: 'leaked', color: 'leak', value: ({ leakedBytes }) => leakedBytes }],
    ...{ format: formatBytes, isWhole: false, leastScale: 10 * MEGABYTE },
  },
  {
    name: 'cpu',
    lines: [{ label: 'tree', color: 'tree', value: ({ cpuPercent }) => cpuPercent }],
    ...{ format: (percent) => `${percent} %`, isWhole: false, leastScale: 5 },
  },
  {
    name: 'count',
    lines: [
      { label: 'tree', color: 'tree', value: ({ processes }) => processes },
      { label: 'leaked', color: 'leak', value: ({ leaks }) => leaks },
    ],
    ...{ format: String, isWhole: true, leastScale: 2 },
  },
];

/** About as many rows as fit on a screen. */
const ROWS = 20;

/** Plots memory, CPU and counts over time. Returns a function that shows new points. */
export function createPlots(): (points: readonly Point[]) => void {
  let shown: readonly Point[] = [];
  const describe = (position?: number): void => {
    const point = position === undefined ? shown.at(-1) : shown[position];
    if (point !== undefined) for (const plot of PLOTS) showLegend(plot, point);
  };
  const drawn = PLOTS.map((plot) => {
    const draw = createPlot({ ...plot, id: `${plot.name}-plot`, onPoint: describe });
    return { plot, draw };
  });
  return (points) => {
    shown = points;
    const at = shown.map((point) => point.at);
    for (const { plot, draw } of drawn) draw([at, ...plot.lines.map(({ value }) => shown.map(value))]);
    describe();
    fill('points', asTable(points.filter(({ processes }) => processes !== null)));
  };
}

function showLegend({ name, lines, format }: ShownPlot, point: Point): void {
  const valueOf = ({ value }: ShownLine): string => {
    const known = value(point);
    if (known === null) return '?';
    return name === 'cpu' ? formatPercent(known) : format(known);
  };
  fill(
    `${name}-text`,
    ...lines.map((line) =>
      element(
        'span',
        {},
        element('span', { class: `key ${line.color}`, 'aria-hidden': 'true' }),
        `${line.label} `,
        element('b', {}, valueOf(line)),
      ),
    ),
    element('span', { class: 'quiet' }, timeAndDay(point.at)),
  );
}

function asTable(points: readonly Point[]): Node {
  const step = Math.max(1, Math.ceil(points.length / ROWS));
  const rows = [...points].reverse().filter((_, position) => position % step === 0);
  return table(
    'Memory, CPU and processes over time, newest first',
    [
      { title: 'Time', cell: ({ at }) => timeAndDay(at) },
      { title: 'Memory', isNumber: true, cell: ({ memoryBytes }) => formatBytes(memoryBytes) },
      { title: 'CPU', isNumber: true, cell: ({ cpuPercent }) => formatPercent(cpuPercent) },
      { title: 'Processes', isNumber: true, cell: ({ processes }) => String(processes ?? '?') },
      { title: 'Leaked memory', isNumber: true, cell: ({ leakedBytes }) => formatBytes(leakedBytes) },
      { title: 'Leaked processes', isNumber: true, cell: ({ leaks }) => String(leaks ?? '?') },
    ],
    rows,
  );
}

function timeAndDay(at: number): string {
  const date = new Date(at * 1000);
  const isToday = date.toDateString() === new Date().toDateString();
  const time = date.toLocaleTimeString('en-GB');
  return isToday ? time : `${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${time}`;
}
