import { StringDecoder } from 'node:string_decoder';

/** Longer lines are cut to this many characters, because users read them. */
const LONGEST_LINE = 2_000;

/** Keeps the last lines of a process's output and forwards each line. */
export class LastLines {
  readonly #keep: number;
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  readonly #lines: string[] = [];
  #rest = '';

  constructor(keep: number, onLine: (line: string) => void = () => undefined) {
    this.#keep = keep;
    this.#onLine = onLine;
  }

  get lines(): readonly string[] {
    return this.#rest.trim() === '' ? this.#lines : [...this.#lines, this.#rest.trim()];
  }

  write(chunk: Buffer): void {
    // A progress bar uses a carriage return instead of a new line.
    const parts = (this.#rest + this.#decoder.write(chunk)).split(/[\r\n]+/);
    this.#rest = (parts.pop() ?? '').slice(-LONGEST_LINE);
    for (const part of parts) this.add(part);
  }

  add(text: string): void {
    const line = text.trim().slice(0, LONGEST_LINE);
    if (line === '') return;
    this.#lines.push(line);
    if (this.#lines.length > this.#keep) this.#lines.shift();
    this.#onLine(line);
  }
}
