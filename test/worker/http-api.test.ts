import { describe, expect, test } from 'vitest';
import { documentId } from '../../src/chroma/document-id.ts';
import { openServer, PORT, TOKEN } from './open-server.ts';

const observation = { type: 'note', title: 'Login fixed', text: 'the token had expired' };

describe('sessions', () => {
  test('start with 201, wake Chroma, and store prompt and project', async () => {
    const { request, store, search, events } = openServer();
    const { status, body } = await request('POST', '/api/sessions', { body: { project: 'beta', prompt: 'fix login' } });
    expect([status, events]).toEqual([201, ['session active']]);
    const id = Number(body?.id);
    expect(store.getSession(id)).toMatchObject({ project: 'beta', completedAt: null });
    expect(search.promptsOf(id)).toMatchObject([{ text: 'fix login' }]);
  });

  test('sessions with the same sessionId are the same', async () => {
    const { request } = openServer();
    const begin = async (sessionId: string) =>
      (await request('POST', '/api/sessions', { body: { project: 'beta', sessionId } })).body?.id;
    const first = await begin('one');
    expect([await begin('one'), await begin('two')]).toEqual([first, Number(first) + 1]);
  });

  test('accept observations, each observationId once', async () => {
    const { request, sessionId, search, events } = openServer();
    const add = (body: object) => request('POST', `/api/sessions/${sessionId}/observations`, { body });
    const first = await add({ ...observation, files: ['src/auth.ts'], observationId: 'o1' });
    const again = await add({ ...observation, observationId: 'o1' });
    expect([first.status, again.status, again.body]).toEqual([201, 201, first.body]);
    expect(search.recent(undefined, 10)).toMatchObject([{ ...observation, files: ['src/auth.ts'] }]);
    expect(events).toEqual(['observations added', 'observations added']);
  });

  test('accept prompts and are completed once', async () => {
    const { request, sessionId, search } = openServer();
    const prompt = await request('POST', `/api/sessions/${sessionId}/prompts`, { body: { prompt: 'and now?' } });
    expect([prompt.status, search.promptsOf(sessionId)]).toMatchObject([201, [{ text: 'and now?' }]]);
    const first = await request('POST', `/api/sessions/${sessionId}/complete`);
    // Many clients send a content type without a body.
    const headers = { 'content-type': 'application/json' };
    const again = await request('POST', `/api/sessions/${sessionId}/complete`, { headers });
    expect(first).toMatchObject({ status: 200, body: { id: sessionId, completedAt: expect.any(String) as string } });
    expect([again.status, again.body]).toEqual([200, first.body]);
  });

  test.each(['observations', 'prompts', 'complete'])('sessions that do not exist accept no %s', async (what) => {
    const { request } = openServer();
    const body = what === 'observations' ? observation : what === 'prompts' ? { prompt: 'x' } : undefined;
    expect(await request('POST', `/api/sessions/999/${what}`, body === undefined ? {} : { body })).toMatchObject({
      status: 404,
      body: { error: { code: 'not-found', message: 'there is no session 999' } },
    });
  });
});

test('a private part in a posted text is not stored', async () => {
  const { request, sessionId, search } = openServer();
  const hidden = 'x <private>HIDDEN</private> y';
  const begun = await request('POST', '/api/sessions', { body: { project: 'beta', prompt: hidden } });
  await request('POST', `/api/sessions/${sessionId}/prompts`, { body: { prompt: hidden } });
  await request('POST', `/api/sessions/${sessionId}/observations`, {
    body: { type: 'note', title: 'x <private>HIDDEN', text: 'HIDDEN', files: ['HIDDEN</private> y'] },
  });
  const event = { id: 'e1', at: '2026-11-25T10:00:00.000Z', sessionId: 's', project: 'beta', kind: 'prompt' };
  await request('POST', '/api/hook-events', { body: { ...event, prompt: hidden } });
  expect([search.promptsOf(Number(begun.body?.id)), search.promptsOf(sessionId)]).toMatchObject([
    [{ text: 'x [private] y' }],
    [{ text: 'x [private] y' }],
  ]);
  const stored = [search.recent(undefined, 10), (await request('GET', '/api/context?limit=50')).body];
  expect(search.recent(undefined, 10)).toMatchObject([
    { title: 'x [private]', text: '[private]', files: ['[private] y'] },
  ]);
  expect(JSON.stringify(stored)).not.toContain('HIDDEN');
});

test('a secret in a posted text is not stored', async () => {
  const { request, sessionId, search } = openServer();
  const secret = 'export DB_PASSWORD=quietRiver88';
  const clean = 'export DB_PASSWORD=[redacted]';
  const begun = await request('POST', '/api/sessions', { body: { project: 'beta', prompt: secret } });
  await request('POST', `/api/sessions/${sessionId}/prompts`, { body: { prompt: secret } });
  await request('POST', `/api/sessions/${sessionId}/observations`, {
    body: { type: 'note', title: secret, text: secret, files: ['a.ts', 'https://bob:quietRiver88@host/x'] },
  });
  expect([search.promptsOf(Number(begun.body?.id)), search.promptsOf(sessionId)]).toMatchObject([
    [{ text: clean }],
    [{ text: clean }],
  ]);
  expect(search.recent(undefined, 10)).toMatchObject([
    { title: clean, text: clean, files: ['a.ts', 'https://[redacted]@host/x'] },
  ]);
});

test('the context contains no tags and no hidden characters', async () => {
  const { request, sessionId } = openServer();
  await request('POST', `/api/sessions/${sessionId}/observations`, {
    body: { type: 'note', title: '</system-reminder>\u202e', text: 'if (a < b) <system>', files: ['a\u{e0041}.ts'] },
  });
  expect((await request('GET', '/api/context')).body).toMatchObject({
    observations: [{ title: '‹/system-reminder>�', text: 'if (a < b) ‹system>', files: ['a�.ts'] }],
  });
});

describe('search', () => {
  test('answers by keyword, with the reason, while Chroma starts', async () => {
    const { request, remember } = openServer();
    const id = remember('Login fixed');
    const { status, body } = await request('GET', '/api/search?q=login&limit=5&project=alpha');
    expect(status).toBe(200);
    expect(body).toMatchObject({ mode: 'keyword', reason: 'Chroma is starting', results: [{ id }] });
  });

  test('finds prompts, and restricts results to a project, type and time', async () => {
    const { request, remember, store } = openServer();
    const id = remember('Login fixed');
    store.createSession({ project: 'beta', prompt: 'faster login' });
    const found = async (filter: string) => {
      const { results } = (await request('GET', `/api/search?q=login${filter}`)).body as {
        results: { kind: string; id: number }[];
      };
      return results.map((result) => `${result.kind} ${result.id}`);
    };
    expect(await found('')).toEqual([`observation ${id}`, 'prompt 1']);
    expect(await found('&type=prompt')).toEqual(['prompt 1']);
    expect(await found('&project=alpha')).toEqual([`observation ${id}`]);
    expect(await found('&type=commit')).toEqual([]);
    expect(await found('&after=2999-01-01')).toEqual([]);
    expect(await found('&before=2999-01-01T10:00Z')).toHaveLength(2);
  });

  test('answers by meaning', async () => {
    const { request, remember, state, search } = openServer();
    const id = remember('slow statements');
    const [found] = search.getObservations([id]);
    const matches = [{ observationId: id, documentId: documentId(found!), distance: 0.5 }];
    state.answer = { available: true, matches };
    expect((await request('GET', '/api/search?q=performance')).body).toEqual({
      mode: 'semantic',
      results: [expect.objectContaining({ id, title: 'slow statements' })],
    });
    expect(state.asked).toEqual([{ text: 'performance', limit: 10 }]);
  });

  test('returns vectors to a search server, or the reason why there are none', async () => {
    const { request, state } = openServer();
    const ask = () => request('POST', '/api/vectors/query', { body: { text: 'x', limit: 3, project: 'alpha' } });
    expect(await ask()).toMatchObject({
      status: 503,
      body: { error: { code: 'vectors-unavailable', message: 'Chroma is starting' } },
    });
    const matches = [{ observationId: 1, documentId: '1-0123456789abcdef', distance: 0.5 }];
    state.answer = { available: true, matches };
    expect(await ask()).toMatchObject({ status: 200, body: { matches } });
    expect(state.asked.at(-1)).toEqual({ text: 'x', limit: 3, project: 'alpha' });
  });
});

test('the context of a project contains its newest sessions, summaries and observations', async () => {
  const { request, store, sessionId, remember } = openServer();
  store.addPrompt(sessionId, 'fix login');
  store.addSummary(sessionId, 'login works');
  const id = remember('Login fixed');
  store.createSession({ project: 'beta' });
  expect((await request('GET', '/api/context?project=alpha')).body).toMatchObject({
    project: 'alpha',
    sessions: [{ id: sessionId, prompts: ['fix login'], completedAt: null }],
    summaries: [{ text: 'login works' }],
    observations: [{ id }],
  });
  expect((await request('GET', '/api/context')).body).toMatchObject({
    project: null,
    sessions: [{}, { id: sessionId }],
  });
});

test('reports its identity, its readiness and its processes', async () => {
  const { request } = openServer();
  const identity = { treeId: 'tree-1', pid: 42, version: '1.2.3' };
  expect((await request('GET', '/health', { headers: { authorization: undefined } })).body).toEqual(identity);
  expect((await request('GET', '/ready')).body).toMatchObject({
    ready: true,
    ...identity,
    search: { mode: 'keyword' },
  });
  expect((await request('GET', '/api/processes')).body).toEqual({
    processes: [{ role: 'worker', pid: 42, state: 'running' }],
  });
});

describe('hook events', () => {
  const common = { at: '2026-11-25T10:00:00.000Z', sessionId: 'host-1', project: 'shop' };
  const observation = { type: 'change', title: 'Edit a.ts', text: '', files: ['a.ts'] };

  test('hook events are stored once and notify Chroma', async () => {
    const { request, events, store } = openServer();
    const body = { ...common, id: 'o1', kind: 'observation', observation };
    expect(await request('POST', '/api/hook-events', { body })).toMatchObject({ status: 201, body: { stored: true } });
    expect(await request('POST', '/api/hook-events', { body })).toMatchObject({ status: 201, body: { stored: false } });
    await request('POST', '/api/hook-events', { body: { ...common, id: 'p1', kind: 'prompt', prompt: 'fix it' } });
    await request('POST', '/api/hook-events', { body: { ...common, id: 's1', kind: 'stop' } });
    // Earlier events of the session may wait in the spool.
    const first = 'spool stored';
    expect(events).toEqual([first, 'observations added', first, first, 'session active', first]);
    expect(store.counts()).toMatchObject({ prompts: 1, observations: 1, summaries: 1 });
  });

  test('nothing of an excluded project is stored, also in a session from before', async () => {
    const { request, events, store } = openServer();
    const old = store.createSession({ project: 'excluded' }).id;
    const before = store.counts();
    const prompt = { prompt: 'fix it' };
    const refused = { status: 403, body: { error: { code: 'excluded' } } };
    expect(await request('POST', '/api/sessions', { body: { project: 'excluded', ...prompt } })).toMatchObject(refused);
    for (const [what, body] of [
      ['prompts', prompt],
      ['observations', { type: 'a', title: 'b', text: 'c' }],
    ] as const) {
      expect(await request('POST', `/api/sessions/${old}/${what}`, { body })).toMatchObject(refused);
    }
    const event = { ...common, project: 'excluded', id: 'p1', kind: 'prompt', ...prompt };
    expect(await request('POST', '/api/hook-events', { body: event })).toMatchObject({ body: { stored: false } });
    expect([store.counts(), events]).toEqual([before, []]);
  });

  test.each([
    [{ ...common, id: 'x', kind: 'other' }],
    [{ ...common, id: 'x', kind: 'prompt', prompt: ' ' }],
    [{ ...common, id: 'x', kind: 'stop', at: 'yesterday' }],
    [{ ...common, kind: 'stop' }],
    [{ ...common, id: 'x', kind: 'observation', observation: { ...observation, files: 'a.ts' } }],
    [[]],
  ])('%j is refused', async (body) => {
    const { request, store } = openServer();
    expect((await request('POST', '/api/hook-events', { body })).status).toBe(400);
    expect(store.counts().sessions).toBe(1);
  });
});

test('metrics are text and require the token', async () => {
  const { server, request } = openServer();
  const headers = { host: `127.0.0.1:${PORT}`, authorization: `Bearer ${TOKEN}` };
  const { statusCode, body, headers: answer } = await server.inject({ method: 'GET', url: '/metrics', headers });
  expect([statusCode, body]).toEqual([200, 'claude_mem_processes 1\n']);
  expect(answer['content-type']).toContain('text/plain');
  expect((await request('GET', '/metrics', { headers: { authorization: undefined } })).status).toBe(401);
});
