import uPlot from 'uplot';
import { find } from './element.ts';

export interface Line {
  readonly label: string;
  /** Name of a color in page.css. */
  readonly color: string;
}

export interface PlotOptions {
  readonly id: string;
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  /** Whether values are whole numbers, such as process counts. */
  readonly isWhole: boolean;
  /** The scale ends here at the earliest, so that noise near zero looks small. */
  readonly leastScale: number;
  readonly onPoint: (position: number | undefined) => void;
}

export type PlotData = readonly [at: readonly number[], ...values: (readonly (number | null)[])[]];

const HEIGHT = 160;
const AXIS_WIDTH = 62;
/** The scale ends at the largest value times this factor. */
const HEADROOM = 1.15;

/** A plot over time that follows the page's colors, light or dark, and its width. */
export function createPlot(options: PlotOptions): (data: PlotData) => void {
  const target = find(options.id);
  const plot = new uPlot(uplotOptions(options, target.clientWidth), [[], ...options.lines.map(() => [])], target);
  new ResizeObserver(() => {
    if (target.clientWidth > 0) plot.setSize({ width: target.clientWidth, height: HEIGHT });
  }).observe(target);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    plot.redraw();
  });
  return (data) => {
    plot.setData(data as unknown as uPlot.AlignedData);
  };
}

function uplotOptions({ lines, format, isWhole, leastScale, onPoint }: PlotOptions, width: number): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: () => color('quiet'),
    grid: { stroke: () => color('line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  return {
    width: Math.max(1, width),
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, sync: { key: 'time' } },
    scales: { y: { range: (_plot, _least, most) => [0, Math.max(leastScale, (most || 0) * HEADROOM)] } },
    axes: [
      { ...axis, grid: { show: false }, space: 80, size: 30, values: TIMES },
      {
        ...axis,
        size: AXIS_WIDTH,
        space: isWhole ? 24 : 40,
        ...(isWhole ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000] } : {}),
        values: (_plot, values) => values.map(format),
      },
    ],
    series: [
      {},
      ...lines.map(({ label, color: name }) => ({
        label,
        stroke: () => color(name),
        fill: () => color(`${name}-fill`),
        width: 2,
        points: { show: isLonely },
      })),
    ],
    hooks: {
      setCursor: [
        ({ cursor }) => {
          onPoint(cursor.idx ?? undefined);
        },
      ],
    },
  };
}

/** Shows seconds only if there is room, and days only if the time alone is ambiguous. */
const TIMES: uPlot.Axis.DynamicValues = (plot, values) => {
  const span = (plot.scales.x?.max ?? 0) - (plot.scales.x?.min ?? 0);
  return values.map((value) => {
    const date = new Date(value * 1000);
    if (span > 3 * 86_400) return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
    const seconds = span < 600 ? { second: '2-digit' as const } : {};
    return date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', ...seconds });
  });
};

/** A point without neighbors has no line. */
function isLonely(plot: uPlot): boolean {
  return plot.data[0].length < 2;
}

function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
