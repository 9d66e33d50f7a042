/** How long a line of ps may be, in bytes: a command line, or a command line with an environment. Linux's ps itself prints no more. */
const LINE_LIMIT_BYTES = 128 * 1024;
/** ps counts the line end in, and cuts without a word: what comes that close to the limit is taken for cut. */
const SLACK_BYTES = 256;
/** How much is kept of a line that is longer: its columns, and a beginning for people. */
const BEGINNING_BYTES = 4_096;
const LINE_END = 0x0a;

/** Ends a line that was cut. ps never prints it. */
export const CUT_MARK = '\0';

/** Takes the output of ps as it comes, and keeps of each line no more than its limit, and of all no more than `totalBytes`. */
export class BoundedLines {
  #bytesLeft: number;
  readonly #lines: string[] = [];
  #parts: Buffer[] = [];
  #length = 0;
  #isCut = false;

  constructor(totalBytes: number) {
    this.#bytesLeft = totalBytes;
  }

  /** Whether there was more than `totalBytes`; what follows is not taken. */
  get isCut(): boolean {
    return this.#isCut;
  }

  add(chunk: Buffer): void {
    this.#bytesLeft -= chunk.length;
    if (this.#bytesLeft < 0) {
      this.#isCut = true;
      // The beginning of a line could pass for another pid.
      this.#parts = [];
      this.#length = 0;
      return;
    }
    let from = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      this.#addPart(chunk.subarray(from, end));
      this.#endLine();
      from = end + 1;
    }
    this.#addPart(chunk.subarray(from));
  }

  /** All lines, those that were too long with `CUT_MARK` behind their beginning. */
  text(): string {
    if (this.#length > 0) this.#endLine();
    return this.#lines.map((line) => `${line}\n`).join('');
  }

  #addPart(part: Buffer): void {
    // Of a line that is too long already only its length still counts.
    if (this.#length < LINE_LIMIT_BYTES) this.#parts.push(part);
    this.#length += part.length;
  }

  #endLine(): void {
    const isCut = this.#length >= LINE_LIMIT_BYTES - SLACK_BYTES;
    const bytes = Buffer.concat(this.#parts, isCut ? BEGINNING_BYTES : this.#length);
    this.#lines.push(`${bytes.toString('utf8')}${isCut ? CUT_MARK : ''}`);
    this.#parts = [];
    this.#length = 0;
  }
}
