import type { ChalkInstance } from 'chalk';
import type { CheckStatus } from '../../../operations/doctor/check.ts';
import type { CheckResult } from '../../../operations/doctor/diagnose.ts';
import type { CheckList, DoctorReport } from './json.ts';
import type { Output } from '../../terminal/output.ts';
import { count, printable } from '../../terminal/format.ts';
import { painter } from '../../terminal/process-table.ts';
import { withProgramName } from '../../program-name.ts';
import { wrap } from '../../terminal/wrap.ts';

/** Longer lines are hard to read, even on a wide terminal. */
const WIDEST = 100;
const INDENT = '    ';

const LOOKS = {
  fail: { sign: '✖', color: 'red', noun: ['failed', 'failed'] },
  error: { sign: '!', color: 'magenta', noun: ['could not look', 'could not look'] },
  warn: { sign: '⚠', color: 'yellow', noun: ['warning', 'warnings'] },
  pass: { sign: '✔', color: 'green', noun: ['passed', 'passed'] },
  skip: { sign: '–', color: 'gray', noun: ['skipped', 'skipped'] },
} as const satisfies Record<CheckStatus, unknown>;

/** The worst first. */
const ORDER = Object.keys(LOOKS) as CheckStatus[];

export interface DoctorView {
  /** The command that also prints the checks that passed or were skipped; undefined prints them. */
  readonly showAll: string | undefined;
}

/** Prints `doctor` for people: problems first, each with reason and fix. The other checks are counted, or have a line each. */
export function printDoctor(report: DoctorReport, output: Output, { showAll }: DoctorView): void {
  const paint = painter(output);
  const width = Math.min(output.columns, WIDEST);
  const sorted = ORDER.flatMap((status) => report.checks.filter((check) => check.status === status));
  const isWell = ({ status }: CheckResult): boolean => status === 'pass' || status === 'skip';
  const bad = sorted.filter((check) => !isWell(check)).map((check) => describeBad(check, paint, width));
  const well = sorted.filter(isWell);
  const good = showAll === undefined ? well.map((check) => headline(check, paint, width)) : [];
  const hint = showAll === undefined || well.length === 0 ? '' : ` To list every check:  ${showAll}`;
  const fixed = report.fixed.flatMap(({ done, error }) => [
    ...done.map((line) => `${paint.green('✔')} ${printable(line)}`),
    ...(error === null ? [] : [`${paint.red('✖')} could not be fixed: ${printable(error)}`]),
  ]);
  const parts = [
    ...(fixed.length > 0 ? [['Fixed:', ...fixed].map((line) => wrap(line, width)).join('\n')] : []),
    ...bad,
    ...(good.length > 0 ? [good.join('\n')] : []),
    verdict(report, paint) + hint,
  ];
  output.data(parts.join('\n\n'));
}

export function printCheckList({ checks }: CheckList, output: Output): void {
  const widest = Math.max(...checks.map(({ id }) => id.length));
  const width = Math.min(output.columns, WIDEST);
  for (const { id, title, why } of checks) {
    output.data(`${id.padEnd(widest)}  ${title}`);
    output.data(wrap(`${' '.repeat(widest + 2)}${why}`, width));
  }
}

function describeBad(check: CheckResult, paint: ChalkInstance, width: number): string {
  const lines = [`${INDENT}Why: ${check.why}`];
  if (check.fix !== null) lines.push(`${INDENT}${withProgramName(`Fix: ${paint.bold(printable(check.fix))}`)}`);
  return [headline(check, paint, width), ...lines.map((line) => wrap(line, width))].join('\n');
}

function headline({ id, title, status, detail }: CheckResult, paint: ChalkInstance, width: number): string {
  const { sign, color } = LOOKS[status];
  const name = status === 'pass' || status === 'skip' ? title : `${paint.bold(title)} (${id})`;
  const [first = '', ...rest] = wrap(`${INDENT}${sign} ${name}: ${printable(detail)}`, width)
    .trimStart()
    .split('\n');
  return [`${paint[color](sign)}${first.slice(sign.length)}`, ...rest].join('\n');
}

function verdict({ summary }: DoctorReport, paint: ChalkInstance): string {
  const counts = ORDER.filter((status) => summary[status] > 0).map((status) => {
    const { noun, color } = LOOKS[status];
    return paint[color](`${summary[status]} ${summary[status] === 1 ? noun[0] : noun[1]}`);
  });
  const all = Object.values(summary).reduce((sum, amount) => sum + amount, 0);
  return `${count(all, 'check')}: ${counts.join(', ')}.`;
}
