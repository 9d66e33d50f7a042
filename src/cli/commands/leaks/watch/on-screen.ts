import { watchLeaks } from '../../../../operations/leaks/watch-leaks.ts';
import { formatAge } from '../../../../shared/duration.ts';
import { ClaudeMemError } from '../../../../shared/errors.ts';
import { reapAfterAsking } from '../../reap/command.ts';
import type { WatchTask } from './task.ts';
import { EXIT, type ExitCode } from '../../../exit-code.ts';
import { suspendSelf } from '../../../exit.ts';
import { listenForInterrupts, type Interrupts } from '../../../terminal/interrupts.ts';
import { leakHeadline } from '../text.ts';
import { drawFrame, type FrameView, hiddenRows } from './frame.ts';
import { Keys } from './keys.ts';
import { Screen } from './screen.ts';
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

/** The kernel ignores SIGTSTP in an orphaned process group. The watch then resumes after this time, in milliseconds. */
const RESUME_AFTER_MS = 20;

class WatchOnScreen {
  readonly #task: WatchTask;
  readonly #screen = new Screen(process.stdout);
  readonly #keys: Keys | undefined;
  #state: WatchState;
  #interrupts: Interrupts;
  #ended: 'quit' | 'interrupted' | undefined;
  #wantsReap = false;
  /** True while the shell or `reap` uses the terminal. */
  #isAway = false;
  #isReaping = false;
  #found: ExitCode = EXIT.couldNotLook;
  #wake: () => void = () => undefined;
  /** Receives the next key, if set. */
  #nextKey: ((key: string) => void) | undefined;

  constructor(task: WatchTask) {
    this.#task = task;
    this.#state = { ...EMPTY_STATE, sort: task.sort ?? EMPTY_STATE.sort, isVerbose: task.isVerbose };
    task.output.beginStreaming();
    this.#interrupts = this.#listen();
    if (process.stdin.isTTY) {
      this.#keys = new Keys(process.stdin, (key) => {
        this.#press(key);
      });
    }
    process.stdout.on('resize', this.#redraw);
    process.on('SIGCONT', this.#resume);
  }

  async run(): Promise<ExitCode> {
    const { context, count, exitCodeOf } = this.#task;
    const ports = {
      observe: context.follow({ memory: true, foreignMemory: this.#task.showForeign }),
      wait: () => this.#wait(),
    };
    for await (const reading of watchLeaks(ports, { count })) {
      this.#state = addReading(this.#state, reading);
      this.#found = exitCodeOf(reading.seen);
      if (reading.number === 1) this.#keys?.open();
      this.#draw();
      if (this.#ended !== undefined) break;
    }
    if (this.#ended === 'interrupted') return EXIT.interrupted;
    this.#screen.close();
    this.#printLastHeadline();
    return this.#found;
  }

  dispose(): void {
    this.#keys?.close();
    this.#screen.dispose();
    this.#interrupts.dispose();
    process.stdout.off('resize', this.#redraw);
    process.off('SIGCONT', this.#resume);
  }

  /** Waits until the next reading is due and handles keys meanwhile. @returns false if the watch ends. */
  async #wait(): Promise<boolean> {
    const { clock } = this.#task.context;
    let dueAt = clock.now() + this.#task.intervalMs;
    for (;;) {
      if (this.#ended !== undefined) return false;
      if (this.#wantsReap) {
        await this.#reap();
        dueAt = clock.now();
        continue;
      }
      const leftMs = dueAt - clock.now();
      if (!this.#state.isPaused && leftMs <= 0) return true;
      await this.#nudge(this.#state.isPaused ? undefined : leftMs);
    }
  }

  #nudge(withinMs: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = withinMs === undefined ? undefined : setTimeout(resolve, withinMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #press(key: string): void {
    if (key === 'ctrl-c') this.#end('interrupted');
    else if (this.#nextKey !== undefined) this.#nextKey(key);
    else if (key === 'q' || key === 'escape') this.#end('quit');
    else if (key === 'ctrl-z') this.#suspend();
    else this.#change(key);
  }

  #change(key: string): void {
    const state = this.#state;
    const page = Math.max(1, this.#screen.size.rows - 6);
    if (key === 's') this.#state = nextSort(state);
    else if (key === 'v') this.#state = { ...state, isVerbose: !state.isVerbose, scroll: 0 };
    else if (key === 'space') this.#state = { ...state, isPaused: !state.isPaused };
    else if (key === 'r') this.#wantsReap = true;
    else if (key === 'up' || key === 'k') this.#scroll(-1);
    else if (key === 'down' || key === 'j') this.#scroll(1);
    else if (key === 'pageup') this.#scroll(-page);
    else if (key === 'pagedown') this.#scroll(page);
    else if (key === 'ctrl-l') this.#screen.forget();
    else return;
    this.#draw();
    this.#wake();
  }

  #scroll(by: number): void {
    const scroll = Math.max(0, Math.min(this.#state.scroll + by, hiddenRows(this.#state, this.#view())));
    this.#state = { ...this.#state, scroll };
  }

  #end(how: 'quit' | 'interrupted'): void {
    this.#ended ??= how;
    this.#nextKey?.('');
    this.#wake();
  }

  /** Runs the `reap` command on the normal screen. It takes its own reading, plans, asks and acts. */
  async #reap(): Promise<void> {
    this.#wantsReap = false;
    this.#isReaping = true;
    this.#leave();
    // `reap` handles Ctrl-C itself.
    this.#interrupts.dispose();
    try {
      await reapAfterAsking(this.#task);
    } catch (error) {
      if (!(error instanceof ClaudeMemError)) throw error;
      this.#task.output.note([error.message, error.hint ?? ''].join('\n').trimEnd());
    } finally {
      this.#interrupts = this.#listen();
    }
    this.#task.output.note('\nPress any key to return to the watch, or q to quit.');
    this.#keys?.open();
    const key = await new Promise<string>((resolve) => (this.#nextKey = resolve));
    this.#nextKey = undefined;
    if (key === 'q') this.#end('quit');
    this.#isAway = false;
    this.#isReaping = false;
  }

  #suspend(): void {
    this.#leave();
    suspendSelf();
    setTimeout(this.#resume, RESUME_AFTER_MS);
  }

  /** Also handles SIGCONT after a SIGSTOP from outside: the shell has changed the terminal meanwhile. */
  readonly #resume = (): void => {
    if (this.#ended !== undefined || this.#state.reading === 0 || this.#isReaping) return;
    this.#isAway = false;
    this.#keys?.open();
    this.#redraw();
  };

  readonly #redraw = (): void => {
    this.#screen.forget();
    this.#draw();
  };

  #leave(): void {
    this.#isAway = true;
    this.#keys?.close();
    this.#screen.close();
  }

  #draw(): void {
    if (this.#isAway || this.#ended !== undefined || this.#state.reading === 0) return;
    this.#screen.draw(drawFrame(this.#state, this.#view()));
  }

  #view(): FrameView {
    const { intervalMs, showForeign, output } = this.#task;
    return {
      ...this.#screen.size,
      showForeign,
      interval: intervalMs < 1_000 ? `${intervalMs} ms` : formatAge(intervalMs / 1_000),
      time: this.#timeOfReading(),
      isUnicode: /utf-?8/i.test(process.env.LC_ALL ?? process.env.LC_CTYPE ?? process.env.LANG ?? ''),
      hasKeys: this.#keys !== undefined,
      output,
    };
  }

  #timeOfReading(): string {
    const takenAt = this.#state.observation?.reading.snapshot.takenAt;
    return takenAt === undefined ? '' : new Date(takenAt).toTimeString().slice(0, 8);
  }

  #listen(): Interrupts {
    return listenForInterrupts(() => {
      this.#end('interrupted');
    });
  }

  #printLastHeadline(): void {
    const { observation, failure } = this.#state;
    const { output, showForeign } = this.#task;
    if (failure !== undefined) output.note(`Reading failed: ${failure.message}`);
    else if (observation !== undefined) output.text(leakHeadline(observation, { showForeign, output })[0]);
  }
}
