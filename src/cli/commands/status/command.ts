import { Option } from 'commander';
import { defineCommand, type CommandInput } from '../../command.ts';
import type { CliWiring, TreeContext } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import { commandOn } from '../../terminal/hint.ts';
import type { Output } from '../../terminal/output.ts';
import { requestPageLink } from './page-link.ts';
import { reportStatus, sightTree, type PageLink, type StatusReport } from '../../../operations/tree/status-report.ts';
import { askForStatus } from '../../../operations/tree/tree-lifecycle.ts';
import { printable } from '../../../core/text/wording.ts';

interface StatusOptions {
  readonly open?: boolean;
  readonly watch?: boolean;
}

export const statusCommand = (wiring: CliWiring) =>
  defineCommand<StatusOptions>(wiring, {
    name: 'status',
    summary: 'show the running tree',
    description:
      'Shows each process of the tree with role, memory and CPU, the health of the tree and its search mode. --open also opens the web ' +
      'page of the worker: the same view, live, with leaks and with memory and process counts over time.',
    examples: [
      ['claude-mem status', 'show the tree'],
      ['claude-mem status --open', 'also open the web page in a browser'],
      ['claude-mem status --watch', 'watch it, as with `claude-mem monit`'],
      ['claude-mem status --json', 'for a script'],
    ],
    exitCodes: [
      [EXIT.ok, 'running'],
      [EXIT.found, 'running, but the supervisor gave up or does not answer; with --open, also if there is no link'],
      [EXIT.notRunning, 'not running'],
      [EXIT.couldNotLook, 'unknown: the process table or a manifest could not be read completely'],
      [EXIT.interrupted, '--watch: ended by Ctrl-C or a signal'],
    ],
    canBeQuiet: true,
    configure: (command) =>
      command
        .addOption(
          new Option(
            '--open',
            'print a one-time link to the web page and open it (with --json: only print it)',
          ).conflicts('quiet'),
        )
        .addOption(
          new Option('--watch', 'open the live screen of `claude-mem monit`').conflicts(['open', 'json', 'quiet']),
        ),
    run: showStatus,
  });

async function showStatus(input: CommandInput<StatusOptions>): Promise<ExitCode> {
  const { options, openContext, wiring, output } = input;
  if (options.watch === true) return (await import('../monit/command.ts')).runMonit(input);
  const context = openContext({ acts: false, ifMissing: 'look' });
  const tree = await wiring.createTreeContext(context);
  const status = await askForStatus(tree.connect, context.clock);
  const observation = await context.observe({ memory: true });
  const sight = sightTree(observation, status);
  const seen = reportStatus(sight, context.dataDir);
  const report = { ...seen, page: options.open === true && seen.running ? await pageLink(seen, tree) : null };
  if (options.json === true) output.data(JSON.stringify(report));
  else {
    (await import('./text.ts')).printStatus(report, { sight, observation, output, dataDirFlag: options.dataDir });
    await openPage(report, { tree, output, dataDirFlag: options.dataDir });
  }
  return exitCodeOf(report, observation.isComplete);
}

async function pageLink({ port }: StatusReport, tree: TreeContext): Promise<PageLink> {
  if (port === null) return { url: null, expiresAt: null, error: 'the supervisor does not answer' };
  return requestPageLink(tree.worker);
}

async function openPage(
  { page, port }: StatusReport,
  { tree, output, dataDirFlag }: { tree: TreeContext; output: Output; dataDirFlag: string | undefined },
): Promise<void> {
  if (page === null) return;
  if (page.url === null) {
    output.note(
      `No link to the page: ${printable(page.error ?? '')}. See: ${commandOn(dataDirFlag, 'logs', 'worker')}`,
    );
    return;
  }
  output.data(`Page     ${page.url}`);
  if (await tree.openBrowser(page.url)) output.note('Opened in the browser. The link works once, within a minute.');
  else {
    output.note(`No browser found. Open the link within a minute; it works once. Over SSH, forward the port first:`);
    output.note(`  ssh -L ${port ?? 0}:127.0.0.1:${port ?? 0} HOST`);
  }
}

function exitCodeOf(report: StatusReport, isComplete: boolean): ExitCode {
  if (report.page !== null && report.page.url === null) return EXIT.found;
  if (report.running) return report.state === 'failed' || report.state === null ? EXIT.found : EXIT.ok;
  return isComplete ? EXIT.notRunning : EXIT.couldNotLook;
}
