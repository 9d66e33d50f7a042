import type { PageState } from '../worker/page/page-state.ts';
import { listenToCopyButtons } from './copy.ts';
import { currentCpu, totalCpu } from './current-cpu.ts';
import { find } from './element.ts';
import { PlotHistory } from './plot-history.ts';
import { pointOf } from './points.ts';
import { poll, type Answer } from './poll.ts';
import { findSession, forgetSession } from './session.ts';
import { LeakView } from './show-leaks.ts';
import { markStale, showLive, showNotices, timeOf, type Notice } from './show-notices.ts';
import { showSummary } from './show-summary.ts';
import { showTree } from './show-tree.ts';
import { Trails } from './trails.ts';

const OPEN_AGAIN = 'claude-mem status --open';

let plots: PlotHistory | undefined;
const trails = new Trails();
const leakView = new LeakView();
let latest: PageState | undefined;

listenToCopyButtons();
void begin();
// A second link opened in the same tab changes only the part after the `#`.
addEventListener('hashchange', () => {
  location.reload();
});

async function begin(): Promise<void> {
  showLive('Loading…', false);
  const session = await findSession().catch(() => undefined);
  if (session === undefined) {
    showLive('Not connected', false);
    showNotices([{ tone: 'ill', text: 'The worker does not answer.', command: 'claude-mem status' }]);
  } else if ('refused' in session) {
    showLive('Not connected', false);
    showNotices([{ tone: 'ill', text: session.refused, command: OPEN_AGAIN }]);
  } else {
    plots = new PlotHistory(session.path, (history) => {
      if (latest !== undefined) trails.precede(history, latest);
    });
    poll(session.path, onAnswer);
  }
}

function onAnswer(answer: Answer): void {
  switch (answer.kind) {
    case 'state':
      showState(answer.state);
      return;
    case 'failed':
      showTrouble(`The worker cannot read the processes: ${answer.message}`);
      return;
    case 'silent': {
      const since = latest === undefined ? '' : ` since ${timeOf(new Date(latest.takenAt))}`;
      showTrouble(`The worker does not answer${since}. This page reconnects automatically.`);
      return;
    }
    case 'session-over':
      forgetSession();
      showTrouble('The session of this page has expired.', OPEN_AGAIN);
      return;
  }
}

function showState(state: PageState): void {
  // Viewers share a reading, so the same one may come again.
  if (latest?.takenAt === state.takenAt && !find('content').classList.contains('stale')) return;
  const cpu = currentCpu(latest, state);
  latest = state;
  trails.add(state);
  showLive(`Live, read ${timeOf(new Date(state.takenAt))}`, true);
  showNotices(noticesOf(state));
  markStale(false);
  find('content').hidden = false;
  showSummary(state, cpu);
  leakView.show(state, trails);
  showTree(state, cpu, trails);
  plots?.add(pointOf(state, totalCpu(cpu)));
}

function noticesOf({ complete, remarks, problem }: PageState): readonly Notice[] {
  const notices: Notice[] = [];
  if (problem !== null) notices.push({ tone: 'ill', text: `Problem: ${problem}.`, command: 'claude-mem status' });
  const incomplete = complete
    ? []
    : ['This reading is incomplete. Processes or files that could not be read are not shown.'];
  return [...notices, ...[...incomplete, ...remarks].map((text) => ({ tone: 'busy' as const, text }))];
}

/** The last reading stays visible, marked as stale. */
function showTrouble(text: string, command?: string): void {
  showLive('Not connected', false);
  showNotices([{ tone: 'ill', text, ...(command === undefined ? {} : { command }) }]);
  markStale(true);
}
