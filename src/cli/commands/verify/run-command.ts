import { randomUUID } from 'node:crypto';
import type { ProcessRow } from '../../../core/process/snapshot.ts';
import type { CommandEnd } from '../../../operations/ports/process.ts';
import { verifyCommand, type CommandVerification } from '../../../operations/verify/verify-command.ts';
import type { CommandInput } from '../../command.ts';
import { EXIT, passOn, type ExitCode, type PassedExitCode } from '../../exit-code.ts';
import { listenForInterrupts, type Interrupts } from '../../terminal/interrupts.ts';
import { renderCommandReport } from './text.ts';
import { openReportFiles, reportErrorIfQuiet, writeMachineReports, type VerifyOptions } from './options.ts';
import { reportCommand, type VerifyReport } from './json.ts';

const DEFAULT_SETTLE_MS = 1_000;
const DEFAULT_GRACE_MS = 5_000;

/** `verify -- COMMAND`. stdout belongs to the command, so the report goes to stderr or to a file. */
export async function verifyCommandLine({
  options,
  args: argv,
  openContext,
  wiring,
  output,
}: CommandInput<VerifyOptions>): Promise<ExitCode | PassedExitCode> {
  const files = await openReportFiles(options, wiring);
  const ports = await wiring.commandPorts(openContext({ acts: options.reap === true, ifMissing: 'accept' }));
  output.beginActing();
  const startedAt = ports.clock.now();
  const interrupts: Interrupts[] = [];
  const verification = await verifyCommand(ports, {
    argv,
    mark: randomUUID(),
    settleMs: options.settle ?? DEFAULT_SETTLE_MS,
    isAllowed: (row) => isAllowed(row, options.allow ?? []),
    ...(options.reap === true ? { reap: { graceMs: options.grace ?? DEFAULT_GRACE_MS } } : {}),
    onEnded: () => {
      const listening = listenForInterrupts(() => undefined);
      interrupts.push(listening);
      return listening;
    },
  });
  const report = reportCommand(verification, { argv, adopts: ports.adopts, elapsedMs: ports.clock.now() - startedAt });
  const text = options.json === true ? JSON.stringify(report) : renderCommandReport(report).join('\n');
  if (files.report === undefined) output.note(text);
  else files.report.write(text);
  reportErrorIfQuiet(report, options, output);
  writeMachineReports(report, files, output);
  for (const listening of interrupts) listening.dispose();
  return exitCodeOf(
    verification,
    report,
    interrupts.some(({ interrupted }) => interrupted.aborted),
  );
}

function exitCodeOf(
  { end }: CommandVerification,
  { complete, scenarios }: VerifyReport,
  isInterrupted: boolean,
): ExitCode | PassedExitCode {
  const own = exitCodeOfCommand(end);
  if (own !== 0) return passOn(own);
  if (isInterrupted) return EXIT.interrupted;
  // The command left these processes behind, even if --reap has ended all of them by now.
  if (scenarios.some(({ left }) => left.length > 0)) return EXIT.found;
  return complete ? EXIT.ok : EXIT.couldNotLook;
}

/** The convention of shells: 128 + signal number, 127 not found, 126 not executable. */
function exitCodeOfCommand(end: CommandEnd): number {
  if (end.kind === 'exited') return end.exitCode;
  if (end.kind === 'killed') return 128 + end.signalNumber;
  return end.why === 'not-found' ? 127 : 126;
}

function isAllowed({ command, name }: ProcessRow, patterns: readonly RegExp[]): boolean {
  return patterns.some((pattern) => pattern.test(command === '' ? `[${name}]` : command));
}
