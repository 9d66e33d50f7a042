import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { prepareSemanticStack } from '../../test/helpers/prepare-semantic-stack.ts';
import { RUN_MARK } from '../../test/helpers/run-mark.ts';
import { describeEnded, endKilledRuns, endRun, makeRunFolder, newRunMark } from '../leak/runs.mjs';
import { describePlan } from './describe.ts';
import { canMount } from './disk.ts';
import { HELP, parseOptions, type Options } from './options.ts';
import { planRound, withinMeans, type Means, type RoundPlan } from './plan.ts';
import { recordRun, summaryOf, type Tally } from './record.ts';
import { runRound } from './run-round.ts';
import type { RealChroma } from './scene.ts';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const KEEP_IN = fileURLToPath(new URL('../../.cache/rounds', import.meta.url));

/** @returns the exit code: 0 if every round passed, 1 if one failed, 2 for wrong usage, 130 when interrupted. */
export async function runRounds(argv: readonly string[]): Promise<number> {
  const today = new Date().toISOString().slice(0, 10);
  let options: Options | undefined;
  try {
    options = parseOptions(argv, today);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 2;
  }
  if (options === undefined) {
    console.log(HELP);
    return 0;
  }
  if (options.printsPlan) return printPlans(options);
  if (process.platform !== 'linux') return complain('the rounds need Linux: they read /proc');
  if (!existsSync(CLI)) return complain('dist/cli.js is missing: run `npm run build` first');
  return play(options, today);
}

function complain(what: string): number {
  console.error(what);
  return 2;
}

function printPlans({ seed, numbers }: Options): number {
  for (const number of numbers) console.log(describePlan(planRound(seed, number)).join('\n'));
  return 0;
}

async function play(options: Options, today: string): Promise<number> {
  const killed = describeEnded(await endKilledRuns());
  if (killed !== undefined) console.error(killed);
  const run = newRunMark();
  const janitor = startJanitor(run);
  // Inherited by the processes of the runner.
  process.env[RUN_MARK] = run;
  const folder = makeRunFolder(run);
  // Bystanders of other users need access.
  chmodSync(folder, 0o755);
  const game = new Game(options, { run, folder });
  endOnSignals(game);
  try {
    await game.play();
  } finally {
    game.end();
    await dismiss(janitor, run);
  }
  return game.report(today);
}

/** The first signal ends the run. A second one stops waiting for the cleanup, which the janitor finishes alone. */
function endOnSignals(game: Game): void {
  let firstAt: number | undefined;
  const interrupt = (): void => {
    firstAt ??= performance.now();
    if (!game.isInterrupted) game.interrupt();
    else if (performance.now() - firstAt > ECHO_MS) process.exit(INTERRUPTED);
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt);
}

const INTERRUPTED = 130;
/** In milliseconds. A Ctrl-C arrives from the terminal and again from npm. */
const ECHO_MS = 500;

/**
 * In its own session, so that Ctrl-C does not end it, and without the mark of a run, so that a later run does not end
 * it.
 */
function startJanitor(run: string): ChildProcess {
  const file = fileURLToPath(new URL('janitor.mjs', import.meta.url));
  const janitor = spawn(process.execPath, [file, run], {
    env: { ...process.env, [RUN_MARK]: undefined },
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  janitor.stdin.on('error', () => undefined);
  return janitor;
}

/** Waits until the janitor has removed everything; does it here if the janitor cannot. */
async function dismiss(janitor: ChildProcess, run: string): Promise<void> {
  const isRunning = janitor.exitCode === null && janitor.signalCode === null;
  const ended = new Promise((resolve) => janitor.once('exit', resolve));
  janitor.stdin?.end();
  if (isRunning) await Promise.race([ended, sleep(JANITOR_MS, undefined, { ref: false })]);
  if (janitor.exitCode !== 0) await endRun(run);
}

/** In milliseconds. It tries for 15 s to end processes, then unmounts and removes. */
const JANITOR_MS = 25_000;

/** The kept folder contains the whole line. */
function shortened(line: string): string {
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)} …` : line;
}

const LONGEST_LINE = 600;

class Game {
  readonly #options: Options;
  readonly #place: { readonly run: string; readonly folder: string };
  readonly #tally: Tally = { passed: 0, failed: [], real: 0 };
  #means: Means = { isRoot: false, canMount: false, hasNamespaces: false, hasChroma: false };
  #real: RealChroma | undefined;
  #isInterrupted = false;
  readonly #over = new AbortController();
  #startedAt = 0;

  constructor(options: Options, place: { readonly run: string; readonly folder: string }) {
    this.#options = options;
    this.#place = place;
  }

  get isInterrupted(): boolean {
    return this.#isInterrupted;
  }

  interrupt(): void {
    this.#isInterrupted = true;
    console.error('interrupted: ending what the rounds started');
    this.end();
  }

  /** From now on the rounds start nothing. */
  end(): void {
    this.#over.abort();
  }

  /** Resolves when all rounds are played, or the run is interrupted. */
  async play(): Promise<void> {
    const over = once(this.#over.signal, 'abort');
    const played = this.#prepare().then(() => this.#playAll());
    // An interrupted round fails, which is irrelevant.
    await Promise.race([played, over]).catch((error: unknown) => {
      if (!this.#isInterrupted) throw error;
    });
  }

  async #prepare(): Promise<void> {
    const isRoot = process.getuid?.() === 0;
    const stack = this.#options.usesChroma ? await prepareSemanticStack(console.error) : undefined;
    this.#over.signal.throwIfAborted();
    if (stack?.available === true) this.#real = { uvx: stack.uvx, home: stack.home, env: stack.env };
    this.#means = {
      isRoot,
      canMount: isRoot && canMount(join(this.#place.folder, 'try')),
      hasNamespaces:
        isRoot && spawnSync('unshare', ['--mount', '--pid', '--fork', '--mount-proc', 'true']).status === 0,
      hasChroma: stack?.available === true,
    };
    this.#announce(stack?.available === false ? stack.reason : undefined);
  }

  #announce(reason: string | undefined): void {
    const { seed, numbers, jobs } = this.#options;
    console.log(`seed ${seed}, ${numbers.length} rounds, ${jobs} at a time`);
    const { isRoot, canMount: mounts, hasNamespaces } = this.#means;
    if (!isRoot) console.log('not root: other users, full disks and reused pids are left out');
    else {
      if (!mounts) console.log('nothing can be mounted: full and closed disks are left out');
      if (!hasNamespaces) console.log('no pid namespaces: reused pids are left out');
    }
    if (reason !== undefined) console.log(`no real Chroma: ${reason}`);
  }

  async #playAll(): Promise<void> {
    this.#startedAt = performance.now();
    const waiting = [...this.#options.numbers];
    const worker = async (): Promise<void> => {
      for (let number = waiting.shift(); number !== undefined && this.#goesOn(); number = waiting.shift()) {
        await this.#playOne(number);
      }
    };
    await Promise.all(Array.from({ length: this.#options.jobs }, worker));
  }

  #goesOn(): boolean {
    const { stopsEarly, withinMs } = this.#options;
    if (this.#isInterrupted || performance.now() - this.#startedAt > withinMs) return false;
    return !stopsEarly || this.#tally.failed.length === 0;
  }

  async #playOne(number: number): Promise<void> {
    const plan = withinMeans(planRound(this.#options.seed, number), this.#means);
    const startedAt = performance.now();
    const { keeps } = this.#options;
    const order = { plan, ...this.#place, real: this.#real, keepIn: KEEP_IN, keeps };
    const { violations, log } = await runRound(order, this.#over.signal);
    if (this.#isInterrupted) return;
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    if (plan.chroma === 'real') this.#tally.real += 1;
    if (violations.length === 0) this.#tally.passed += 1;
    else this.#tally.failed.push(number);
    console.log(`${violations.length === 0 ? 'ok    ' : 'FAILED'} round ${number} (${seconds} s)`);
    if (violations.length > 0) this.#show(plan, violations, log);
  }

  #show(plan: RoundPlan, violations: readonly string[], log: readonly string[]): void {
    const again = `npm run rounds -- --seed '${plan.seed}' --only ${plan.number}`;
    console.log([...describePlan(plan), ...violations.map((what) => `  ! ${what}`), ...log.map(shortened)].join('\n'));
    console.log(`its logs are in ${KEEP_IN}; play it again: ${again}`);
  }

  report(today: string): number {
    const { seed, records } = this.#options;
    console.log(summaryOf(seed, this.#tally));
    if (records && !this.#isInterrupted) recordRun(today, seed, this.#tally);
    if (this.#isInterrupted) return INTERRUPTED;
    return this.#tally.failed.length === 0 ? 0 : 1;
  }
}
