import { defineCommand, type CommandInput } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { reportStatus, sightTree, type StatusReport } from '../../operations/status-report.ts';
import { createTreeContext } from '../tree-context.ts';

export const statusCommand = () =>
  defineCommand<object>({
    name: 'status',
    summary: 'show the running tree',
    description:
      'Shows every process of the tree with its role, memory and CPU, whether it is healthy, and how it searches.',
    examples: [
      ['claude-mem status', 'as a tree'],
      ['claude-mem status --json', 'for a script'],
    ],
    exitCodes: [
      [EXIT.ok, 'running'],
      [EXIT.found, 'running, but it gave up or does not answer'],
      [EXIT.notRunning, 'not running'],
      [EXIT.couldNotLook, 'could not look'],
    ],
    run: showStatus,
  });

async function showStatus({ options, openContext, output }: CommandInput<object>): Promise<ExitCode> {
  const context = openContext({ acts: false });
  const connection = await createTreeContext(context).connect();
  try {
    const status = await connection?.status().catch(() => undefined);
    const observation = await context.observe({ memory: true });
    const sight = sightTree(observation, status);
    const report = reportStatus(sight, context.dataDir);
    if (options.json === true) output.data(JSON.stringify(report));
    else (await import('../reporters/status.ts')).printStatus(report, { sight, observation, output });
    return exitCodeOf(report, observation.isComplete);
  } finally {
    connection?.close();
  }
}

function exitCodeOf(report: StatusReport, isComplete: boolean): ExitCode {
  if (report.running) return report.state === 'failed' || report.state === null ? EXIT.found : EXIT.ok;
  return isComplete ? EXIT.notRunning : EXIT.couldNotLook;
}
