import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { ApiError } from './api-error.ts';

export interface GuardOptions {
  /** The address the worker listens on. */
  readonly host: string;
  readonly port: number;
  readonly token: string;
  /** Whether a connection uses the data dir's socket, which no web page can reach. */
  readonly isLocal?: (connection: Socket) => boolean;
}

/**
 * Accepts a request or throws. A web page can reach a loopback port through a name of its own (DNS rebinding) or across
 * origins. Both are visible in headers that a page cannot forge.
 */
export interface RequestGuard {
  /** @throws ApiError 400 for headers that no HTTP client sends, else 403. */
  checkOrigin(request: FastifyRequest): void;
  /** @throws ApiError 401. */
  checkToken(request: FastifyRequest): void;
}

export function createRequestGuard({ host, port, token, isLocal }: GuardOptions): RequestGuard {
  const names = ['127.0.0.1', 'localhost', '[::1]', host.includes(':') ? `[${host}]` : host];
  // A browser omits the port if it is the default of http.
  const hosts = new Set(names.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`])));
  const expected = digest(token);
  return {
    checkOrigin: ({ headers, raw }) => {
      refuseTwice(raw.rawHeaders);
      const { origin } = headers;
      if (origin !== undefined && !isOrigin(origin))
        throw new ApiError(400, 'bad-request', 'the "Origin" header is not valid');
      if (isLocal?.(raw.socket) === true) return;
      const named = headers.host?.toLowerCase() ?? '';
      if (!hosts.has(named)) throw new ApiError(403, 'forbidden', `the host "${named}" is not allowed`);
      if (origin === undefined || hosts.has(origin.toLowerCase().replace(/^http:\/\//, ''))) return;
      throw new ApiError(403, 'forbidden', `requests from the origin "${origin}" are not allowed`);
    },
    checkToken: ({ headers }) => {
      const given = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
      if (given !== undefined && timingSafeEqual(digest(given), expected)) return;
      const message =
        given === undefined ? 'a bearer token is required' : 'the bearer token does not match this data dir';
      throw new ApiError(401, 'unauthorized', `${message}; the token is in the file "token" of the data dir`, {
        'WWW-Authenticate': 'Bearer realm="claude-mem"',
      });
    },
  };
}

/** Headers that decide on a request. Of two, Node uses the first, while a proxy may have checked the other. */
const ONCE = ['host', 'origin', 'authorization'];

/** @param rawHeaders alternating names and values. */
function refuseTwice(rawHeaders: readonly string[]): void {
  const names = rawHeaders.filter((_, position) => position % 2 === 0).map((name) => name.toLowerCase());
  const twice = ONCE.find((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (twice !== undefined) throw new ApiError(400, 'bad-request', `the "${twice}" header occurs twice`);
}

/** `null`, or scheme, host and port as a browser writes them (https://www.rfc-editor.org/rfc/rfc6454#section-7.1). */
function isOrigin(text: string): boolean {
  return text === 'null' || /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@,]+$/i.test(text);
}

/** Fixed length, so that the comparison reveals nothing about the token. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
