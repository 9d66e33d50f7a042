import type { Output } from '../../terminal/output.ts';
import type { SetupProgress, SetupStep } from './json.ts';
import { printable } from '../../terminal/format.ts';
import { painter } from '../../terminal/process-table.ts';

/** The steps in order, for the progress bar. */
const STEP_IDS = ['uvx', 'python', 'packages', 'model'];
const BAR_WIDTH = 20;

export interface SetupView {
  readonly progress: (progress: SetupProgress) => void;
  readonly done: () => void;
  readonly print: (steps: readonly SetupStep[]) => void;
}

/** Shows a progress bar on a terminal. Elsewhere prints a line when a step begins, so that a log shows which step is slow. */
export function setupView(output: Output): SetupView {
  let current = '';
  return {
    progress: ({ id, message, fraction = 0 }) => {
      if (output.hasStatusLine) output.status(`${bar(id, fraction)} ${printable(message)}`);
      else if (id !== current) output.note(`${printable(message)} …`);
      current = id;
    },
    done: () => {
      output.clearStatus();
    },
    print: (steps) => {
      output.data(steps.map((step) => describe(step, output)).join('\n'));
      output.data(`\n${verdict(steps)}`);
    },
  };
}

function bar(id: string, fraction: number): string {
  const done = (Math.max(0, STEP_IDS.indexOf(id)) + fraction) / STEP_IDS.length;
  const filled = Math.round(done * BAR_WIDTH);
  return `[${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}]`;
}

function describe({ title, status, detail, fix }: SetupStep, output: Output): string {
  const paint = painter(output);
  const sign = { done: paint.green('✔'), already: paint.green('✔'), failed: paint.red('✖'), skipped: paint.gray('–') }[
    status
  ];
  const remedy = status === 'failed' && fix !== null ? `\n    ${printable(fix)}` : '';
  return `${sign} ${title}: ${printable(detail)}${remedy}`;
}

function verdict(steps: readonly SetupStep[]): string {
  if (steps.every(({ status }) => status === 'done' || status === 'already')) return 'Semantic search is ready.';
  return 'Search uses keywords until all steps are done. No data is lost. To try again:  claude-mem setup';
}
