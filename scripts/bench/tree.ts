import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../test/helpers/free-port.ts';
import { verdict, type Benchmark } from './benchmark.ts';
import { fillUpTo } from './filler.ts';
import { footprintOf } from './footprint.ts';
import { PM2_VERSION, preparePm2 } from './pm2.ts';
import { median, runToEnd, timeOf } from './timing.ts';
import { CLI } from './program.ts';

const ROUNDS = 9;
/** States in which PM2 is measured. Cold is the fair comparison: `start` finds no supervisor either. */
const STATES = ['cold', 'daemon up'];
/**
 * Seconds of supervision before the measurement, including samples, because the steady state matters and not the memory
 * of the start.
 */
const LIFE_SECONDS = 120;
const LIFE_PROCESSES = 1_000;
const LOOK_EVERY_SECONDS = 3;

interface Figures {
  readonly startMs: number[];
  readonly stopMs: number[];
  readonly memoryBytes: number[];
}

export const tree: Benchmark = {
  title: 'Start to ready and stop, without Chroma, beside PM2 running the same worker',
  async run({ folder, say }) {
    const ours = claudeMem(join(folder, 'ours'), await freePort());
    const [ownFigures, cold, warm] = [emptyFigures(), emptyFigures(), emptyFigures()];
    const longLife = { ours: 0, theirs: 0 };
    const theirs = preparePm2(join(folder, 'theirs'), workerEnvironment(join(folder, 'theirs'), await freePort()), say);
    try {
      // The first round warms up caches and does not count.
      for (let round = 0; round <= ROUNDS; round += 1) {
        say(`start and stop beside PM2, ${round} of ${ROUNDS} …`);
        const into = (figures: Figures) => (round === 0 ? emptyFigures() : figures);
        await measure(into(ownFigures), ours);
        const pm2 = { ...theirs, stop: () => theirs.run('stop', 'worker') };
        await measure(into(cold), pm2);
        theirs.run('delete', 'worker');
        await measure(into(warm), pm2);
        theirs.run('kill');
      }
      ours.start();
      theirs.start();
      say(`memory of both over ${LIFE_SECONDS} s beside ${LIFE_PROCESSES} processes …`);
      const filler = await fillUpTo(LIFE_PROCESSES);
      await sleep((LIFE_SECONDS / 2) * 1_000);
      // Between two garbage collections a heap grows, so a single measurement would be random.
      const looks = { ours: [] as number[], theirs: [] as number[] };
      for (let second = LIFE_SECONDS / 2; second < LIFE_SECONDS; second += LOOK_EVERY_SECONDS) {
        await sleep(LOOK_EVERY_SECONDS * 1_000);
        looks.ours.push(footprintOf(ours.daemonPid()).pssBytes);
        looks.theirs.push(footprintOf(theirs.daemonPid()).pssBytes);
      }
      longLife.ours = median(looks.ours);
      longLife.theirs = median(looks.theirs);
      await filler.end();
    } finally {
      ours.stop();
      theirs.run('kill');
    }
    return {
      columns: ['', 'claude-mem', `PM2 ${PM2_VERSION}, cold`, `PM2 ${PM2_VERSION}, its daemon up`, 'target', ''],
      rows: [
        row('start to ready', ms, [ownFigures, cold, warm], ({ startMs }) => startMs, "below PM2's"),
        row('stop', ms, [ownFigures, cold, warm], ({ stopMs }) => stopMs),
        row(
          'memory of supervisor or daemon when ready (PSS + swap)',
          mb,
          [ownFigures, cold, warm],
          (figures) => figures.memoryBytes,
        ),
        [
          `the same in its second minute beside ${LIFE_PROCESSES} processes`,
          mb(longLife.ours),
          mb(longLife.theirs),
          '',
          "below PM2's",
          verdict(longLife.ours < longLife.theirs),
        ],
      ],
      notes: [
        `Medians of ${ROUNDS} rounds, each in turn: \`claude-mem start --no-chroma\` and \`stop\`, \`pm2 start --wait-ready\` and \`pm2 stop\` of the same dist/worker.js with its search server, from start of the command to its exit. PM2 is cold when its daemon has to be started first, as our supervisor has to each time: that is like for like. Beside a daemon that is up already the starts are equal within the noise of this machine, and change places from run to run.`,
        'Our start looks for leftovers first, and our stop ends the supervisor too and proves by fresh readings that nothing is left; `pm2 stop` leaves its daemon running. The memory of the second minute is the median of a look every 3 s.',
      ],
    };
  },
};

interface Contestant {
  readonly start: () => unknown;
  readonly daemonPid: () => number;
  readonly stop: () => unknown;
}

async function measure(
  { startMs, stopMs, memoryBytes }: Figures,
  { start, daemonPid, stop }: Contestant,
): Promise<void> {
  startMs.push(await timeOf(start));
  memoryBytes.push(footprintOf(daemonPid()).pssBytes);
  stopMs.push(await timeOf(stop));
}

function claudeMem(folder: string, port: number): Contestant {
  const env = workerEnvironment(folder, port);
  const run = (...args: readonly string[]): string => runToEnd(process.execPath, [CLI, ...args, '--json'], { env });
  let supervisor = 0;
  return {
    start: () => {
      const report = JSON.parse(run('start', '--no-chroma')) as { processes: { role: string; pid: number }[] };
      supervisor = report.processes.find(({ role }) => role === 'supervisor')?.pid ?? 0;
    },
    daemonPid: () => supervisor,
    stop: () => run('stop'),
  };
}

function workerEnvironment(folder: string, port: number): Record<string, string> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    CLAUDE_MEM_DATA_DIR: join(folder, 'data'),
    CLAUDE_MEM_WORKER_PORT: String(port),
    CLAUDE_MEM_CHROMA_ENABLED: 'false',
  };
}

function row(
  name: string,
  format: (value: number) => string,
  all: readonly Figures[],
  pick: (figures: Figures) => readonly number[],
  target = '',
): string[] {
  const medians = all.map((figures) => median(pick(figures)));
  const [ours = 0, ...others] = medians;
  const verdicts = others.map((other, index) => `${STATES[index] ?? ''}: ${verdict(ours < other)}`);
  return [name, ...medians.map(format), target, target === '' ? '' : verdicts.join(', ')];
}

function emptyFigures(): Figures {
  return { startMs: [], stopMs: [], memoryBytes: [] };
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}

function mb(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`;
}
