import type { Observation } from '../../../operations/observe/observe.ts';
import { formatAge } from '../../../shared/duration.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';
import type { CommandInput } from '../../command.ts';
import type { Context } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import { exitNow } from '../../exit.ts';
import { LiveScreen, type ScreenSize } from '../../terminal/full-screen/live-screen.ts';
import { scrolled } from '../../terminal/full-screen/scroll.ts';
import { isUnicodeTerminal } from '../../terminal/full-screen/unicode.ts';
import { reapAfterAsking } from '../reap/command.ts';
import { restartAfterAsking } from '../restart/command.ts';
import { drawMonit, logRoom, type MonitView } from './frame.ts';
import { LogReader } from './log-reader.ts';
import { addMonitReading, EMPTY_MONIT, logNameOf, selectedPosition, type MonitState } from './monit-state.ts';
import { SupervisorPoll } from './supervisor-poll.ts';

/** Draws the live screen until a key or a signal ends it. */
export async function monitOnScreen(input: CommandInput<object>, intervalMs: number): Promise<ExitCode> {
  const context = input.openContext({ acts: false, ifMissing: 'look' });
  const { connect } = await input.wiring.createTreeContext(context);
  const monit = new Monit({
    ...{ input, context, intervalMs },
    supervisor: new SupervisorPoll(connect, context.clock),
    logs: new LogReader(await input.wiring.openLogs(context.dataDir)),
  });
  try {
    return await monit.run();
  } finally {
    monit.dispose();
  }
}

interface Parts {
  readonly input: CommandInput<object>;
  readonly context: Context;
  readonly intervalMs: number;
  readonly supervisor: SupervisorPoll;
  readonly logs: LogReader;
}

/** CPU needs two readings, so the second one comes sooner. Milliseconds. */
const SECOND_READING_MS = 1_000;
/** Lines of the overview that are no list. */
const FIXED_ROWS = 8;

class Monit {
  readonly #parts: Parts;
  readonly #live: LiveScreen;
  #state: MonitState = EMPTY_MONIT;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#live = new LiveScreen({
      output: parts.input.output,
      clock: parts.context.clock,
      draw: (size) => (this.#state.reading === 0 ? undefined : drawMonit(this.#state, this.#view(size))),
      press: (key) => this.#press(key),
    });
  }

  async run(): Promise<ExitCode> {
    const { context, intervalMs } = this.#parts;
    const observe = context.follow({ memory: true });
    for (;;) {
      await this.#read(observe);
      this.#live.draw();
      if (this.#live.ended !== undefined) break;
      const isFirst = this.#state.reading === 1;
      const dueInMs = isFirst ? Math.min(intervalMs, SECOND_READING_MS) : intervalMs;
      if (!(await this.#live.wait(dueInMs, () => this.#state.isPaused))) break;
    }
    const exitCode = this.#live.ended === 'interrupted' ? EXIT.interrupted : EXIT.ok;
    this.#live.close();
    // A frozen supervisor would keep the program running for seconds.
    if (this.#parts.supervisor.isAsking) exitNow(exitCode);
    return exitCode;
  }

  dispose(): void {
    this.#live.dispose();
  }

  /** A failed reading is shown, because the next one may succeed. @throws ClaudeMemError when the very first reading fails. */
  async #read(observe: () => Promise<Observation>): Promise<void> {
    const { supervisor, context } = this.#parts;
    const answer = await supervisor.ask();
    const atMs = context.clock.now();
    const isFirst = this.#state.reading === 0;
    const seen = await observe().catch((error: unknown) => {
      if (isFirst || !(error instanceof ClaudeMemError)) throw error;
      return error;
    });
    this.#state = addMonitReading(this.#state, { seen, answer, atMs });
    this.#readLog();
  }

  #readLog(): void {
    const name = logNameOf(this.#state.items[selectedPosition(this.#state)]);
    this.#state = { ...this.#state, log: name === undefined ? undefined : this.#parts.logs.read(name) };
  }

  #press(key: string): boolean {
    if (this.#state.view === 'overview') return this.#pressInOverview(key);
    if (['q', 'escape', 'l', 'return', '?', 'h'].includes(key)) {
      this.#state = { ...this.#state, view: 'overview' };
      return true;
    }
    if (key === 'space') return this.#pause();
    return this.#state.view === 'log' && this.#scrollLog(key);
  }

  #pressInOverview(key: string): boolean {
    const { input } = this.#parts;
    if (this.#select(key)) return true;
    if (key === 'q' || key === 'escape') this.#live.end('quit');
    else if (key === '?' || key === 'h') this.#state = { ...this.#state, view: 'help' };
    else if (key === 'l' || key === 'return') this.#state = { ...this.#state, view: 'log', logTop: 'end' };
    else if (key === 'space') return this.#pause();
    else if (key === 'r') this.#live.leaveFor((interrupted) => reapAfterAsking(input, interrupted));
    else if (key === 'ctrl-r') {
      const isRunning = this.#state.report?.running === true;
      this.#live.leaveFor((interrupted) => restartAfterAsking(input, { isRunning, interrupted }));
    } else return false;
    return true;
  }

  #pause(): boolean {
    this.#state = { ...this.#state, isPaused: !this.#state.isPaused };
    return true;
  }

  #select(key: string): boolean {
    const { items } = this.#state;
    const page = this.#live.size.rows - FIXED_ROWS;
    const position = scrolled(key, Math.max(0, selectedPosition(this.#state)), { page, last: items.length - 1 });
    if (position === undefined) return false;
    this.#state = { ...this.#state, selected: items[position]?.key };
    this.#readLog();
    return true;
  }

  #scrollLog(key: string): boolean {
    const { log, logTop } = this.#state;
    const room = logRoom(this.#state, this.#view(this.#live.size));
    const last = Math.max(0, (log?.lines.length ?? 0) - room);
    const top = scrolled(key, logTop === 'end' ? last : Math.min(logTop, last), { page: room, last });
    if (top === undefined) return false;
    this.#state = { ...this.#state, logTop: top === last ? 'end' : top };
    return true;
  }

  #view(size: ScreenSize): MonitView {
    const { intervalMs, input } = this.#parts;
    const takenAt = this.#state.observation?.reading.snapshot.takenAt;
    return {
      ...size,
      interval: intervalMs < 1_000 ? `${intervalMs} ms` : formatAge(intervalMs / 1_000),
      time: takenAt === undefined ? '' : new Date(takenAt).toTimeString().slice(0, 8),
      isUnicode: isUnicodeTerminal(process.env),
      output: input.output,
    };
  }
}
