import { identityKey } from '../../core/process/descent.ts';
import { ScenarioFailure, type Part, type Stage } from './stage.ts';

/** One way in which a tree, or a part of it, ends. */
export interface Scenario {
  readonly name: string;
  /** For `--help`. */
  readonly does: string;
  readonly needsChroma?: true;
  /**
   * Leaves no process running on success.
   * @throws ScenarioFailure
   */
  readonly play: (stage: Stage) => Promise<void>;
}

export const SCENARIOS: readonly Scenario[] = [
  { name: 'stop', does: 'start, a session, stop', play: playStop },
  { name: 'restart', does: 'the old tree is gone before the new one starts', play: playRestart },
  { name: 'worker-crash', does: 'SIGKILL to the worker', play: playWorkerCrash },
  { name: 'search-crash', does: 'SIGKILL to the search server', play: playSearchCrash },
  {
    name: 'chroma-crash',
    does: "SIGKILL to Chroma's python",
    needsChroma: true,
    play: (stage) => playChromaCrash(stage, 'python'),
  },
  {
    name: 'wrapper-crash',
    does: "SIGKILL to Chroma's uv wrapper",
    needsChroma: true,
    play: (stage) => playChromaCrash(stage, 'wrapper'),
  },
  { name: 'supervisor-crash', does: 'SIGKILL to the supervisor; the other processes exit', play: playSupervisorCrash },
  { name: 'stop-during-start', does: 'stop before the tree is ready', play: playStopDuringStart },
  { name: 'double-start', does: 'two concurrent starts make one tree', play: playDoubleStart },
  { name: 'unresponsive-child', does: 'stop while a child is frozen (SIGSTOP)', play: playUnresponsiveChild },
];

/** Time limit for a tree to end after its supervisor died, in milliseconds. */
const GONE_WITHIN_MS = 5_000;
const STOP_ATTEMPTS = 5;

async function playStop(stage: Stage): Promise<void> {
  await stage.start();
  await stage.session();
  await stage.stop();
}

async function playRestart(stage: Stage): Promise<void> {
  const { treeId } = await stage.start();
  await stage.session();
  const before = new Set((await stage.members()).map(({ row }) => identityKey(row)));
  const next = await stage.run('restart', '--timeout', '60s');
  if (next.treeId === treeId) throw new ScenarioFailure('restart kept the old tree');
  const kept = (await stage.members()).filter(({ row }) => before.has(identityKey(row)));
  if (kept.length > 0) throw new ScenarioFailure(`the old tree still runs: pid ${pidsOf(kept)}`);
  await stage.session();
  await stage.stop();
}

async function playWorkerCrash(stage: Stage): Promise<void> {
  await stage.start();
  await stage.session();
  const supervisor = await stage.find('supervisor');
  const generation = (await stage.members()).map(({ row }) => row).filter(({ pid }) => pid !== supervisor?.pid);
  const worker = await stage.crash('worker');
  await stage.until('the next worker is ready', async () => {
    const [status, next] = [await stage.status(), await stage.find('worker')];
    return status?.state === 'running' && status.restarts > 0 && next !== undefined && next.pid !== worker.pid;
  });
  await stage.untilGone(generation);
  await stage.session();
  await stage.stop();
}

async function playSearchCrash(stage: Stage): Promise<void> {
  await stage.start();
  await stage.session();
  const search = await stage.crash('search');
  await stage.until('the next search server runs', async () => {
    const next = await stage.find('search');
    return next !== undefined && identityKey(next) !== identityKey(search);
  });
  await stage.stop();
}

async function playChromaCrash(stage: Stage, part: Part): Promise<void> {
  await stage.start();
  await stage.session();
  const pair = [await stage.find('wrapper'), await stage.find('python')].filter((row) => row !== undefined);
  await stage.crash(part);
  await stage.untilGone(pair, GONE_WITHIN_MS);
  await stage.session();
  await stage.stop();
}

async function playSupervisorCrash(stage: Stage): Promise<void> {
  await stage.start();
  await stage.session();
  await stage.crash('supervisor');
  await stage.until(
    'the tree without its supervisor is gone',
    async () => (await stage.members()).length === 0,
    GONE_WITHIN_MS,
  );
  await stage.start();
  await stage.stop();
}

/** Repeated while the tree is ready before the stop: such an attempt proves nothing. */
async function playStopDuringStart(stage: Stage): Promise<void> {
  for (let attempt = 0; attempt < STOP_ATTEMPTS; attempt += 1) {
    const starting = stage.ports.runCli(['start', '--timeout', '60s']);
    // The start is expected to fail. This handler prevents an unhandled rejection until it is awaited.
    starting.catch(() => undefined);
    await stage.until('the supervisor answers', async () => (await stage.status()) !== undefined);
    const state = (await stage.status())?.state;
    const stopped = await stage.ports.stopNow(GONE_WITHIN_MS);
    const answer = await starting;
    if (!stopped.wasRunning) throw new ScenarioFailure('stop found no running tree');
    if (state === 'starting' && answer?.ok === false) return;
  }
  throw new ScenarioFailure(`the tree was ready before the stop in ${STOP_ATTEMPTS} of ${STOP_ATTEMPTS} attempts`);
}

async function playDoubleStart(stage: Stage): Promise<void> {
  const args = ['start', '--timeout', '60s'];
  const [first, second] = await Promise.all([stage.run(...args), stage.run(...args)]);
  if (first.treeId !== second.treeId) throw new ScenarioFailure('two concurrent starts made two trees');
  if (first.alreadyRunning === second.alreadyRunning)
    throw new ScenarioFailure('two concurrent starts: exactly one must report that it started the tree');
  await stage.session();
  await stage.stop();
}

async function playUnresponsiveChild(stage: Stage): Promise<void> {
  await stage.start();
  await stage.session();
  await stage.freeze('search');
  if (stage.hasChroma) await stage.freeze('python');
  await stage.stop('--grace', '2s');
}

function pidsOf(processes: readonly { readonly row: { readonly pid: number } }[]): string {
  return processes.map(({ row }) => row.pid).join(', ');
}
