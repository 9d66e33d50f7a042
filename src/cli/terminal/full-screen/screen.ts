import { writeSync } from 'node:fs';
import type { WriteStream } from 'node:tty';

/** Alternate screen, hidden cursor, no line wrapping; LEAVE undoes them in reverse order. */
const ENTER = '\u001B[?1049h\u001B[?25l\u001B[?7l';
const LEAVE = '\u001B[?7h\u001B[?25h\u001B[?1049l';
/** Synchronized output: a terminal that supports it shows the frame in one step. */
const BEGIN = '\u001B[?2026h';
const END = '\u001B[?2026l';
const HOME = '\u001B[H';
const REST_OF_LINE = '\u001B[K';
const REST_OF_SCREEN = '\u001B[J';

/** A full-screen terminal. Restores the previous screen at every end of the program except SIGKILL. */
export class Screen {
  readonly #stream: WriteStream & { readonly fd: number };
  #isOpen = false;
  /** The lines on the screen; empty if they are unknown. */
  #shown: readonly string[] = [];

  constructor(stream: WriteStream & { readonly fd: number }) {
    this.#stream = stream;
    process.on('exit', this.#restore);
  }

  get size(): { readonly columns: number; readonly rows: number } {
    return { columns: this.#stream.columns, rows: this.#stream.rows };
  }

  /** Draws the lines from the top. Opens the screen first if needed. Writes only the lines that changed. */
  draw(lines: readonly string[]): void {
    const before = this.#isOpen ? this.#shown : [];
    // Erased first: after a full line, the terminal would erase its last character.
    const drawn = lines.map((line) => `${REST_OF_LINE}${line}\u001B[0m`);
    const enter = this.#isOpen ? '' : ENTER;
    this.#isOpen = true;
    this.#shown = drawn;
    const picture =
      before.length === drawn.length ? changes(before, drawn) : `${HOME}${drawn.join('\r\n')}${REST_OF_SCREEN}`;
    if (picture !== '') this.#stream.write(`${enter}${BEGIN}${picture}${END}`);
  }

  /** Makes the next `draw` write everything, after a resize or after another program used the terminal. */
  forget(): void {
    this.#shown = [];
  }

  close(): void {
    this.#restore();
  }

  dispose(): void {
    this.#restore();
    process.off('exit', this.#restore);
  }

  /** Writes synchronously, because asynchronous writes are lost in an `exit` handler. */
  readonly #restore = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      writeSync(this.#stream.fd, LEAVE);
    } catch {
      // The terminal is gone: nothing to restore.
    }
  };
}

function changes(before: readonly string[], now: readonly string[]): string {
  return now.map((line, index) => (line === before[index] ? '' : `\u001B[${index + 1};1H${line}`)).join('');
}
