import { writeSync } from 'node:fs';
import type { WriteStream } from 'node:tty';

/** Alternate screen, no cursor, no wrapping; and back, in the opposite order. */
const ENTER = '\u001B[?1049h\u001B[?25l\u001B[?7l';
const LEAVE = '\u001B[?7h\u001B[?25h\u001B[?1049l';
/** What is written in between appears at once, where the terminal knows of it. */
const BEGIN = '\u001B[?2026h';
const END = '\u001B[?2026l';
const HOME = '\u001B[H';
const REST_OF_LINE = '\u001B[K';
const REST_OF_SCREEN = '\u001B[J';

/** The terminal while it is a picture. However the program ends, short of SIGKILL, what was on it before is there again. */
export class Screen {
  readonly #stream: WriteStream & { readonly fd: number };
  #isOpen = false;
  #shown = '';

  constructor(stream: WriteStream & { readonly fd: number }) {
    this.#stream = stream;
    process.on('exit', this.#restore);
  }

  get size(): { readonly columns: number; readonly rows: number } {
    return { columns: this.#stream.columns, rows: this.#stream.rows };
  }

  /** Draws the lines from the top; opens the screen if it is not. What has not changed is not written. */
  draw(lines: readonly string[]): void {
    const picture = lines.map((line) => `${line}\u001B[0m${REST_OF_LINE}`).join('\r\n');
    if (this.#isOpen && picture === this.#shown) return;
    const enter = this.#isOpen ? '' : ENTER;
    this.#isOpen = true;
    this.#shown = picture;
    this.#stream.write(`${enter}${BEGIN}${HOME}${picture}${REST_OF_SCREEN}${END}`);
  }

  /** The next `draw` draws everything: the terminal has another size, or was somebody else's meanwhile. */
  forget(): void {
    this.#shown = '';
  }

  close(): void {
    this.#restore();
  }

  dispose(): void {
    this.#restore();
    process.off('exit', this.#restore);
  }

  /** Synchronous, because at the end of a program nothing else gets out any more. */
  readonly #restore = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      writeSync(this.#stream.fd, LEAVE);
    } catch {
      // The terminal is gone, and with it what there was to restore.
    }
  };
}
