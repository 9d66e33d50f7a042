import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import type { ReportedScenario, VerifyReport } from './json.ts';
import { printable } from '../../terminal/format.ts';
import { describeLeft, verdictLine } from './text.ts';

/** Renders the annotations that GitHub shows beside a run: one per failed scenario, and one for the error of the run. */
function renderAnnotations({ scenarios, error }: VerifyReport): readonly string[] {
  const failed = scenarios.filter(
    ({ passed, left, problem }) => passed === false && (left.length > 0 || problem !== null),
  );
  const lines = failed.map((scenario) => annotation(`claude-mem verify: ${scenario.name}`, annotationText(scenario)));
  return error === null ? lines : [...lines, annotation('claude-mem verify', error.message)];
}

/** Renders a table for the summary page of the job. */
function renderSummary(report: VerifyReport): string {
  const rows = report.scenarios.map(
    ({ name, passed, baseline, during, after, settledMs }) =>
      `| ${cell(name)} | ${RESULT[String(passed) as keyof typeof RESULT]} | ${[baseline, during, after].map(figure).join(' | ')} | ${settledMs === null ? '–' : `${settledMs} ms`} |`,
  );
  const left = report.scenarios.flatMap((scenario) => scenario.left);
  return [
    `### Process cleanup`,
    '',
    verdictLine(report),
    '',
    '| scenario | result | before | during | after | settled |',
    '|---|---|---|---|---|---|',
    ...rows,
    ...(left.length === 0 ? [] : ['', '| pid | left behind |', '|---|---|']),
    ...left.map(({ pid, command }) => `| ${pid} | ${cell(command)} |`),
    '',
  ].join('\n');
}

/** Reports to GitHub Actions, if run there: annotations through `say`, the summary to `GITHUB_STEP_SUMMARY`. */
export function reportToGithub(report: VerifyReport, env: NodeJS.ProcessEnv, say: (line: string) => void): void {
  if (env.GITHUB_ACTIONS !== 'true') return;
  for (const line of renderAnnotations(report)) say(line);
  const { GITHUB_STEP_SUMMARY: file } = env;
  if (file === undefined || file === '') return;
  try {
    const flags =
      constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const descriptor = openSync(file, flags, 0o644);
    try {
      writeFileSync(descriptor, `${renderSummary(report)}\n`);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    // The verdict does not depend on the summary.
    say(`Could not write the job summary: ${String(error)}`);
  }
}

const RESULT = { true: '✅ passed', false: '❌ failed', null: '➖ skipped' } as const;

function annotation(title: string, message: string): string {
  return `::error title=${escape(title).replaceAll(':', '%3A').replaceAll(',', '%2C')}::${escape(message)}`;
}

function annotationText({ left, problem }: ReportedScenario): string {
  return [...(problem === null ? [] : [problem]), ...left.flatMap(describeLeft)].join('\n');
}

/** Escapes like GitHub's toolkit: a command line must not end the annotation or begin another one. */
function escape(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function cell(text: string): string {
  return printable(text).replace(/[&<>|\\`*_~[\]]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function figure(value: number | null): string {
  return value === null ? '–' : String(value);
}
