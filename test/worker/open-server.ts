import type { FastifyInstance, InjectOptions } from 'fastify';
import { onTestFinished } from 'vitest';
import type { Sample } from '../../src/core/health/sample.ts';
import type { Api } from '../../src/worker/api.ts';
import { createHttpServer } from '../../src/worker/http-server.ts';
import type { VectorAnswer, VectorQuery } from '../../src/chroma/vector-index.ts';
import type { PageState } from '../../src/worker/page/page-state.ts';
import { hybridSearch } from '../../src/chroma/hybrid-search.ts';
import { aLog } from '../a-log.ts';
import { openMemory } from '../memory/open-memory.ts';

export const TOKEN = 'a'.repeat(64);
export const PORT = 37_777;

/** The HTTP API over a real memory, with vectors that return given answers. */
export function openServer({ token = TOKEN } = {}) {
  const memory = openMemory();
  const { log, lines } = aLog();
  const events: string[] = [];
  const state = {
    isClosing: false,
    answer: { available: false, reason: 'Chroma is starting' } as VectorAnswer,
    asked: [] as VectorQuery[],
    /** Of the page. */
    nowMs: 1_000_000,
    readings: 0,
    samples: [] as Sample[],
    answers: 0,
  };
  const queryVectors = (query: VectorQuery): Promise<VectorAnswer> => {
    state.asked.push(query);
    return Promise.resolve(state.answer);
  };
  const api: Api = {
    identity: { treeId: 'tree-1', pid: 42, version: '1.2.3' },
    store: memory.store,
    memory: memory.search,
    sessionActive: () => events.push('session active'),
    observationsAdded: () => events.push('observations added'),
    isExcluded: ({ project }) => project === 'excluded',
    spoolStored: () => {
      events.push('spool stored');
      return Promise.resolve();
    },
    search: (request) => hybridSearch(request, { vectors: { query: queryVectors }, memory: memory.search }),
    queryVectors,
    readiness: () => ({
      search: { mode: 'keyword', reason: 'Chroma is starting' },
      searchServer: { state: 'answering', pid: 43, restarts: 0 },
    }),
    processes: () => [{ role: 'worker', pid: 42, state: 'running' }],
    metrics: () => Promise.resolve({ contentType: 'text/plain', text: 'claude_mem_processes 1\n' }),
  };
  const server = createHttpServer({
    guard: { host: '127.0.0.1', port: PORT, token },
    api,
    page: {
      token,
      origin: `http://127.0.0.1:${PORT}`,
      readAsset: (name) => ({ type: 'text/plain', body: Buffer.from(name), etag: '"1"' }),
      readState: () => {
        state.readings += 1;
        return Promise.resolve({ schemaVersion: 1, dataDir: '/data' } as PageState);
      },
      readSamples: () => ({ samples: state.samples, damaged: 0, unreadable: [] }),
      clock: { now: () => state.nowMs, wall: () => state.nowMs },
    },
    log,
    isClosing: () => state.isClosing,
    onAnswer: () => {
      state.answers += 1;
    },
  });
  onTestFinished(() => server.close());
  return { ...memory, server, state, events, lines, request: requester(server) };
}

/** Sends requests like a correct client. Given headers replace its own; `undefined` removes one. */
function requester(server: FastifyInstance) {
  return async (
    method: InjectOptions['method'],
    url: string,
    { body, headers = {} }: { body?: unknown; headers?: Record<string, string | undefined> } = {},
  ) => {
    const all: Record<string, string | undefined> = {
      host: `127.0.0.1:${PORT}`,
      authorization: `Bearer ${TOKEN}`,
      ...headers,
    };
    const response = await server.inject({
      method: method as 'GET',
      url,
      headers: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<
        string,
        string
      >,
      ...(body === undefined ? {} : { payload: body as string | object }),
    });
    return {
      status: response.statusCode,
      headers: response.headers,
      body: response.body === '' ? undefined : (JSON.parse(response.body) as Record<string, unknown>),
    };
  };
}
