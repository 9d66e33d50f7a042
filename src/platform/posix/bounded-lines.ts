/**
 * Limit for a line of ps, in bytes: a command line, possibly with an environment. ps on Linux prints no more than this.
 */
const LINE_LIMIT_BYTES = 128 * 1024;
/** ps includes the line end and truncates silently, so a line this close to the limit counts as cut. */
const SLACK_BYTES = 256;
/** How much of a longer line is kept, in bytes: its columns and a beginning for display. */
const BEGINNING_BYTES = 4_096;
const LINE_END = 0x0a;

/** Marks the end of a cut line. ps never prints this character. */
export const CUT_MARK = '\0';

/** Collects the output of ps. Keeps each line up to its limit, and at most `totalBytes` overall. */
export class BoundedLines {
  #bytesLeft: number;
  readonly #lines: string[] = [];
  #parts: Buffer[] = [];
  #length = 0;
  #isCut = false;

  constructor(totalBytes: number) {
    this.#bytesLeft = totalBytes;
  }

  /** Whether there was more than `totalBytes`; the rest is ignored. */
  get isCut(): boolean {
    return this.#isCut;
  }

  add(chunk: Buffer): void {
    this.#bytesLeft -= chunk.length;
    if (this.#bytesLeft < 0) {
      this.#isCut = true;
      // The beginning of a line could be mistaken for another pid.
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

  /** All lines; a line that was too long ends with `CUT_MARK`. */
  text(): string {
    if (this.#length > 0) this.#endLine();
    return this.#lines.map((line) => `${line}\n`).join('');
  }

  #addPart(part: Buffer): void {
    // For a line beyond the limit, only its length counts.
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
