import { escapeHidden } from '../../../core/text/harmless-text.ts';
import { describeAges, describePids } from '../../../operations/leaks/describe-groups.ts';
import { reportLeaks } from '../../../operations/leaks/leak-report.ts';
import { remarks } from '../../../operations/leaks/leak-remarks.ts';
import { count, printable } from '../../terminal/format.ts';
import { evidenceLine, painter } from '../../terminal/process-table.ts';
import { clip, widthOf, wrap } from '../../terminal/wrap.ts';
import { leakSentence } from '../leaks/text.ts';
import { formatLogLine } from '../logs/text.ts';
import { groupRow, processRows, type RowView } from './rows.ts';
import { selectedPosition, type MonitState } from './monit-state.ts';

export interface MonitView extends RowView {
  readonly rows: number;
  /** Time between two readings, formatted. */
  readonly interval: string;
  /** Time of day of the last reading. */
  readonly time: string;
}

/** Shorter screens omit the blank lines and the log. */
const TALL_ROWS = 16;
/** A title and some lines. */
const LEAST_LOG_ROWS = 5;

/** Draws the whole screen: at most `rows` lines, none wider than `columns`. */
export function drawMonit(state: MonitState, view: MonitView): readonly string[] {
  const foot = keyLine(state, view);
  const top = head(state, view).slice(0, Math.max(1, view.rows - 1));
  const room = Math.max(0, view.rows - 1 - top.length);
  const body = bodyOf(state, view, room).slice(0, room);
  const filler = Array.from({ length: room - body.length }, () => '');
  return [...top, ...body, ...filler, foot].slice(0, view.rows).map((line) => clip(line, view.columns));
}

/** The number of log lines that fit on the whole screen. */
export function logRoom(state: MonitState, view: MonitView): number {
  return Math.max(1, view.rows - 1 - head(state, view).length - 1);
}

function bodyOf(state: MonitState, view: MonitView, room: number): readonly string[] {
  if (state.view === 'help') {
    const blank = view.rows >= TALL_ROWS ? [''] : [];
    return [...blank, ...HELP.map(([key, does]) => `  ${key.padEnd(14)}${does}`)];
  }
  if (state.view === 'log') return wholeLog(state, view, room);
  const list = overview(state, view);
  const isTall = view.rows >= TALL_ROWS;
  const ownRows = isTall ? Math.max(LEAST_LOG_ROWS, room - list.length - 1) : 0;
  const shown = windowOf(list, room - (ownRows === 0 ? 0 : ownRows + 1), view);
  return ownRows === 0 ? shown : [...shown, '', ...detail(state, view, ownRows)];
}

/** The state of the tree, and everything that is wrong with it. */
function head(state: MonitState, view: MonitView): readonly string[] {
  const { report, failure, observation } = state;
  const paint = painter(view.output);
  const lines: string[] = [];
  if (failure !== undefined) {
    const reason = printable(failure.message).replace(/\.?$/, '.');
    lines.push(
      ...wrap(paint.yellow.bold(`Reading failed: ${reason} An earlier one is below.`), view.columns).split('\n'),
    );
  }
  if (report === undefined || observation === undefined) return lines;
  const isTall = view.rows >= TALL_ROWS;
  const where = `every ${view.interval}, ${view.time}${state.isPaused ? ', paused' : ''}`;
  lines.push(stateLine(state, view));
  if (isTall) lines.push(paint.gray(`${where}, data dir ${printable(report.dataDir)}`));
  const problems = [report.problem, ...(report.health ?? []).map(({ message }) => message)].flatMap(
    (text) => text ?? [],
  );
  for (const problem of problems.slice(0, isTall ? 2 : 1)) lines.push(paint.yellow(printable(problem)));
  if (!observation.isComplete) {
    const { summary } = reportLeaks(observation, { showForeign: false });
    lines.push(...remarks(observation, summary, { isRecorded: false }).slice(0, 1));
  }
  return lines;
}

function stateLine({ report, isPaused }: MonitState, { output, rows, columns }: MonitView): string {
  const paint = painter(output);
  const paused = isPaused && rows < TALL_ROWS ? paint.gray(', paused') : '';
  if (report?.running !== true) return `claude-mem is ${paint.yellow.bold('not running')}${paused}`;
  const isWell = report.state === 'running' && report.problem === null;
  const state = isWell ? paint.green.bold('running') : paint.yellow.bold(report.state ?? 'not answering');
  const facts = [
    (report.restarts ?? 0) > 0 ? count(report.restarts ?? 0, 'restart') : '',
    report.port === null ? '' : `http://127.0.0.1:${report.port}`,
    report.search.mode === 'semantic' ? 'search by meaning' : 'search by keyword',
    report.version === null ? '' : `version ${report.version}`,
  ].filter((fact) => fact !== '');
  let line = `claude-mem is ${state}`;
  // The most important ones come first.
  for (const fact of facts) {
    if (widthOf(`${line}, ${fact}${paused}`) > columns) break;
    line += `, ${fact}`;
  }
  return `${line}${paused}`;
}

interface ListLine {
  /** Called only for a line that fits the screen: there may be hundreds. */
  readonly text: () => string;
  readonly isSelected: boolean;
}

/** The tree, and the leaks in groups. */
function overview(state: MonitState, view: MonitView): readonly ListLine[] {
  const { observation, items, leaks, leaked } = state;
  if (observation === undefined) return [];
  const plain = (text: string): ListLine => ({ text: () => text, isSelected: false });
  const blank = view.rows >= TALL_ROWS ? [plain('')] : [];
  const processes = items.filter(({ kind }) => kind === 'process');
  const [titles = '', ...rows] = processRows(state, view);
  const groups = items.filter((item) => item.kind === 'group');
  const tree = [
    plain(`  ${titles}`),
    ...rows.map((text, index) => ({ text: () => text, isSelected: processes[index]?.key === state.selected })),
  ];
  return [
    ...blank,
    ...(processes.length === 0 ? [plain('No tree runs. Ctrl-R starts one.')] : tree),
    ...blank,
    plain(leakSentence(leaked, { leaks, isComplete: observation.isComplete, output: view.output })),
    ...groups.map((item) => ({ text: () => groupRow(item, state, view), isSelected: item.key === state.selected })),
  ];
}

/** The part of the list that contains the selected line. */
function windowOf(list: readonly ListLine[], room: number, { output }: MonitView): readonly string[] {
  if (room <= 0) return [];
  const selected = list.findIndex(({ isSelected }) => isSelected);
  const isLastGroup = selected === list.length - 1;
  const first = Math.max(0, Math.min(list.length - room, selected - room + (isLastGroup ? 1 : 2)));
  const shown = list.slice(first, first + room).map(({ text }) => text());
  const hidden = list.length - first - shown.length;
  // The last line counts the line that it replaces.
  if (hidden > 0 && shown.length > 1) shown.splice(-1, 1, painter(output).gray(`  … and ${hidden + 1} more`));
  return shown;
}

/** The log of the selected process, or the proof of the selected group. */
function detail(state: MonitState, view: MonitView, room: number): readonly string[] {
  const paint = painter(view.output);
  const item = state.items[selectedPosition(state)];
  if (item?.kind === 'group') {
    const { group } = item;
    const facts = `${describeAges(group)}, ${describePids(group.judgements)}.`;
    const proof = `${group.chains.length === 1 ? '' : `newest, pid ${group.newest.row.pid}: `}${evidenceLine(group.newest)}`;
    return [paint.bold('PROOF'), ...wrap(`${facts}\n${proof}`, view.columns).split('\n')].slice(0, room);
  }
  if (state.log === undefined) return [];
  const top = Math.max(0, logLength(state) - (room - 1));
  return [logTitle(state, view), ...logLines(state, view, { top, room: room - 1 })].slice(0, room);
}

function wholeLog(state: MonitState, view: MonitView, room: number): readonly string[] {
  if (state.log === undefined) return ['The selected line has no log.'];
  const last = Math.max(0, logLength(state) - (room - 1));
  const top = state.logTop === 'end' ? last : Math.min(state.logTop, last);
  return [logTitle(state, view), ...logLines(state, view, { top, room: room - 1 })];
}

function logTitle({ log, view }: MonitState, { output }: MonitView): string {
  const paint = painter(output);
  return `${paint.bold(`LOG ${printable(log?.name ?? '')}`)}${view === 'log' ? '' : paint.gray('  l: whole screen')}`;
}

function logLength({ log }: MonitState): number {
  return log?.lines.length ?? 0;
}

/** Formats only the lines that are shown. */
function logLines(
  { log }: MonitState,
  { output, columns }: MonitView,
  { top, room }: { readonly top: number; readonly room: number },
): readonly string[] {
  if (log?.problem !== undefined) return wrap(printable(log.problem), columns).split('\n').slice(0, room);
  if (log === undefined || log.lines.length === 0) return ['The log is empty.'];
  // A log may contain anything.
  return log.lines.slice(top, top + room).map((line) => clip(escapeHidden(formatLogLine(line, output)), columns));
}

const HELP = [
  ['↑ ↓ k j', 'select a process or a group of leaks'],
  ['Home End', 'select the first or the last line'],
  ['PgUp PgDn', 'move by a page'],
  ['l, Enter', 'log of the selected process on the whole screen'],
  ['r', 'reap: shows the plan, asks, ends proven leaks'],
  ['Ctrl-R', 'restart the tree, or start one: asks first'],
  ['space', 'pause the readings'],
  ['Ctrl-L', 'draw again'],
  ['Ctrl-Z', 'suspend; fg returns'],
  ['q, Escape', 'back, or quit'],
  ['Ctrl-C', 'quit'],
] as const;

function keyLine({ view: shown, isPaused }: MonitState, { columns, output, isUnicode }: MonitView): string {
  const arrows = isUnicode ? '↑↓' : 'j/k';
  const parts =
    shown === 'overview'
      ? [
          'q quit',
          '? help',
          'r reap',
          `${arrows} select`,
          'l log',
          '^R restart',
          isPaused ? 'space resume' : 'space pause',
        ]
      : [
          'q back',
          ...(shown === 'log' ? [`${arrows} scroll`, 'End follow', isPaused ? 'space resume' : 'space pause'] : []),
        ];
  let text = '';
  for (const part of parts) {
    const longer = text === '' ? part : `${text}  ${part}`;
    if (widthOf(longer) > columns) break;
    text = longer;
  }
  return painter(output).inverse(text);
}
