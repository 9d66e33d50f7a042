import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import { CODE_LIFE_MS, OneTimeCodes } from '../page/one-time-codes.ts';
import { type AssetName, isAssetName, type PageAsset } from '../page/page-assets.ts';
import { describeHistory, type PageHistory, type SampleSource } from '../page/page-history.ts';
import { PageSessions } from '../page/page-sessions.ts';
import type { PageState } from '../page/page-state.ts';
import { SharedReading } from '../page/cached-page-reading.ts';
import { historyQuery, pageParams, pageSessionBody } from '../request-schemas.ts';
import type { ValibotTypes } from '../validation.ts';

/** The sources of the page. */
export interface PageOptions {
  /** Token of the data dir; signs the sessions. */
  readonly token: string;
  /** Origin of the worker, as browsers reach it. */
  readonly origin: string;
  readonly readAsset: (name: AssetName) => PageAsset;
  readonly readState: () => Promise<PageState>;
  /** Oldest first. */
  readonly readSamples: () => SampleSource;
  /** In milliseconds: monotonic clock and wall clock. */
  readonly clock: { readonly now: () => number; readonly wall: () => number };
}

/** Loads nothing from other hosts, allows nothing inline, and forbids other pages to embed or read it. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * Serves the page. Its files contain no secrets and need no token. Its data requires a session cookie, which is valid
 * only for these GET routes. A session starts with a code, which only a client with the bearer token can get.
 */
export function registerPageRoutes(
  instance: FastifyInstance,
  { token, origin, readAsset, readState, readSamples, clock }: PageOptions,
): void {
  const server = instance.withTypeProvider<ValibotTypes>();
  const codes = new OneTimeCodes(clock.now);
  const sessions = new PageSessions(token, clock.wall);
  const reading = new SharedReading(readState, clock.now);
  const samples = new SharedReading(() => Promise.resolve(readSamples()), clock.now);

  server.get('/', { config: { isOpen: true } }, (request, reply) => sendAsset(request, reply, readAsset('index.html')));
  server.get<{ Params: { name: string } }>('/assets/:name', { config: { isOpen: true } }, (request, reply) => {
    const { name } = request.params;
    if (!isAssetName(name)) throw new ApiError(404, 'not-found', 'no such file');
    return sendAsset(request, reply, readAsset(name));
  });

  server.post('/api/page/codes', (_request, reply) =>
    reply.code(201).send({ code: codes.issue(), expiresInSeconds: CODE_LIFE_MS / 1000, origin }),
  );

  server.post(
    '/page/sessions',
    { config: { isOpen: true }, schema: { body: pageSessionBody } },
    ({ body, headers }, reply) => {
      refuseOtherSites(headers);
      refuseUnless(codes.redeem(body.code));
      const { path, cookie } = sessions.open();
      return reply.code(201).headers(HEADERS).header('Set-Cookie', cookie).send({ path });
    },
  );

  const admit = ({ params, headers }: { params: { id: string }; headers: FastifyRequest['headers'] }): void => {
    refuseOtherSites(headers);
    if (sessions.isOpen(params.id, headers.cookie)) return;
    throw new ApiError(401, 'unauthorized', `the session of this page has expired; ${ASK_AGAIN}`);
  };
  const historyOf = async (spanMs: number): Promise<PageHistory> => {
    const untilMs = clock.wall();
    return describeHistory((await samples.get()).value, { sinceMs: Math.max(0, untilMs - spanMs), untilMs });
  };

  server.get(
    '/page/:id/state',
    { config: { isOpen: true }, schema: { params: pageParams } },
    async (request, reply) => {
      admit(request);
      void reply.headers(HEADERS);
      const { value, nextInMs } = await reading.get();
      return { ...value, nextInMs };
    },
  );

  server.get(
    '/page/:id/history',
    { config: { isOpen: true }, schema: { params: pageParams, querystring: historyQuery } },
    (request, reply) => {
      admit(request);
      void reply.headers(HEADERS);
      return historyOf(request.query.since);
    },
  );

  server.get('/api/history', { schema: { querystring: historyQuery } }, ({ query }) => historyOf(query.since));
}

const ASK_AGAIN = 'run claude-mem status --open';

function sendAsset(request: FastifyRequest, reply: FastifyReply, { type, body, etag }: PageAsset): FastifyReply {
  // Cached but revalidated each time: an upgrade must not leave an old page with a new API.
  void reply.headers({ ...HEADERS, 'Cache-Control': 'no-cache', ETag: etag });
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  return reply.type(type).send(body);
}

/**
 * A browser treats another port of this host as the same site and sends the cookie. This header reveals the difference.
 */
function refuseOtherSites(headers: FastifyRequest['headers']): void {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin') return;
  throw new ApiError(403, 'forbidden', 'only the claude-mem page may use this route');
}

function refuseUnless(isAccepted: boolean): void {
  if (isAccepted) return;
  throw new ApiError(401, 'unauthorized', `this link was already used or has expired; ${ASK_AGAIN}`);
}
