import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** A working day; afterwards the user requests a new link. */
const SESSION_LIFE_SECONDS = 12 * 60 * 60;
const COOKIE = 'claude-mem-page';

export interface PageSession {
  /** All paths that the session may read are below this one. */
  readonly path: string;
  /** Value of `Set-Cookie`. */
  readonly cookie: string;
}

/**
 * Cookies for browsers that opened a link. Browsers send a cookie to every port of a host, so other programs on
 * 127.0.0.1 would receive it: the cookie is restricted to an unpredictable path. It is signed and not stored, so that
 * it survives a crash of the worker. A new token of the data dir invalidates it.
 */
export class PageSessions {
  readonly #key: Buffer;
  readonly #now: () => number;

  /** @param now wall clock, in milliseconds. */
  constructor(token: string, now: () => number) {
    this.#key = createHmac('sha256', token).update('claude-mem page').digest();
    this.#now = now;
  }

  open(): PageSession {
    const id = randomBytes(16).toString('base64url');
    const expiresAt = Math.floor(this.#now() / 1000) + SESSION_LIFE_SECONDS;
    const path = `/page/${id}`;
    const value = `${expiresAt}.${this.#sign(id, expiresAt)}`;
    return {
      path,
      cookie: `${COOKIE}=${value}; Path=${path}; Max-Age=${SESSION_LIFE_SECONDS}; HttpOnly; SameSite=Strict`,
    };
  }

  /** @param cookies value of the `Cookie` header. */
  isOpen(id: string, cookies: string | undefined): boolean {
    return valuesOf(cookies).some((value) => this.#isValid(id, value));
  }

  #isValid(id: string, value: string): boolean {
    const [, expiry = '', given = ''] = /^(\d{1,12})\.([\w-]+)$/.exec(value) ?? [];
    const expected = Buffer.from(this.#sign(id, Number(expiry)));
    const signature = Buffer.from(given);
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return false;
    return Number(expiry) * 1000 > this.#now();
  }

  #sign(id: string, expiresAt: number): string {
    return createHmac('sha256', this.#key).update(`${id}.${expiresAt}`).digest('base64url');
  }
}

/** Another worker on this host may have set a cookie of the same name. */
function valuesOf(cookies = ''): readonly string[] {
  return cookies
    .split(';')
    .map((cookie) => cookie.trim())
    .filter((cookie) => cookie.startsWith(`${COOKIE}=`))
    .map((cookie) => cookie.slice(COOKIE.length + 1));
}
