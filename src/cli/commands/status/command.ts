import { defineCommand, type CommandInput } from '../../command.ts';
import type { CliWiring, TreeContext } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import type { Output } from '../../terminal/output.ts';
import { requestPageLink } from './page-link.ts';
import { reportStatus, sightTree, type PageLink, type StatusReport } from '../../../operations/tree/status-report.ts';
import { askForStatus } from '../../../operations/tree/tree-lifecycle.ts';
import { printable } from '../../../core/text/wording.ts';

interface StatusOptions {
  readonly open?: boolean;
}

export const statusCommand = (wiring: CliWiring) =>
  defineCommand<StatusOptions>(wiring, {
    name: 'status',
    summary: 'show the running tree',
    description:
      'Shows every process of the tree with its role, memory and CPU, whether it is healthy, and how it searches. With --open it ' +
      'also shows the page of the worker in a browser: the same, live, with memory and counts over time and what leaked.',
    examples: [
      ['claude-mem status', 'as a tree'],
      ['claude-mem status --open', 'and its page in a browser'],
      ['claude-mem status --json', 'for a script'],
    ],
    exitCodes: [
      [EXIT.ok, 'running'],
      [EXIT.found, 'running, but it gave up or does not answer; with --open also: there is no link'],
      [EXIT.notRunning, 'not running'],
      [EXIT.couldNotLook, 'could not look'],
    ],
    configure: (command) =>
      command.option('--open', 'print a link to its page that works once, and open it (with --json: only print it)'),
    run: showStatus,
  });

async function showStatus({ options, openContext, wiring, output }: CommandInput<StatusOptions>): Promise<ExitCode> {
  const context = openContext({ acts: false, ifMissing: 'look' });
  const tree = wiring.createTreeContext(context);
  const status = await askForStatus(tree.connect, context.clock);
  const observation = await context.observe({ memory: true });
  const sight = sightTree(observation, status);
  const seen = reportStatus(sight, context.dataDir);
  const report = { ...seen, page: options.open === true && seen.running ? await pageLink(seen, tree) : null };
  if (options.json === true) output.data(JSON.stringify(report));
  else {
    (await import('./text.ts')).printStatus(report, { sight, observation, output });
    await openPage(report, tree, output);
  }
  return exitCodeOf(report, observation.isComplete);
}

async function pageLink({ port }: StatusReport, tree: TreeContext): Promise<PageLink> {
  if (port === null) return { url: null, expiresAt: null, error: 'the supervisor does not answer' };
  return requestPageLink(tree.worker);
}

async function openPage({ page, port }: StatusReport, tree: TreeContext, output: Output): Promise<void> {
  if (page === null) return;
  if (page.url === null) {
    output.note(`No link to the page: ${printable(page.error ?? '')}. See: claude-mem logs worker`);
    return;
  }
  output.data(`Page     ${page.url}`);
  if (await tree.openBrowser(page.url)) output.note('Opened in the browser. The link works once, within a minute.');
  else {
    output.note(
      `No browser here: open the link yourself, within a minute; it works once. Over SSH forward the port first:`,
    );
    output.note(`  ssh -L ${port ?? 0}:127.0.0.1:${port ?? 0} HOST`);
  }
}

function exitCodeOf(report: StatusReport, isComplete: boolean): ExitCode {
  if (report.page !== null && report.page.url === null) return EXIT.found;
  if (report.running) return report.state === 'failed' || report.state === null ? EXIT.found : EXIT.ok;
  return isComplete ? EXIT.notRunning : EXIT.couldNotLook;
}
