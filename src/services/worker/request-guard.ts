import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ApiError } from './api-error.ts';

export interface GuardOptions {
  /** What the worker listens on. */
  readonly host: string;
  readonly port: number;
  readonly token: string;
}

/**
 * Lets a request through or throws. A web page that a user looks at can reach a loopback port too, under a name of its own (DNS
 * rebinding) or across origins; both show in the headers that no page can forge.
 */
export interface RequestGuard {
  /** @throws ApiError 403. */
  checkOrigin(request: FastifyRequest): void;
  /** @throws ApiError 401. */
  checkToken(request: FastifyRequest): void;
}

export function createRequestGuard({ host, port, token }: GuardOptions): RequestGuard {
  const names = ['127.0.0.1', 'localhost', '[::1]', host.includes(':') ? `[${host}]` : host];
  // A browser leaves the port out where it is the one of http.
  const hosts = new Set(names.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`])));
  const expected = digest(token);
  return {
    checkOrigin: ({ headers }) => {
      const named = headers.host?.toLowerCase() ?? '';
      if (!hosts.has(named)) throw new ApiError(403, 'forbidden', `this is not the host "${named}"`);
      const { origin } = headers;
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

/** Of one length, whatever was given: the comparison tells nothing about it. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
