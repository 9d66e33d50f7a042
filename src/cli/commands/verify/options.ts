import type { CommonOptions } from '../../command.ts';
import type { CliWiring, ReportFile } from '../../context.ts';
import { reportToGithub } from './github.ts';
import { renderJunit } from './junit.ts';
import type { Output } from '../../terminal/output.ts';
import type { VerifyReport } from './json.ts';
import { renderError } from './text.ts';

export interface VerifyOptions {
  readonly scenario?: readonly string[];
  readonly cycles?: number;
  /** In milliseconds, as is `grace`. */
  readonly settle?: number;
  readonly grace?: number;
  readonly reap?: boolean;
  readonly allow?: readonly RegExp[];
  readonly output?: string;
  readonly junit?: string;
}

export interface ReportFiles {
  readonly report: ReportFile | undefined;
  readonly junit: ReportFile | undefined;
}

/** Opens the report files before the run. @throws ClaudeMemError `io`. */
export async function openReportFiles(
  { output, junit }: VerifyOptions,
  { openReportFile }: Pick<CliWiring, 'openReportFile'>,
): Promise<ReportFiles> {
  return {
    report: output === undefined ? undefined : await openReportFile(output),
    junit: junit === undefined ? undefined : await openReportFile(junit),
  };
}

/** With `--quiet`, the reason why nothing could be verified is still printed. */
export function reportErrorIfQuiet({ error }: VerifyReport, { quiet = false }: CommonOptions, output: Output): void {
  if (quiet && error !== null) output.problem(renderError(error).join('\n'));
}

/** Writes the reports for machines: the JUnit file and the output for GitHub Actions. */
export function writeMachineReports(report: VerifyReport, { junit }: ReportFiles, output: Output): void {
  junit?.write(renderJunit(report));
  reportToGithub(report, process.env, (line) => {
    output.note(line);
  });
}
