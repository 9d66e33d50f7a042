import type { ReportedLeft, ReportedRun, VerifyReport } from '../verify-report.ts';
import { count, printable } from './format.ts';

const HOW = { mark: 'bears the mark of this run', descent: 'descends from it' } as const;

/** What `verify -- COMMAND` tells people. */
export function renderCommandReport(report: VerifyReport): readonly string[] {
  const left = report.scenarios.flatMap((scenario) => scenario.left);
  const allowed = report.scenarios.flatMap((scenario) => scenario.allowed);
  const { error, blindSpot } = report;
  return [
    ...(error === null ? [] : [`claude-mem verify: ${printable(error.message)}`, error.hint ?? ''].filter(Boolean)),
    verdictLine(report),
    ...left.flatMap(describeLeft),
    ...allowed.map(({ pid, command }) => `  allowed: pid ${pid}  ${printable(command)}`),
    ...(blindSpot === null ? [] : [`  Not everything can be seen: ${blindSpot}.`]),
  ];
}

/** The result in a line. */
export function verdictLine({ scenarios, complete, run }: VerifyReport): string {
  const left = scenarios.reduce((sum, scenario) => sum + scenario.left.length, 0);
  if (left > 0) return `❌ FAIL: ${count(left, 'process', 'processes')} ${left === 1 ? 'was' : 'were'} left behind`;
  if (!complete) return '❌ FAIL: could not look at everything, so nothing is proven';
  if (run !== null) return commandVerdict(run);
  const isWell = scenarios.every(({ passed }) => passed !== false);
  return isWell ? '✅ PASS: No process leaks detected' : '❌ FAIL: not every scenario went as it should';
}

function commandVerdict({ exitCode, signal }: ReportedRun): string {
  if (exitCode === 0) return '✅ PASS: the command left no process behind';
  if (exitCode === null && signal === null) return '❌ FAIL: the command did not run';
  const how = signal === null ? `ended with ${exitCode ?? '?'}` : `was ended by ${signal}`;
  return `❌ FAIL: the command ${how}; it left no process behind`;
}

/** One process that was left, in the words a person can check with `ps`. */
export function describeLeft({
  pid,
  ppid,
  command,
  foundBy,
  startedAt,
  outcome,
  protectedBy,
}: ReportedLeft): readonly string[] {
  const facts = [`parent pid ${ppid}`, `started ${startedAt}`, HOW[foundBy]];
  if (outcome !== null) facts.push(`now: ${outcome}`);
  if (protectedBy !== null) facts.push(`not ended: ${protectedBy}`);
  return [`  pid ${pid}  ${printable(command)}`, `    ${printable(facts.join('; '))}`];
}
