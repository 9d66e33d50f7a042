import { watchLeaks } from '../../../../operations/leaks/watch-leaks.ts';
import { formatAge } from '../../../../shared/duration.ts';
import { reapAfterAsking } from '../../reap/command.ts';
import type { WatchTask } from './task.ts';
import { EXIT, type ExitCode } from '../../../exit-code.ts';
import { LiveScreen, type ScreenSize } from '../../../terminal/full-screen/live-screen.ts';
import { scrolled } from '../../../terminal/full-screen/scroll.ts';
import { isUnicodeTerminal } from '../../../terminal/full-screen/unicode.ts';
import { leakHeadline } from '../text.ts';
import { drawFrame, type FrameView, hiddenRows } from './frame.ts';
import { addReading, EMPTY_STATE, nextSort, type WatchState } from './watch-state.ts';

/** `leaks --watch` in a terminal: redraws the screen after each reading and handles keys. */
export async function watchOnScreen(task: WatchTask): Promise<ExitCode> {
  const watch = new WatchOnScreen(task);
  try {
    return await watch.run();
  } finally {
    watch.dispose();
  }
}

/** Lines of the screen that do not scroll. */
const FIXED_ROWS = 6;

class WatchOnScreen {
  readonly #task: WatchTask;
  readonly #live: LiveScreen;
  #state: WatchState;
  #found: ExitCode = EXIT.couldNotLook;

  constructor(task: WatchTask) {
    this.#task = task;
    this.#state = { ...EMPTY_STATE, sort: task.sort ?? EMPTY_STATE.sort, isVerbose: task.isVerbose };
    const { output, context } = task;
    this.#live = new LiveScreen({
      output,
      clock: context.clock,
      draw: (size) => (this.#state.reading === 0 ? undefined : drawFrame(this.#state, this.#view(size))),
      press: (key) => this.#press(key),
    });
  }

  async run(): Promise<ExitCode> {
    const { context, count, exitCodeOf, intervalMs } = this.#task;
    const ports = {
      observe: context.follow({ memory: true, foreignMemory: this.#task.showForeign }),
      wait: () => this.#live.wait(intervalMs, () => this.#state.isPaused),
    };
    for await (const reading of watchLeaks(ports, { count })) {
      this.#state = addReading(this.#state, reading);
      this.#found = exitCodeOf(reading.seen);
      this.#live.draw();
      if (this.#live.ended !== undefined) break;
    }
    if (this.#live.ended === 'interrupted') return EXIT.interrupted;
    this.#live.close();
    this.#printLastHeadline();
    return this.#found;
  }

  dispose(): void {
    this.#live.dispose();
  }

  #press(key: string): boolean {
    const state = this.#state;
    const scroll = scrolled(key, state.scroll, {
      page: this.#live.size.rows - FIXED_ROWS,
      last: hiddenRows(state, this.#view(this.#live.size)),
    });
    if (scroll !== undefined) this.#state = { ...state, scroll };
    else if (key === 'q' || key === 'escape') this.#live.end('quit');
    else if (key === 's') this.#state = nextSort(state);
    else if (key === 'v') this.#state = { ...state, isVerbose: !state.isVerbose, scroll: 0 };
    else if (key === 'space') this.#state = { ...state, isPaused: !state.isPaused };
    else if (key === 'r') this.#live.leaveFor((interrupted) => reapAfterAsking(this.#task, interrupted));
    else return false;
    return true;
  }

  #view(size: ScreenSize): FrameView {
    const { intervalMs, showForeign, output } = this.#task;
    return {
      ...size,
      showForeign,
      interval: intervalMs < 1_000 ? `${intervalMs} ms` : formatAge(intervalMs / 1_000),
      time: this.#timeOfReading(),
      isUnicode: isUnicodeTerminal(process.env),
      hasKeys: this.#live.hasKeys,
      output,
    };
  }

  #timeOfReading(): string {
    const takenAt = this.#state.observation?.reading.snapshot.takenAt;
    return takenAt === undefined ? '' : new Date(takenAt).toTimeString().slice(0, 8);
  }

  #printLastHeadline(): void {
    const { observation, failure } = this.#state;
    const { output, showForeign } = this.#task;
    if (failure !== undefined) output.note(`Reading failed: ${failure.message}`);
    else if (observation !== undefined) output.text(leakHeadline(observation, { showForeign, output })[0]);
  }
}
