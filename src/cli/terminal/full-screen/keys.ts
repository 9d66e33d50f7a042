import { emitKeypressEvents } from 'node:readline';
import type { ReadStream } from 'node:tty';

/** A key by its name: `q`, `up`, `space`, `ctrl-c`. */
export type KeyListener = (key: string) => void;

interface Keypress {
  readonly name?: string;
  readonly ctrl?: boolean;
  readonly sequence?: string;
}

/** Reads single keys in raw mode, in which Ctrl-C and Ctrl-Z are keys too. */
export class Keys {
  readonly #stream: ReadStream;
  readonly #listener: KeyListener;
  #isOpen = false;

  constructor(stream: ReadStream, listener: KeyListener) {
    this.#stream = stream;
    this.#listener = listener;
    emitKeypressEvents(stream);
  }

  open(): void {
    this.#stream.setRawMode(true);
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#stream.on('keypress', this.#onKeypress);
    this.#stream.resume();
  }

  /** Leaves raw mode. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#stream.off('keypress', this.#onKeypress);
    this.#stream.setRawMode(false);
    this.#stream.pause();
  }

  readonly #onKeypress = (_text: string | undefined, { name, ctrl, sequence }: Keypress): void => {
    const key = name ?? sequence ?? '';
    this.#listener(ctrl === true ? `ctrl-${key}` : key);
  };
}
