import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A browser opened by the command needs a second; a user who copies the link to another machine needs longer. */
export const CODE_LIFE_MS = 60_000;
/** Further codes replace the oldest. */
const MOST_CODES = 16;
const CODE_BYTES = 32;

interface Issued {
  readonly digest: Buffer;
  readonly expiresAt: number;
}

/**
 * Codes that open the page once. Stores only digests, in memory, for the life of this worker. Does not count wrong
 * codes: 256 random bits cannot be guessed within a minute, and a limit would let any process lock the owner out.
 */
export class OneTimeCodes {
  readonly #now: () => number;
  #issued: readonly Issued[] = [];

  /** @param now monotonic clock, in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  issue(): string {
    const code = randomBytes(CODE_BYTES).toString('base64url');
    const issued = { digest: digest(code), expiresAt: this.#now() + CODE_LIFE_MS };
    this.#issued = [...this.#valid(), issued].slice(-MOST_CODES);
    return code;
  }

  /** Consumes a code. @returns whether it was valid. */
  redeem(code: string): boolean {
    const given = digest(code);
    const valid = this.#valid();
    // Compares with every code, so that the duration reveals nothing.
    const rest = valid.filter((issued) => !timingSafeEqual(issued.digest, given));
    this.#issued = rest;
    return rest.length < valid.length;
  }

  #valid(): readonly Issued[] {
    const now = this.#now();
    return this.#issued.filter(({ expiresAt }) => expiresAt > now);
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
