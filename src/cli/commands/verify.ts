import { randomUUID } from 'node:crypto';
import { InvalidArgumentError, Option } from 'commander';
import type { ProcessRow } from '../../core/snapshot.ts';
import type { CommandEnd } from '../../operations/ports.ts';
import { verifyCommand as runVerified, type CommandVerification } from '../../operations/verify/verify-command.ts';
import { defineCommand, durationArgument, type CommandInput } from '../command.ts';
import { EXIT, passOn, type ExitCode, type PassedExitCode } from '../exit-code.ts';
import { listenForInterrupts, type Interrupts } from '../interrupts.ts';
import { openReportFile, type ReportFile } from '../report-file.ts';
import { commandPorts } from '../verify-context.ts';
import { reportCommand, type VerifyReport } from '../verify-report.ts';

interface VerifyOptions {
  readonly settle: number;
  readonly grace: number;
  readonly reap?: boolean;
  readonly allow: readonly RegExp[];
  readonly output?: string;
  readonly junit?: string;
}

type Input = CommandInput<VerifyOptions>;

const DEFAULT_SETTLE_MS = 1_000;
const DEFAULT_GRACE_MS = 5_000;

export const verifyCommand = () =>
  defineCommand<VerifyOptions>({
    name: 'verify',
    summary: 'run a command and fail if it leaves processes behind',
    description:
      'Runs a command with its stdin, stdout, stderr and exit code passed through, then lists every process that it started and that ' +
      'still runs: also what forked twice, called setsid, cleared its environment. The report goes to stderr.',
    examples: [
      ['claude-mem verify -- npm test', 'fail if the tests leave a process behind'],
      ['claude-mem verify --settle 3s -- make check', 'give it three seconds to go'],
      ["claude-mem verify --allow 'gpg-agent' -- make release", 'one that may stay'],
      ['claude-mem verify --reap --junit leaks.xml -- npm test', 'end what is left; a report for CI'],
    ],
    exitCodes: [
      [EXIT.ok, 'nothing was left behind'],
      [EXIT.found, 'something was left behind, whether or not --reap ended it'],
      [EXIT.couldNotLook, 'could not look, or not at everything'],
      [EXIT.interrupted, 'interrupted after the command had ended'],
    ],
    configure: (command) =>
      command
        .argument('<command...>', 'the command and its arguments, after --')
        .option('--reap', 'end what is left, but nothing that belongs to a claude-mem which lives')
        .addOption(
          new Option('--settle <duration>', 'how long what it started may take to go')
            .argParser(durationArgument)
            .default(DEFAULT_SETTLE_MS, '1s'),
        )
        .addOption(
          new Option('--grace <duration>', 'with --reap: between SIGTERM and SIGKILL')
            .argParser(durationArgument)
            .default(DEFAULT_GRACE_MS, '5s'),
        )
        .addOption(
          new Option(
            '--allow <pattern>',
            'a regular expression; processes whose command line (arguments joined by spaces) it matches anywhere may stay, with all ' +
              'that hangs below them; may be repeated',
          )
            .argParser(patternArgument)
            .default([], 'none'),
        )
        .option('--output <file>', 'write the report, or with --json the document, to this file instead of stderr')
        .option('--junit <file>', 'also write the report as JUnit XML'),
    run: runVerify,
  });

async function runVerify(input: Input): Promise<ExitCode | PassedExitCode> {
  const { options, args: argv } = input;
  const files = {
    report: options.output === undefined ? undefined : openReportFile(options.output),
    junit: options.junit === undefined ? undefined : openReportFile(options.junit),
  };
  const ports = await commandPorts(input.openContext({ acts: options.reap === true }));
  input.output.beginActing();
  const startedAt = ports.clock.now();
  let interrupts: Interrupts | undefined;
  const verification = await runVerified(ports, {
    argv,
    mark: randomUUID(),
    settleMs: options.settle,
    isAllowed: (row) => isAllowed(row, options.allow),
    ...(options.reap === true ? { reap: { graceMs: options.grace } } : {}),
    onEnded: () => (interrupts = listenForInterrupts(() => undefined)),
  });
  interrupts?.dispose();
  const report = reportCommand(verification, {
    argv,
    adopts: ports.adopts,
    elapsedMs: ports.clock.now() - startedAt,
  });
  await publish(input, report, files);
  return exitCodeOf(verification, report, interrupts?.interrupted.aborted === true);
}

interface ReportFiles {
  readonly report: ReportFile | undefined;
  readonly junit: ReportFile | undefined;
}

/** stdout is the command's. */
async function publish({ options, output }: Input, report: VerifyReport, { report: file, junit }: ReportFiles) {
  const { renderCommandReport } = await import('../reporters/verify.ts');
  const text = options.json === true ? JSON.stringify(report) : renderCommandReport(report).join('\n');
  if (file === undefined) output.note(text);
  else file.write(text);
  if (junit !== undefined) junit.write((await import('../reporters/junit.ts')).renderJunit(report));
  const { tellGithub } = await import('../reporters/github.ts');
  tellGithub(report, process.env, (line) => {
    output.note(line);
  });
}

function exitCodeOf(
  { end }: CommandVerification,
  { complete, scenarios }: VerifyReport,
  isInterrupted: boolean,
): ExitCode | PassedExitCode {
  const own = exitCodeOfCommand(end);
  if (own !== 0) return passOn(own);
  if (isInterrupted) return EXIT.interrupted;
  if (scenarios.some(({ left }) => left.length > 0)) return EXIT.found;
  return complete ? EXIT.ok : EXIT.couldNotLook;
}

/** As shells have it. */
function exitCodeOfCommand(end: CommandEnd): number {
  if (end.kind === 'exited') return end.exitCode;
  if (end.kind === 'killed') return 128 + end.signalNumber;
  return end.why === 'not-found' ? 127 : 126;
}

function isAllowed({ command, name }: ProcessRow, patterns: readonly RegExp[]): boolean {
  return patterns.some((pattern) => pattern.test(command === '' ? `[${name}]` : command));
}

function patternArgument(text: string, collected: readonly RegExp[]): readonly RegExp[] {
  try {
    return [...collected, new RegExp(text, 'u')];
  } catch (error) {
    throw new InvalidArgumentError(`"${text}" is no regular expression: ${String(error)}`);
  }
}
