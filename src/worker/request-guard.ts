import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { ApiError } from './api-error.ts';

export interface GuardOptions {
  /** What the worker listens on. */
  readonly host: string;
  readonly port: number;
  readonly token: string;
  /** Whether a connection came in over the socket of the data dir, which no web page can reach. */
  readonly isLocal?: (connection: Socket) => boolean;
}

/**
 * Lets a request through or throws. A web page that a user looks at can reach a loopback port too, under a name of its own (DNS
 * rebinding) or across origins; both show in the headers that no page can forge.
 */
export interface RequestGuard {
  /** @throws ApiError 400 for headers that no client of HTTP sends, else 403. */
  checkOrigin(request: FastifyRequest): void;
  /** @throws ApiError 401. */
  checkToken(request: FastifyRequest): void;
}

export function createRequestGuard({ host, port, token, isLocal }: GuardOptions): RequestGuard {
  const names = ['127.0.0.1', 'localhost', '[::1]', host.includes(':') ? `[${host}]` : host];
  // A browser leaves the port out where it is the one of http.
  const hosts = new Set(names.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`])));
  const expected = digest(token);
  return {
    checkOrigin: ({ headers, raw }) => {
      refuseTwice(raw.rawHeaders);
      const { origin } = headers;
      if (origin !== undefined && !isOrigin(origin))
        throw new ApiError(400, 'bad-request', 'the header "Origin" is none');
      if (isLocal?.(raw.socket) === true) return;
      const named = headers.host?.toLowerCase() ?? '';
      if (!hosts.has(named)) throw new ApiError(403, 'forbidden', `this is not the host "${named}"`);
      if (origin === undefined || hosts.has(origin.toLowerCase().replace(/^http:\/\//, ''))) return;
      throw new ApiError(403, 'forbidden', `requests from the origin "${origin}" are not taken`);
    },
    checkToken: ({ headers }) => {
      const given = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
      if (given !== undefined && timingSafeEqual(digest(given), expected)) return;
      const message =
        given === undefined ? 'a bearer token is needed' : 'the bearer token is not the one of this data dir';
      throw new ApiError(401, 'unauthorized', `${message}: it stands in the file "token" of the data dir`, {
        'WWW-Authenticate': 'Bearer realm="claude-mem"',
      });
    },
  };
}

/** What decides on a request. Of two Node takes the first, and a proxy before it may have looked at the other. */
const ONCE = ['host', 'origin', 'authorization'];

/** @param rawHeaders names and values by turns. */
function refuseTwice(rawHeaders: readonly string[]): void {
  const names = rawHeaders.filter((_, position) => position % 2 === 0).map((name) => name.toLowerCase());
  const twice = ONCE.find((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (twice !== undefined) throw new ApiError(400, 'bad-request', `the header "${twice}" is there twice`);
}

/** `null`, or scheme, host and port as a browser writes them (https://www.rfc-editor.org/rfc/rfc6454#section-7.1). */
function isOrigin(text: string): boolean {
  return text === 'null' || /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@,]+$/i.test(text);
}

/** Of one length, whatever was given: the comparison tells nothing about it. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
