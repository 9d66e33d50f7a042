import type { Clock } from '../../../operations/ports/process.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';
import { suspendSelf } from '../../exit.ts';
import { listenForInterrupts, type Interrupts } from '../interrupts.ts';
import type { Output } from '../output.ts';
import { Keys } from './keys.ts';
import { Screen } from './screen.ts';

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

export interface LiveScreenOptions {
  readonly clock: Clock;
  readonly output: Output;
  /** The lines of the screen; undefined before there is anything to show. */
  readonly draw: (size: ScreenSize) => readonly string[] | undefined;
  /** Receives every key except Ctrl-C, Ctrl-L and Ctrl-Z. @returns false if the key means nothing. */
  readonly press: (key: string) => boolean;
}

/**
 * An action on the normal screen, such as `reap`.
 * @param interrupted aborted by SIGTERM or SIGHUP.
 * @returns whether there is text to read before the screen returns.
 */
type AwayAction = (interrupted: AbortSignal) => Promise<'read-first' | 'return'>;

/** The kernel ignores SIGTSTP in an orphaned process group. The screen then resumes after this time, in milliseconds. */
const RESUME_AFTER_MS = 20;

/** A screen that is redrawn until a key or a signal ends it. Handles size, keys, Ctrl-Z, signals, and actions on the normal screen. */
export class LiveScreen {
  readonly #options: LiveScreenOptions;
  readonly #screen = new Screen(process.stdout);
  readonly #keys: Keys | undefined;
  #interrupts: Interrupts;
  #ended: 'quit' | 'interrupted' | undefined;
  #action: AwayAction | undefined;
  /** True while the shell or an action uses the terminal. */
  #isAway = false;
  #isActing = false;
  #isOpen = false;
  #wake: () => void = () => undefined;
  /** Receives the next key, if set. */
  #nextKey: ((key: string) => void) | undefined;

  constructor(options: LiveScreenOptions) {
    this.#options = options;
    options.output.beginStreaming();
    this.#interrupts = this.#listen();
    if (process.stdin.isTTY) {
      this.#keys = new Keys(process.stdin, (key) => {
        this.#press(key);
      });
    }
    process.stdout.on('resize', this.#redraw);
    process.on('SIGCONT', this.#resume);
  }

  get hasKeys(): boolean {
    return this.#keys !== undefined;
  }

  get size(): ScreenSize {
    return this.#screen.size;
  }

  /** How the screen ended; undefined while it is shown. */
  get ended(): 'quit' | 'interrupted' | undefined {
    return this.#ended;
  }

  /** Draws, and reads keys from the first time on. */
  draw(): void {
    if (this.#ended !== undefined || this.#isAway) return;
    const lines = this.#options.draw(this.#screen.size);
    if (lines === undefined) return;
    if (!this.#isOpen) this.#keys?.open();
    this.#isOpen = true;
    this.#screen.draw(lines);
  }

  /** Waits until the next reading is due. Handles keys and actions meanwhile. @returns false if the screen ended. */
  async wait(intervalMs: number, isPaused: () => boolean): Promise<boolean> {
    const { clock } = this.#options;
    const dueAt = clock.now() + intervalMs;
    for (;;) {
      if (this.#ended !== undefined) return false;
      if (this.#action !== undefined) {
        await this.#act(this.#action);
        // The action has changed what there is to see.
        return this.#isShown();
      }
      const leftMs = dueAt - clock.now();
      if (!isPaused() && leftMs <= 0) return true;
      await this.#nudge(isPaused() ? undefined : leftMs);
    }
  }

  /** Runs an action on the normal screen as soon as no reading is in progress. */
  leaveFor(action: AwayAction): void {
    this.#action = action;
    this.#wake();
  }

  end(how: 'quit' | 'interrupted'): void {
    this.#ended ??= how;
    this.#nextKey?.('');
    this.#wake();
  }

  /** Restores the normal screen. */
  close(): void {
    this.#screen.close();
  }

  dispose(): void {
    this.#keys?.close();
    this.#screen.dispose();
    this.#interrupts.dispose();
    process.stdout.off('resize', this.#redraw);
    process.off('SIGCONT', this.#resume);
  }

  #isShown(): boolean {
    return this.#ended === undefined;
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
    if (key === 'ctrl-c') this.end('interrupted');
    else if (this.#nextKey !== undefined) this.#nextKey(key);
    else if (key === 'ctrl-z') this.#suspend();
    else if (key === 'ctrl-l') this.#redraw();
    else if (this.#options.press(key)) {
      this.draw();
      this.#wake();
    }
  }

  async #act(action: AwayAction): Promise<void> {
    this.#action = undefined;
    this.#isActing = true;
    this.#leave();
    // The action handles Ctrl-C itself.
    this.#interrupts.dispose();
    const terminated = new AbortController();
    const onSignal = () => {
      terminated.abort();
    };
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
    let next: 'read-first' | 'return' = 'read-first';
    try {
      next = await action(terminated.signal);
    } catch (error) {
      if (!(error instanceof ClaudeMemError)) throw error;
      this.#options.output.note([error.message, error.hint ?? ''].join('\n').trimEnd());
    } finally {
      this.#interrupts = this.#listen();
      for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.off(signal, onSignal);
    }
    if (terminated.signal.aborted) this.end('interrupted');
    else if (next === 'read-first') await this.#waitForReader();
    this.#isAway = false;
    this.#isActing = false;
    if (this.#ended !== undefined) return;
    this.#keys?.open();
    // The next reading may take a while.
    this.#redraw();
  }

  async #waitForReader(): Promise<void> {
    this.#options.output.note('\nPress any key to return, or q to quit.');
    this.#keys?.open();
    const key = await new Promise<string>((resolve) => (this.#nextKey = resolve));
    this.#nextKey = undefined;
    if (key === 'q') this.end('quit');
  }

  #suspend(): void {
    this.#leave();
    suspendSelf();
    setTimeout(this.#resume, RESUME_AFTER_MS);
  }

  /** Also handles SIGCONT after a SIGSTOP from outside: the shell has changed the terminal meanwhile. */
  readonly #resume = (): void => {
    if (this.#ended !== undefined || !this.#isOpen || this.#isActing) return;
    this.#isAway = false;
    this.#keys?.open();
    this.#redraw();
  };

  readonly #redraw = (): void => {
    this.#screen.forget();
    this.draw();
  };

  #leave(): void {
    this.#isAway = true;
    this.#keys?.close();
    this.#screen.close();
  }

  #listen(): Interrupts {
    return listenForInterrupts(() => {
      this.end('interrupted');
    });
  }
}
