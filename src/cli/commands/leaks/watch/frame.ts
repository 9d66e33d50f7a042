import { describeGroupWithin } from '../../../../operations/leaks/describe-groups.ts';
import type { LeakGroup } from '../../../../operations/leaks/groups.ts';
import { reportLeaks } from '../../../../operations/leaks/leak-report.ts';
import type { Output } from '../../../terminal/output.ts';
import { formatAge } from '../../../../shared/duration.ts';
import { formatBytes, printable } from '../../../terminal/format.ts';
import { remarks } from '../../../../operations/leaks/leak-remarks.ts';
import { leakHeadline } from '../text.ts';
import { cellsOf, painter, paintVerdict } from '../../../terminal/process-table.ts';
import { clip, widthOf, wrap } from '../../../terminal/wrap.ts';
import { sparkline } from '../../../terminal/full-screen/sparkline.ts';
import { listed, type ListedLine } from './listed.ts';
import type { WatchState } from './watch-state.ts';

export interface FrameView {
  readonly columns: number;
  readonly rows: number;
  readonly showForeign: boolean;
  /** Time between two readings, formatted. */
  readonly interval: string;
  /** Time of day of the last reading. */
  readonly time: string;
  readonly isUnicode: boolean;
  readonly hasKeys: boolean;
  readonly output: Output;
}

/** Shorter screens omit the history. */
const ROWS_FOR_HISTORY = 14;
/** Narrower screens omit the age. */
const COLUMNS_FOR_AGE = 60;
const MOST_REMARKS = 2;

/** Draws the whole screen: at most `rows` lines, none wider than `columns`. A small screen omits lines from the middle. */
export function drawFrame(state: WatchState, view: FrameView): readonly string[] {
  const { rows, columns } = view;
  const foot = [help(state, view)];
  const top = head(state, view).slice(0, Math.max(1, rows - foot.length));
  const room = Math.max(0, rows - foot.length - top.length);
  const body = list(state, view, room);
  const filler = Array.from({ length: room - body.length }, () => '');
  return [...top, ...body, ...filler, ...foot].slice(0, rows).map((line) => clip(line, columns));
}

/** Counts the rows of the list that do not fit: the end of scrolling. */
export function hiddenRows(state: WatchState, view: FrameView): number {
  const room = view.rows - 1 - head(state, view).length - TITLE_ROWS;
  return Math.max(0, listed(state, view).length - Math.max(1, room));
}

function head(state: WatchState, view: FrameView): readonly string[] {
  const paint = painter(view.output);
  const { observation, failure } = state;
  const lines: string[] = [];
  if (failure !== undefined) {
    const reason = printable(failure.message).replace(/\.?$/, '.');
    const words = `Reading failed: ${reason} The list below is from an earlier reading.`;
    lines.push(...wrap(paint.yellow.bold(words), view.columns).split('\n'));
  }
  if (observation === undefined) return lines;
  const { summary } = reportLeaks(observation, view);
  const [sentence, scope] = leakHeadline(observation, view);
  const isTall = view.rows >= ROWS_FOR_HISTORY;
  if (failure === undefined)
    lines.push(
      ...wrap(sentence, view.columns)
        .split('\n')
        .slice(0, isTall ? 3 : 1),
    );
  lines.push(paint.gray(`every ${view.interval}, ${view.time}${state.isPaused ? ', paused' : ''}`));
  if (isTall) lines.push(scope, ...history(state, view));
  // The remark on an incomplete reading comes first and appears on the smallest screen too.
  const said = remarks(observation, summary, { isRecorded: false });
  if (!observation.isComplete || isTall) lines.push(...said.slice(0, isTall ? MOST_REMARKS : 1));
  return lines;
}

function history({ history: samples }: WatchState, view: FrameView): readonly string[] {
  const last = samples.at(-1);
  const bytes = last?.leakedBytes ?? null;
  const series = [
    ['leaked', samples.map(({ leaks }) => leaks), String(last?.leaks ?? '?')],
    ['managed', samples.map(({ managed }) => managed), String(last?.managed ?? '?')],
    ['memory', samples.map(({ leakedBytes }) => leakedBytes), formatBytes(bytes)],
  ] as const;
  return [
    '',
    ...series.map(([name, values, now]) => {
      const label = `${name.padEnd(9)}${now.padEnd(9)}`;
      return label + sparkline(values, { width: view.columns - label.length, isUnicode: view.isUnicode });
    }),
    '',
  ];
}

const TITLE_ROWS = 1;

function list(state: WatchState, view: FrameView, room: number): readonly string[] {
  const all = listed(state, view);
  if (room < TITLE_ROWS + 1 || all.length === 0) return [];
  const paint = painter(view.output);
  const titles = line(['', 'PID', 'VERDICT', 'MEMORY', 'AGE', 'PROCESS'], view);
  const first = Math.min(state.scroll, Math.max(0, all.length - (room - TITLE_ROWS)));
  const shown = all.slice(first, first + room - TITLE_ROWS);
  const hidden = all.length - first - shown.length;
  const rows = shown.map((item) => row(item, view, state.observation?.reading.snapshot.takenAt ?? ''));
  // The last line counts the row that it replaces.
  if (hidden > 0 && rows.length > 1) rows.splice(-1, 1, paint.gray(`  … and ${hidden + 1} more`));
  return [paint.bold(titles), ...rows];
}

function row(item: ListedLine, view: FrameView, takenAt: string): string {
  const paint = painter(view.output);
  const { pid, verdict, process, age, memory } =
    item.kind === 'group'
      ? groupCells(item.group, takenAt, view)
      : cellsOf(item.link.judgement, paint, item.link.depth);
  if (item.news === 'ended') return paint.gray(line(['-', pid, 'ended', memory, age, process], view));
  return line([item.news === 'new' ? paint.bold('+') : '', pid, verdict, memory, age, process], view);
}

/** A group shows the pid of its first process, its oldest age and its total memory. */
function groupCells(group: LeakGroup, takenAt: string, { output, columns }: FrameView) {
  const { judgements, verdict, memoryBytes, oldestAgeSeconds } = group;
  const [first] = judgements;
  return {
    pid: `${first?.row.pid ?? ''}${judgements.length > 1 ? ' …' : ''}`,
    verdict: paintVerdict(verdict, painter(output)),
    process: describeGroupWithin(columns - WIDTHS.reduce((sum, width) => sum + width, 0), group, takenAt),
    age: formatAge(oldestAgeSeconds),
    memory: formatBytes(memoryBytes),
  };
}

const WIDTHS = [2, 9, 12, 9, 8] as const;
const AGE_COLUMN = 4;

function line(cells: readonly string[], { columns }: FrameView): string {
  return cells
    .map((cell, index) => {
      if (index === AGE_COLUMN && columns < COLUMNS_FOR_AGE) return '';
      return cell + ' '.repeat(Math.max(0, (WIDTHS[index] ?? 0) - widthOf(cell)));
    })
    .join('')
    .trimEnd();
}

function help({ sort, isPaused, isVerbose }: WatchState, { columns, hasKeys, output }: FrameView): string {
  const paint = painter(output);
  if (!hasKeys) return paint.inverse('Ctrl-C quits');
  const parts = [
    'q quit',
    'r reap',
    `s sort: ${sort}`,
    isPaused ? 'space resume' : 'space pause',
    isVerbose ? 'v groups' : 'v every process',
    '↑↓ scroll',
  ];
  let text = '';
  for (const part of parts) {
    const longer = text === '' ? part : `${text}  ${part}`;
    if (widthOf(longer) > columns) break;
    text = longer;
  }
  return paint.inverse(text);
}
