import type {
  ReportedChroma,
  ReportedError,
  ReportedLeft,
  ReportedRun,
  ReportedScenario,
  VerifyReport,
} from './json.ts';
import { count, printable } from '../../terminal/format.ts';

const HOW = { mark: 'has the mark of this run', descent: 'descends from the command' } as const;

/** Renders the report of `verify -- COMMAND` as text. */
export function renderCommandReport(report: VerifyReport): readonly string[] {
  const left = report.scenarios.flatMap((scenario) => scenario.left);
  const allowed = report.scenarios.flatMap((scenario) => scenario.allowed);
  const { error, blindSpot } = report;
  return [
    ...(error === null ? [] : renderError(error)),
    verdictLine(report),
    ...left.flatMap(describeLeft),
    ...allowed.map(({ pid, command }) => `  allowed: pid ${pid}  ${printable(command)}`),
    ...(blindSpot === null ? [] : [`  Limitation: ${blindSpot}.`]),
  ];
}

export function renderError({ message, hint }: ReportedError): readonly string[] {
  return [`claude-mem verify: ${printable(message)}`, hint ?? ''].filter(Boolean);
}

/** The lines before the first scenario, in the form of the old script. */
export function renderScenarioHead(chroma: ReportedChroma | null): readonly string[] {
  return [
    '=== Process Cleanup Test ===',
    `Chroma: ${describeChroma(chroma)}`,
    '1. Initial process count: 0',
    '2. Starting test process...',
  ];
}

/** Renders one line per scenario. */
export function renderScenario({ name, passed, during, after, settledMs, problem, left }: ScenarioLine): string {
  const title = `   ${name.padEnd(NAME_WIDTH)}`;
  if (passed === null) return `${title} skipped: ${printable(problem ?? '')}`;
  const figures = `${count(during ?? 0, 'process', 'processes')}, then ${after ?? '?'}`;
  if (passed) return `${title} ok      ${figures} (settled in ${((settledMs ?? 0) / 1000).toFixed(1)} s)`;
  const why = problem ?? `${count(left.length, 'process', 'processes')} left behind`;
  return `${title} FAILED  ${figures}: ${printable(why)}`;
}

/** The lines after the last scenario. */
export function renderScenarioEnd(report: VerifyReport): readonly string[] {
  const { scenarios, error } = report;
  const most = Math.max(0, ...scenarios.map(({ during }) => during ?? 0));
  const after = Math.max(0, ...scenarios.map((scenario) => scenario.after ?? 0));
  const left = scenarios.filter((scenario) => scenario.left.length > 0);
  return [
    `   During execution: ${count(most, 'process', 'processes')}`,
    `3. Final process count: ${after}`,
    ...left.flatMap((scenario) => [`   left by ${scenario.name}:`, ...scenario.left.flatMap(describeLeft)]),
    ...(error === null ? [] : [printable(error.message)]),
    verdictLine(report),
  ];
}

type ScenarioLine = Pick<ReportedScenario, 'name' | 'passed' | 'during' | 'after' | 'settledMs' | 'problem'> & {
  readonly left: readonly unknown[];
};

/** As wide as the longest name. */
const NAME_WIDTH = 18;

function describeChroma(chroma: ReportedChroma | null): string {
  if (chroma?.mode === 'semantic')
    return `the real chroma-mcp, started with ${printable(chroma.uvx ?? 'uvx')}; nothing is downloaded`;
  return `none, keyword search only (${printable(chroma?.reason ?? 'unknown')})`;
}

/** The result in one line. */
export function verdictLine({ scenarios, complete, run, error }: VerifyReport): string {
  const left = scenarios.reduce((sum, scenario) => sum + scenario.left.length, 0);
  if (left > 0) return `❌ FAIL: ${count(left, 'process', 'processes')} ${left === 1 ? 'was' : 'were'} left behind`;
  if (error !== null && run === null) return '❌ FAIL: the run did not finish';
  if (!complete) return '❌ FAIL: the process table could not be read completely, so nothing is proven';
  if (run !== null) return commandVerdict(run);
  const isWell = scenarios.every(({ passed }) => passed !== false);
  return isWell ? '✅ PASS: No process leaks detected' : '❌ FAIL: a scenario failed';
}

function commandVerdict({ exitCode, signal }: ReportedRun): string {
  if (exitCode === 0) return '✅ PASS: the command left no process behind';
  if (exitCode === null && signal === null) return '❌ FAIL: the command did not run';
  const how = signal === null ? `exited with ${exitCode ?? '?'}` : `was ended by ${signal}`;
  return `❌ FAIL: the command ${how}; it left no process behind`;
}

/** Describes a process that was left behind by facts that can be checked with `ps`. */
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
  if (outcome !== null) facts.push(`outcome: ${outcome}`);
  if (protectedBy !== null) facts.push(`not ended: ${protectedBy}`);
  return [`  pid ${pid}  ${printable(command)}`, `    ${printable(facts.join('; '))}`];
}
