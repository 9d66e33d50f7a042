import { runScenarios, type ScenarioResult } from '../../../operations/verify/run-scenarios.ts';
import { SCENARIOS } from '../../../operations/verify/scenarios.ts';
import { Stage } from '../../../operations/verify/stage.ts';
import { tidyStage } from '../../../operations/verify/tidy-stage.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';
import type { CommandInput, CommonOptions } from '../../command.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import { listenForInterrupts } from '../../terminal/interrupts.ts';
import type { Output } from '../../terminal/output.ts';
import { renderScenario, renderScenarioEnd, renderScenarioHead } from './text.ts';
import type { ScenarioStage } from '../../context.ts';
import {
  openReportFiles,
  reportErrorIfQuiet,
  writeMachineReports,
  type ReportFiles,
  type VerifyOptions,
} from './options.ts';
import { reportScenarios, type ReportedChroma, type ReportedError, type VerifyReport } from './json.ts';

/** `verify` without a command. */
export async function verifyScenarios({
  options,
  openContext,
  wiring,
  output,
}: CommandInput<VerifyOptions>): Promise<ExitCode> {
  const files = await openReportFiles(options, wiring);
  const interrupts = listenForInterrupts(() => {
    output.note('Interrupted: ending the processes that verify started.');
  });
  const setting = await wiring
    .createStage(openContext({ acts: false, ifMissing: 'accept' }), interrupts.interrupted)
    .catch((error: unknown) => {
      interrupts.dispose();
      throw error;
    });
  output.beginActing();
  const reporter = new ScenarioReporter(options, files, output);
  const stage = new Stage(setting.ports, setting.whyNoChroma);
  try {
    reporter.begin(chromaOf(stage, setting));
    const results: ScenarioResult[] = [];
    const scenarios = Array.from({ length: options.cycles ?? 1 }, () => chosen(options)).flat();
    const error = await outcomeOf(async () => {
      await runScenarios(stage, {
        scenarios,
        onBegin: (name) => {
          output.status(`${name} …`);
        },
        onResult: (result) => {
          results.push(result);
          reporter.result(result);
        },
      });
    });
    const problem = error ?? (await leftovers(stage, setting));
    const report = reportScenarios(results, {
      complete: stage.isComplete,
      chroma: chromaOf(stage, setting),
      error: problem,
    });
    reporter.end(report);
    return exitCodeOf(report, interrupts.interrupted.aborted);
  } finally {
    // Also after an error. If the process table is unreadable, the records stay.
    await tidy(stage, setting).catch(() => undefined);
    interrupts.dispose();
  }
}

function tidy(stage: Stage, { ports, remove }: ScenarioStage): Promise<string | undefined> {
  return tidyStage(stage, { dataDir: ports.dataDir, remove });
}

function chosen({ scenario: names }: VerifyOptions) {
  return SCENARIOS.filter(({ name }) => names?.includes(name) ?? true).map((scenario) => ({
    ...scenario,
    isNamed: names !== undefined,
  }));
}

function chromaOf({ whyNoChroma: reason }: Stage, { uvx }: ScenarioStage): ReportedChroma {
  return { mode: reason === null ? 'semantic' : 'keyword', uvx, reason };
}

/** Returns an error as a value, so that the results so far are still reported. */
async function outcomeOf(work: () => Promise<void>): Promise<ReportedError | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (!(error instanceof ClaudeMemError)) throw error;
    return { code: error.code, message: error.message, hint: error.hint ?? null };
  }
}

/** Proves that this run itself left no process and no folder behind. */
async function leftovers(stage: Stage, setting: ScenarioStage): Promise<ReportedError | null> {
  let message: string | undefined;
  const error = await outcomeOf(async () => {
    message = await tidy(stage, setting);
  });
  if (error !== null) return error;
  return message === undefined ? null : { code: 'not-cleaned-up', message, hint: null };
}

function exitCodeOf({ complete, error, passed }: VerifyReport, isInterrupted: boolean): ExitCode {
  if (isInterrupted) return EXIT.interrupted;
  if (error?.code === 'process-table-unreadable') return EXIT.couldNotLook;
  if (!complete && error === null) return EXIT.couldNotLook;
  return passed ? EXIT.ok : EXIT.found;
}

/** Reports text line by line, and JSON at the end, to stdout or to a file. */
class ScenarioReporter {
  readonly #options: VerifyOptions & CommonOptions;
  readonly #files: ReportFiles;
  readonly #output: Output;
  readonly #lines: string[] = [];

  constructor(options: VerifyOptions & CommonOptions, files: ReportFiles, output: Output) {
    this.#options = options;
    this.#files = files;
    this.#output = output;
  }

  begin(chroma: ReportedChroma): void {
    this.#say(renderScenarioHead(chroma));
  }

  result(result: ScenarioResult): void {
    this.#output.clearStatus();
    this.#say([renderScenario(result)]);
  }

  end(report: VerifyReport): void {
    this.#output.clearStatus();
    this.#say(renderScenarioEnd(report));
    const text = this.#options.json === true ? JSON.stringify(report) : this.#lines.join('\n');
    if (this.#files.report !== undefined) this.#files.report.write(text);
    else if (this.#options.json === true) this.#output.data(text);
    reportErrorIfQuiet(report, this.#options, this.#output);
    writeMachineReports(report, this.#files, this.#output);
  }

  #say(lines: readonly string[]): void {
    this.#lines.push(...lines);
    if (this.#options.json === true || this.#files.report !== undefined) return;
    for (const line of lines) this.#output.data(line);
  }
}
