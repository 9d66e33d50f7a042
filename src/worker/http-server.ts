import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Log } from '../shared/log.ts';
import { ApiError, errorBody, replyWithError } from './api-error.ts';
import { createRequestGuard, type GuardOptions } from './request-guard.ts';
import { registerContextRoutes } from './routes/context.ts';
import { registerHookRoutes } from './routes/hooks.ts';
import { registerHealthRoutes } from './routes/health.ts';
import { type PageOptions, registerPageRoutes } from './routes/page.ts';
import { registerSearchRoutes } from './routes/search.ts';
import { registerSessionRoutes } from './routes/sessions.ts';
import type { Api } from './api.ts';
import { translateError } from './translate-error.ts';
import { compileSchema } from './validation.ts';

const BODY_LIMIT_BYTES = 1024 * 1024;
/** For a request to arrive; one that trickles in must not hold a connection for ever. Milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000;

const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered without a token. */
    readonly isOpen?: boolean;
    /** Stands for the methods that a known path does not have; value of `Allow`. */
    readonly allow?: string;
  }
}

export interface HttpServerOptions {
  readonly guard: GuardOptions;
  readonly api: Api;
  readonly page: PageOptions;
  readonly log: Log;
  /** Called for each answer, also for one that its client no longer waits for. */
  readonly onAnswer?: () => void;
  /** Whether requests that come on an open connection are to be refused. */
  readonly isClosing: () => boolean;
}

/** The worker's HTTP API, not yet listening. */
export function createHttpServer({ guard, api, page, log, isClosing, onAnswer }: HttpServerOptions): FastifyInstance {
  const server = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error, _request, reply) => void replyWithError(reply, translateError(error)),
  });
  server.setValidatorCompiler(compileSchema);
  acceptJsonOnly(server);
  guardRequests(server, guard, isClosing);
  server.addHook('onSend', (_request, _reply, _payload, done) => {
    onAnswer?.();
    done();
  });
  server.setErrorHandler((error, request, reply) => {
    const answer = translateError(error);
    if (answer.status < 500) return replyWithError(reply, answer);
    // What is closed already fails in its own ways.
    if (isClosing()) return replyWithError(reply, shuttingDown());
    if (answer.code !== 'vectors-unavailable') log.error('a request failed', { request: describe(request), error });
    return replyWithError(reply, answer);
  });
  server.setNotFoundHandler((request, reply) =>
    replyWithError(reply, new ApiError(404, 'not-found', `there is no ${request.method} ${pathOf(request)}`)),
  );
  refuseOtherMethods(server, () => {
    registerHealthRoutes(server, api);
    registerSessionRoutes(server, api);
    registerHookRoutes(server, api);
    registerSearchRoutes(server, api);
    registerContextRoutes(server, api);
    registerPageRoutes(server, page);
  });
  return server;
}

function acceptJsonOnly(server: FastifyInstance): void {
  const parseJson = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    // Many clients name the type of a body they do not send.
    if (body === '') done(null, undefined);
    else void parseJson(request, body as string, done);
  });
}

function guardRequests(server: FastifyInstance, options: GuardOptions, isClosing: () => boolean): void {
  const guard = createRequestGuard(options);
  server.addHook('onRequest', (request, reply, done) => {
    guard.checkOrigin(request);
    if (isClosing()) throw shuttingDown();
    const { allow, isOpen } = request.routeOptions.config;
    if (allow !== undefined) {
      throw new ApiError(405, 'method-not-allowed', `${pathOf(request)} takes ${allow}`, { Allow: allow });
    }
    if (isOpen !== true && !request.is404) guard.checkToken(request);
    // What is remembered is private, also to whatever keeps copies of answers.
    reply.header('Cache-Control', 'no-store');
    done();
  });
}

/** Fastify says "not found" to the wrong method of a path that is there. */
function refuseOtherMethods(server: FastifyInstance, register: () => void): void {
  const methodsOf = new Map<string, Set<string>>();
  server.addHook('onRoute', ({ url, method, config }) => {
    if (config?.allow !== undefined) return;
    const methods = methodsOf.get(url) ?? new Set();
    for (const one of [method].flat()) methods.add(one);
    methodsOf.set(url, methods);
  });
  register();
  for (const [url, methods] of methodsOf) {
    server.route({
      url,
      method: METHODS.filter((method) => !methods.has(method) && !(method === 'HEAD' && methods.has('GET'))),
      config: { allow: [...methods].sort().join(', ') },
      exposeHeadRoute: false,
      handler: () => undefined,
    });
  }
}

function shuttingDown(): ApiError {
  return new ApiError(503, 'shutting-down', 'the worker is shutting down', { Connection: 'close' });
}

/** What is no HTTP at all; there is no request to answer through. */
function refuseConnection(error: { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const isTooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const isTooSlow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const status = isTooLarge
    ? '431 Request Header Fields Too Large'
    : isTooSlow
      ? '408 Request Timeout'
      : '400 Bad Request';
  const body = JSON.stringify(errorBody({ code: 'bad-request', message: `not a request: ${status.slice(4)}` }));
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`;
  // Its other half would stay open for as long as the client likes.
  socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`, () => socket.destroy());
}

function describe(request: FastifyRequest): string {
  return `${request.method} ${pathOf(request)}`;
}

/** Without the query, which holds what somebody looked for. */
function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}
