import type { SampledRole } from '../../../core/health/sample.ts';
import { formatAge } from '../../../shared/duration.ts';
import type { HistoryReport, ReportedSample } from './json.ts';
import type { Output } from '../../terminal/output.ts';
import { drawChart, peaksOf, roundUp } from './chart.ts';
import { count, formatBytes, printable } from '../../terminal/format.ts';
import { commandOn } from '../../terminal/hint.ts';
import { painter } from '../../terminal/process-table.ts';

const WIDEST = 110;
const ROWS = 5;
/** Width of the scale on the left. */
const LABEL_COLUMNS = 8;
/** Narrower terminals get the table of roles without CPU. */
const TABLE_COLUMNS = 58;

/** Prints `history` for people: the charts, and the last and the peak values of each role. */
export function printHistory(report: HistoryReport, output: Output, dataDirFlag: string | undefined): void {
  const { samples, dataDir } = report;
  const [first, last] = [samples[0], samples.at(-1)];
  const paint = painter(output);
  if (first === undefined || last === undefined) {
    output.text(`No samples in the last ${spanOf(report)}. Data dir ${printable(dataDir)}`);
    output.text(`The supervisor samples a running tree every 5 s. To start one:  ${commandOn(dataDirFlag, 'start')}`);
    return;
  }
  const shown = shownSpan(report);
  const headline = `The last ${spanOf(report)}: ${count(samples.length, 'sample')}${describeGaps(report)}`;
  output.text(shown.isZoomed ? `${headline}. The charts show the ${spanText(shown)} with samples.` : headline);
  output.text(paint.gray(`Data dir ${printable(dataDir)}`));
  const total = (sample: ReportedSample) => sample.memoryBytes;
  const kind = last.memoryKind === 'rss' ? 'RSS' : 'PSS + swap';
  printChart({ title: `MEMORY (${kind})`, value: total, label: formatBytes, color: 'cyan' }, report, output);
  if (samples.some(({ cpuPercent }) => cpuPercent !== null)) {
    printChart(
      { title: 'CPU (% of a core)', value: ({ cpuPercent }) => cpuPercent, label: share, color: 'yellow' },
      report,
      output,
    );
  }
  printChart(
    { title: 'PROCESSES', value: ({ processes }) => processes, label: String, color: 'green' },
    report,
    output,
  );
  const leaks = ({ orphans, excess }: ReportedSample) => (orphans ?? 0) + (excess ?? 0);
  if (samples.some((sample) => leaks(sample) > 0)) {
    printChart({ title: 'LEAKS', value: leaks, label: String, color: 'red' }, report, output);
  }
  output.data(`\n${drawRoles(samples, output.columns)}`);
  const restarts = countRestarts(samples);
  if (restarts > 0) output.text(`\nThe worker restarted ${count(restarts, 'time')}.`);
}

interface ChartSpec {
  readonly title: string;
  readonly value: (sample: ReportedSample) => number | null;
  readonly label: (value: number) => string;
  readonly color: 'cyan' | 'green' | 'red' | 'yellow';
}

function printChart({ title, value, label, color }: ChartSpec, report: HistoryReport, output: Output): void {
  const paint = painter(output);
  const { sinceMs, untilMs } = shownSpan(report);
  const columns = Math.max(8, Math.min(output.columns, WIDEST) - LABEL_COLUMNS - 2);
  const items = report.samples.map((sample) => {
    const atMs = Date.parse(sample.takenAt);
    return { fromMs: atMs - sample.spanSeconds * 1000, untilMs: atMs, value: value(sample) };
  });
  const known = items.flatMap((item) => item.value ?? []);
  const peak = Math.max(0, ...known.slice(-1), ...peaksOf(items, { columns, sinceMs, untilMs }).map((it) => it ?? 0));
  const most = roundUp(peak);
  const lines = drawChart({ values: peaksOf(items, { columns, sinceMs, untilMs }), rows: ROWS, most });
  const newest = report.gaps.at(-1)?.until === report.until ? 'last' : 'now';
  output.text(`\n${paint.bold(title)}  ${newest} ${label(known.at(-1) ?? 0)}, peak ${label(peak)}`);
  for (const [row, line] of lines.entries()) {
    const scale = row === 0 ? label(most) : row === ROWS - 1 ? '0' : '';
    output.data(`${scale.padStart(LABEL_COLUMNS)} ${paint.gray('│')}${paint[color](line.trimEnd())}`);
  }
  output.data(paint.gray(`${' '.repeat(LABEL_COLUMNS)} └${'─'.repeat(columns)}`));
  output.data(`${' '.repeat(LABEL_COLUMNS + 2)}${timeAxis(report, columns)}`);
}

interface ShownSpan {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Whether a considerable part of the asked time has no samples and is left out. */
  readonly isZoomed: boolean;
}

/** A shorter chart would stretch a few samples over the whole width, in milliseconds. */
const SHORTEST_SPAN_MS = 60_000;
/** A chart that leaves out less is not worth a sentence. */
const ZOOMED_SHARE = 0.9;

/** The time from the first sample on, until the last one if the tree does not run now. */
function shownSpan({ samples, gaps, since, until }: HistoryReport): ShownSpan {
  const [first, last] = [samples[0], samples.at(-1)];
  const [fromMs, nowMs] = [Date.parse(since), Date.parse(until)];
  const firstMs = first === undefined ? fromMs : Date.parse(first.takenAt) - first.spanSeconds * 1000;
  const isOver = last !== undefined && gaps.at(-1)?.until === until;
  const untilMs = isOver ? Date.parse(last.takenAt) : nowMs;
  const sinceMs = Math.max(fromMs, Math.min(firstMs, untilMs - SHORTEST_SPAN_MS));
  // Only with a request for less than the shortest span.
  if (sinceMs >= untilMs) return { sinceMs: fromMs, untilMs: nowMs, isZoomed: false };
  return { sinceMs, untilMs, isZoomed: untilMs - sinceMs < ZOOMED_SHARE * (nowMs - fromMs) };
}

function spanText({ sinceMs, untilMs }: ShownSpan): string {
  return formatAge((untilMs - sinceMs) / 1000);
}

/** Prints the time at both ends of the chart, and in the middle if there is room. */
function timeAxis(report: HistoryReport, columns: number): string {
  const { sinceMs, untilMs } = shownSpan(report);
  const nowMs = Date.parse(report.until);
  const form: TimeForm =
    untilMs - sinceMs < SECONDS_BELOW_MS
      ? 'seconds'
      : untilMs - sinceMs > DAYS_ABOVE_MS || nowMs - untilMs > DAYS_ABOVE_MS
        ? 'day'
        : 'minutes';
  const start = clockTime(sinceMs, form);
  const end = untilMs === nowMs ? 'now' : clockTime(untilMs, form);
  if (columns < 4 * start.length) {
    const hasRoom = columns > start.length + end.length;
    return hasRoom ? start + end.padStart(columns - start.length) : end.slice(0, columns).padStart(columns);
  }
  const middle = clockTime((sinceMs + untilMs) / 2, form);
  const left = start.padEnd(Math.floor((columns - middle.length) / 2)) + middle;
  return left + clockTime(untilMs, form).padStart(columns - left.length);
}

type TimeForm = 'seconds' | 'minutes' | 'day';
/** With shorter charts, both ends could show the same minute. */
const SECONDS_BELOW_MS = 5 * 60_000;
/** With longer charts, both ends could show the same time of day. */
const DAYS_ABOVE_MS = 20 * 3_600_000;

function clockTime(ms: number, form: TimeForm): string {
  const date = new Date(ms);
  const time = `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
  if (form === 'seconds') return `${time}:${twoDigits(date.getSeconds())}`;
  return form === 'day' ? `${MONTHS[date.getMonth()] ?? ''} ${date.getDate()} ${time}` : time;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

const NAMES: readonly SampledRole[] = [
  'supervisor',
  'worker',
  'search',
  'chroma-sync',
  'chroma-search',
  'setup',
  'other',
];

function drawRoles(samples: readonly ReportedSample[], columns: number): string {
  const last = samples.at(-1);
  const isNarrow = columns < TABLE_COLUMNS;
  const rows = NAMES.filter((name) => samples.some(({ roles }) => roles[name] !== undefined)).map((name) => {
    const now = last?.roles[name];
    const uses = samples.flatMap(({ roles }) => roles[name] ?? []);
    const most = (pick: (use: (typeof uses)[number]) => number | null) =>
      uses.reduce((peak, use) => Math.max(peak, pick(use) ?? 0), 0);
    return [
      name,
      `${now?.processes ?? 0}/${most((use) => use.processes)}`,
      formatBytes(now === undefined ? 0 : now.memoryBytes),
      formatBytes(most((use) => use.memoryBytes)),
      ...(isNarrow ? [] : [percent(now?.cpuPercent ?? 0), percent(most((use) => use.cpuPercent))]),
    ];
  });
  const head = ['ROLE', 'LAST/PEAK', 'MEMORY', 'PEAK', ...(isNarrow ? [] : ['CPU', 'PEAK'])];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join(isNarrow ? ' ' : '  '),
    )
    .join('\n');
}

/** For the scale of a chart, which has little room. */
function share(value: number): string {
  return value >= 10 ? `${Math.round(value)} %` : `${value.toFixed(1)} %`;
}

function percent(value: number): string {
  return `${value.toFixed(1)} %`;
}

function spanOf({ since, until }: HistoryReport): string {
  return formatAge((Date.parse(until) - Date.parse(since)) / 1000);
}

function describeGaps({ gaps }: HistoryReport): string {
  if (gaps.length === 0) return '';
  const seconds = gaps.reduce((sum, gap) => sum + (Date.parse(gap.until) - Date.parse(gap.from)) / 1000, 0);
  return `, ${count(gaps.length, 'gap')} (${formatAge(seconds)} in all: no tree ran, or it could not be sampled)`;
}

/** Adds up the restarts of all trees. Each tree counts from 0. */
function countRestarts(samples: readonly ReportedSample[]): number {
  return samples.reduce((sum, sample, position) => {
    const before = samples[position - 1];
    if (before?.treeId !== sample.treeId) return sum + (before === undefined ? 0 : sample.restarts);
    return sum + Math.max(0, sample.restarts - before.restarts);
  }, 0);
}
