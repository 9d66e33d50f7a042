import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** From the command to the browser it takes a second; a person who copies the link to another machine needs some more. */
export const CODE_LIFE_MS = 60_000;
/** Who asks for more loses the oldest. */
const MOST_CODES = 16;
const CODE_BYTES = 32;

interface Issued {
  readonly digest: Buffer;
  readonly expiresAt: number;
}

/**
 * Codes that open the page once. They are kept as digests, in memory alone, and end with this worker. Wrong ones are not counted: 256 random
 * bits are not guessed within a minute, and a limit would only let anybody lock the owner out.
 */
export class OneTimeCodes {
  readonly #now: () => number;
  #issued: readonly Issued[] = [];

  /** @param now monotonic, in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  issue(): string {
    const code = randomBytes(CODE_BYTES).toString('base64url');
    const issued = { digest: digest(code), expiresAt: this.#now() + CODE_LIFE_MS };
    this.#issued = [...this.#valid(), issued].slice(-MOST_CODES);
    return code;
  }

  /** Uses a code up. @returns whether it was one. */
  redeem(code: string): boolean {
    const given = digest(code);
    const valid = this.#valid();
    // Each is compared, the found one too: how long it takes tells nothing.
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
