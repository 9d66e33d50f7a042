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
/** How long a request may take to arrive, in milliseconds; a slow sender must not keep a connection forever. */
const REQUEST_TIMEOUT_MS = 30_000;

const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered without a token. */
    readonly isOpen?: boolean;
    /** Route for the unsupported methods of a known path; value of `Allow`. */
    readonly allow?: string;
  }
}

export interface HttpServerOptions {
  readonly guard: GuardOptions;
  readonly api: Api;
  readonly page: PageOptions;
  readonly log: Log;
  /** Called for each response, even if its client no longer waits. */
  readonly onAnswer?: () => void;
  /** Whether to refuse requests on open connections. */
  readonly isClosing: () => boolean;
}

/** Creates the worker's HTTP API; does not listen yet. */
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
    // Parts that are closed already cause arbitrary errors.
    if (isClosing()) return replyWithError(reply, shuttingDown());
    if (answer.code !== 'vectors-unavailable') log.error('request failed', { request: describe(request), error });
    return replyWithError(reply, answer);
  });
  server.setNotFoundHandler((request, reply) =>
    replyWithError(reply, new ApiError(404, 'not-found', `no route for ${request.method} ${pathOf(request)}`)),
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
    // Many clients send a content type without a body.
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
      throw new ApiError(405, 'method-not-allowed', `${pathOf(request)} supports only ${allow}`, { Allow: allow });
    }
    if (isOpen !== true && !request.is404) guard.checkToken(request);
    // The memory is private and must not be cached.
    reply.header('Cache-Control', 'no-store');
    done();
  });
}

/** Fastify answers "not found" to an unsupported method of a known path. */
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

/** Answers input that is not HTTP, for which there is no request object. */
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
  const body = JSON.stringify(
    errorBody({ code: 'bad-request', message: `not a valid HTTP request: ${status.slice(4)}` }),
  );
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`;
  // Otherwise the client could keep its half of the connection open.
  socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`, () => socket.destroy());
}

function describe(request: FastifyRequest): string {
  return `${request.method} ${pathOf(request)}`;
}

/** Without the query string, which contains search text. */
function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}
