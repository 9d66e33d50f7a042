import { memoryOf } from '../../../operations/leaks/process-memory.ts';
import { describeGroupWithin } from '../../../operations/leaks/describe-groups.ts';
import { formatAge } from '../../../shared/duration.ts';
import { describeProcess, formatBytes } from '../../terminal/format.ts';
import { sparkline } from '../../terminal/full-screen/sparkline.ts';
import type { Output } from '../../terminal/output.ts';
import { painter, paintVerdict } from '../../terminal/process-table.ts';
import { clip, widthOf } from '../../terminal/wrap.ts';
import { branchOf } from '../status/branch.ts';
import type { MonitItem, MonitState } from './monit-state.ts';

export interface RowView {
  readonly columns: number;
  readonly isUnicode: boolean;
  readonly output: Output;
}

const MARK = 2;
const [PID, UP, CPU, MEMORY, VERDICT] = [8, 8, 9, 9, 12];
const WIDEST_SPARKLINE = 24;
const NARROWEST_SPARKLINE = 4;
const NARROWEST_NAME = 14;
/** A process that uses less than this percentage of a core has a low bar. */
const LEAST_CPU_SCALE = 10;

/** Draws the processes of the tree, with their titles. A narrow screen omits the sparklines, then the pid, then the uptime. */
export function processRows(state: MonitState, view: RowView): readonly string[] {
  const items = state.items.filter((item) => item.kind === 'process');
  const depths = items.map(({ member }) => member.depth);
  const names = items.map(
    ({ member }, position) => branchOf(depths, position, view.isUnicode) + describeProcess(member.judgement),
  );
  const widths = widthsFor(Math.max('PROCESS'.length, ...names.map(widthOf)), view.columns);
  const titles = cells({ name: 'PROCESS', pid: 'PID', up: 'UP', cpu: 'CPU', memory: 'MEMORY' }, widths);
  const rows = items.map(({ key, member: { judgement } }, position) => {
    const { cpuPercent = [], memoryBytes = [] } = state.uses.get(key) ?? {};
    const now = cpuPercent.at(-1) ?? null;
    const size = { width: widths.sparkline, isUnicode: view.isUnicode };
    const text = cells(
      {
        name: names[position] ?? '',
        pid: String(judgement.row.pid),
        up: formatAge(judgement.ageSeconds),
        cpu: now === null ? '-' : `${now.toFixed(1)} %`,
        cpuLine: sparkline(cpuPercent, { ...size, least: LEAST_CPU_SCALE }),
        memory: formatBytes(memoryOf(judgement).totalBytes),
        memoryLine: sparkline(memoryBytes, size),
      },
      widths,
    );
    return marked(text, key === state.selected, view);
  });
  return [painter(view.output).bold(titles.trimEnd()), ...rows];
}

/** Draws a group of leaked or unverified processes. */
export function groupRow({ group, key }: MonitItem & { kind: 'group' }, state: MonitState, view: RowView): string {
  const isNarrow = view.columns < 2 * (MARK + VERDICT + MEMORY + UP);
  const verdict = paintVerdict(group.verdict, painter(view.output));
  const facts = [
    verdict + ' '.repeat(Math.max(1, VERDICT - widthOf(verdict))),
    formatBytes(group.memoryBytes).padEnd(MEMORY),
    isNarrow ? '' : formatAge(group.oldestAgeSeconds).padEnd(UP),
  ].join('');
  const takenAt = state.observation?.reading.snapshot.takenAt ?? '';
  const title = describeGroupWithin(view.columns - MARK - widthOf(facts), group, takenAt);
  return marked(`${facts}${title}`, key === state.selected, view);
}

/** The mark shows the selected line without colors, too. */
function marked(text: string, isSelected: boolean, { columns, output, isUnicode }: RowView): string {
  if (!isSelected) return clip(`  ${text}`, columns);
  const line = clip(`${isUnicode ? '▸' : '>'} ${text}`, columns);
  return output.hasColor ? painter(output).inverse(line + ' '.repeat(columns - widthOf(line))) : line;
}

interface Widths {
  readonly name: number;
  readonly pid: number;
  readonly up: number;
  readonly sparkline: number;
}

function widthsFor(longestName: number, columns: number): Widths {
  const rest = columns - MARK - CPU - MEMORY;
  const name = Math.max(NARROWEST_NAME, Math.min(longestName, rest));
  const isRoomy = rest >= name + PID + UP;
  const sparkline = Math.min(WIDEST_SPARKLINE, Math.floor((rest - name - PID - UP) / 2) - 1);
  return {
    name,
    pid: isRoomy ? PID : 0,
    up: isRoomy || rest >= name + UP ? UP : 0,
    sparkline: sparkline < NARROWEST_SPARKLINE ? 0 : sparkline,
  };
}

interface Cells {
  readonly name: string;
  readonly pid: string;
  readonly up: string;
  readonly cpu: string;
  readonly cpuLine?: string;
  readonly memory: string;
  readonly memoryLine?: string;
}

function cells({ name, pid, up, cpu, cpuLine = '', memory, memoryLine = '' }: Cells, widths: Widths): string {
  const shownName = widthOf(name) > widths.name ? `${clip(name, widths.name - 1)}~` : name;
  const line = (text: string) => (widths.sparkline === 0 ? '' : ` ${text.padStart(widths.sparkline)}`);
  return [
    shownName + ' '.repeat(Math.max(0, widths.name - widthOf(shownName))),
    widths.pid === 0 ? '' : pid.padStart(widths.pid),
    widths.up === 0 ? '' : up.padStart(widths.up),
    cpu.padStart(CPU),
    line(cpuLine),
    memory.padStart(MEMORY),
    line(memoryLine),
  ].join('');
}
