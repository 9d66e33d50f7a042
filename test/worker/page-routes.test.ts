import { describe, expect, test } from 'vitest';
import type { Sample } from '../../src/core/health/sample.ts';
import { openServer, PORT, TOKEN } from './open-server.ts';

type Server = ReturnType<typeof openServer>;

const page = { authorization: undefined, 'sec-fetch-site': 'same-origin' };

async function askCode({ request }: Server): Promise<string> {
  const { status, body } = await request('POST', '/api/page/codes');
  expect(status).toBe(201);
  expect(body).toEqual({
    code: expect.stringMatching(/^[\w-]{43}$/) as string,
    expiresInSeconds: 60,
    origin: `http://127.0.0.1:${PORT}`,
  });
  return String(body?.code);
}

function redeem({ request }: Server, code: unknown, headers: Record<string, string | undefined> = {}) {
  return request('POST', '/page/sessions', { body: { code }, headers: { ...page, ...headers } });
}

async function openSession(server: Server): Promise<{ path: string; cookie: string }> {
  const { status, body, headers } = await redeem(server, await askCode(server));
  expect(status).toBe(201);
  const setCookie = String(headers['set-cookie']);
  const path = String(body?.path);
  expect(setCookie).toBe(`${setCookie.split(';', 1)[0]!}; Path=${path}; Max-Age=43200; HttpOnly; SameSite=Strict`);
  return { path, cookie: setCookie.split(';', 1)[0]! };
}

function readState({ request }: Server, { path, cookie }: { path: string; cookie: string | undefined }) {
  return request('GET', `${path}/state`, { headers: { ...page, cookie } });
}

test('a code opens a session, whose cookie reads the state', async () => {
  const server = openServer();
  const session = await openSession(server);
  expect(await readState(server, session)).toMatchObject({
    status: 200,
    body: { dataDir: '/data', nextInMs: 5_000 },
    headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
  });
});

test('a code works once', async () => {
  const server = openServer();
  const code = await askCode(server);
  expect((await redeem(server, code)).status).toBe(201);
  expect(await redeem(server, code)).toMatchObject({
    status: 401,
    body: { error: { code: 'unauthorized', message: expect.stringContaining('claude-mem status --open') as string } },
  });
});

test('a code expires after a minute', async () => {
  const server = openServer();
  const [early, late] = [await askCode(server), await askCode(server)];
  server.state.nowMs += 59_999;
  expect((await redeem(server, early)).status).toBe(201);
  server.state.nowMs += 1;
  expect((await redeem(server, late)).status).toBe(401);
});

test('further codes replace the oldest', async () => {
  const server = openServer();
  const codes: string[] = [];
  for (let issued = 0; issued < 17; issued += 1) codes.push(await askCode(server));
  expect((await redeem(server, codes[0])).status).toBe(401);
  expect((await redeem(server, codes[1])).status).toBe(201);
  expect((await redeem(server, codes[16])).status).toBe(201);
});

test('any number of wrong codes does not block a right one', async () => {
  const server = openServer();
  const code = await askCode(server);
  for (let guess = 0; guess < 200; guess += 1) expect((await redeem(server, `guess-${guess}`)).status).toBe(401);
  expect((await redeem(server, code)).status).toBe(201);
  expect((await redeem(server, await askCode(server))).status).toBe(201);
});

test('only the bearer token gets a code', async () => {
  const server = openServer();
  const { cookie } = await openSession(server);
  const headers = { ...page, cookie };
  expect((await server.request('POST', '/api/page/codes', { headers })).status).toBe(401);
  expect((await server.request('GET', '/api/page/codes')).status).toBe(405);
});

test.each([
  [{}, 400],
  [{ code: '' }, 400],
  [{ code: 'x'.repeat(65) }, 400],
  [{ code: 'a b' }, 400],
  [{ code: 7 }, 400],
])('%j is refused as a code', async (body, status) => {
  const { request } = openServer();
  expect((await request('POST', '/page/sessions', { body, headers: page })).status).toBe(status);
});

test('the cookie reads only the routes of the page and writes nothing', async () => {
  const server = openServer();
  const { path, cookie } = await openSession(server);
  const before = server.store.counts();
  const headers = { ...page, cookie };
  for (const url of ['/ready', '/api/processes', '/api/search?q=x', '/api/context'])
    expect((await server.request('GET', url, { headers })).status, url).toBe(401);
  const body = { project: 'p' };
  expect((await server.request('POST', '/api/sessions', { headers, body })).status).toBe(401);
  expect((await server.request('POST', `${path}/state`, { headers, body })).status).toBe(405);
  expect(server.store.counts()).toEqual(before);
});

test('neither the bearer token nor another session opens the path of a session', async () => {
  const server = openServer();
  const [one, other] = [await openSession(server), await openSession(server)];
  const bearer = { authorization: `Bearer ${TOKEN}` };
  expect((await server.request('GET', `${one.path}/state`, { headers: bearer })).status).toBe(401);
  expect((await readState(server, { path: one.path, cookie: undefined })).status).toBe(401);
  expect((await readState(server, { path: one.path, cookie: other.cookie })).status).toBe(401);
  expect((await readState(server, { path: one.path, cookie: `${other.cookie}; ${one.cookie}` })).status).toBe(200);
});

test('a modified cookie and one of twelve hours age are refused', async () => {
  const server = openServer();
  const { path, cookie } = await openSession(server);
  const [, expiry = ''] = /=(\d+)\./.exec(cookie) ?? [];
  const longer = cookie.replace(expiry, String(Number(expiry) + 3_600));
  for (const wrong of [longer, `${cookie}x`, cookie.slice(0, -1), 'claude-mem-page=', 'claude-mem-page=1.'])
    expect((await readState(server, { path, cookie: wrong })).status, wrong).toBe(401);
  server.state.nowMs += 12 * 3_600_000 - 1_000;
  expect((await readState(server, { path, cookie })).status).toBe(200);
  server.state.nowMs += 1_000;
  expect((await readState(server, { path, cookie })).status).toBe(401);
});

test('a session survives a restart of the worker and ends with the token of the data dir', async () => {
  const session = await openSession(openServer());
  expect((await readState(openServer(), session)).status).toBe(200);
  const others = openServer({ token: 'b'.repeat(64) });
  expect((await readState(others, session)).status).toBe(401);
});

test.each([
  [{ host: `evil.example:${PORT}` }],
  [{ origin: 'http://evil.example' }],
  [{ origin: 'http://127.0.0.1:9' }],
  [{ 'sec-fetch-site': 'same-site' }],
  [{ 'sec-fetch-site': 'cross-site' }],
])('a request with %j gets neither a session nor the state', async (headers) => {
  const server = openServer();
  const code = await askCode(server);
  expect((await redeem(server, code, headers)).status).toBe(403);
  const { path, cookie } = await openSession(server);
  const answer = await server.request('GET', `${path}/state`, { headers: { ...page, cookie, ...headers } });
  expect(answer.status).toBe(403);
});

test('all viewers share one reading, and without viewers there is none', async () => {
  const server = openServer();
  const session = await openSession(server);
  expect(server.state.readings).toBe(0);
  await Promise.all([1, 2, 3].map(() => readState(server, session)));
  server.state.nowMs += 4_000;
  expect((await readState(server, session)).body).toMatchObject({ nextInMs: 1_000 });
  expect(server.state.readings).toBe(1);
  server.state.nowMs += 1_000;
  await readState(server, session);
  expect(server.state.readings).toBe(2);
});

test.each(['/', '/assets/page.js', '/assets/page.css', '/assets/icon.svg'])(
  '%s needs no token, is bound to this host, and allows nothing from other hosts',
  async (url) => {
    const { server } = openServer();
    const host = `127.0.0.1:${PORT}`;
    const { statusCode, headers } = await server.inject({ url, headers: { host } });
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    });
    const policy = String(headers['content-security-policy']).split('; ');
    expect(policy).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]),
    );
    expect(policy.join(' ')).not.toMatch(/unsafe|http|\*|data:/);
    const again = await server.inject({ url, headers: { host, 'if-none-match': String(headers.etag) } });
    expect([again.statusCode, again.body]).toEqual([304, '']);
    expect((await server.inject({ url, headers: { host: 'evil.example' } })).statusCode).toBe(403);
  },
);

test.each(['/assets/nope.js', '/assets/..%2fworker.js', '/assets/constructor'])('%s is not served', async (url) => {
  const { request } = openServer();
  expect((await request('GET', url)).status).toBe(404);
});

test('codes and cookies do not appear in the log', async () => {
  const server = openServer();
  const code = await askCode(server);
  await redeem(server, code);
  await redeem(server, code);
  expect(server.lines.join('\n')).not.toContain(code);
});

describe('history', () => {
  const sample = (seconds: number, extra: Partial<Sample> = {}): Sample => ({
    takenAtMs: seconds * 1000,
    uptimeMs: seconds * 1000,
    bootId: 'boot',
    spanMs: 5_000,
    treeId: 'tree-1',
    state: 'running',
    restarts: 0,
    roles: {
      supervisor: { processes: 1, memoryBytes: 10, cpuPercent: null },
      worker: { processes: 1, memoryBytes: 20, cpuPercent: 1 },
    },
    memoryKind: 'pss+swap',
    orphans: 0,
    excess: 0,
    leakedBytes: 40,
    ...extra,
  });

  test('history is available to the page and with the bearer token', async () => {
    const server = openServer();
    server.state.nowMs = 2_000_000;
    server.state.samples = [
      sample(100),
      sample(1_990, { orphans: 2, excess: 1 }),
      sample(1_995, { orphans: null, leakedBytes: null }),
    ];
    const { path, cookie } = await openSession(server);
    const { status, body } = await server.request('GET', `${path}/history?since=15m`, { headers: { ...page, cookie } });
    expect([status, body]).toEqual([
      200,
      {
        schemaVersion: 1,
        since: '1970-01-01T00:18:20.000Z',
        points: [
          { at: 1_990, processes: 2, memoryBytes: 30, leaks: 3, cpuPercent: 1, leakedBytes: 40 },
          { at: 1_995, processes: 2, memoryBytes: 30, leaks: null, cpuPercent: 1, leakedBytes: null },
        ],
        recentMemory: {
          supervisor: [
            [1_990, 10],
            [1_995, 10],
          ],
          worker: [
            [1_990, 20],
            [1_995, 20],
          ],
        },
        damagedSamples: 0,
        unreadableFiles: [],
      },
    ]);
    expect((await server.request('GET', '/api/history?since=15m')).body).toEqual(body);
    expect((await server.request('GET', '/api/history', { headers: { ...page, cookie } })).status).toBe(401);
    expect((await server.request('GET', `${path}/history`, { headers: page })).status).toBe(401);
  });

  test('recent memory is that of roles with one process, in the last ten minutes', async () => {
    const server = openServer();
    server.state.nowMs = 2_000_000;
    const two = { supervisor: { processes: 1, memoryBytes: null, cpuPercent: 1 } };
    const pair = { 'chroma-sync': { processes: 2, memoryBytes: 50, cpuPercent: 1 } };
    server.state.samples = [
      sample(1_399),
      sample(1_401),
      sample(1_990, { roles: two }),
      sample(1_995, { roles: pair }),
    ];
    const { body } = await server.request('GET', '/api/history?since=24h');
    expect(body?.recentMemory).toEqual({ supervisor: [[1_401, 10]], worker: [[1_401, 20]] });
  });

  test('history of two weeks is reduced to the width of a screen, keeps the peaks, and has gaps without data', async () => {
    const server = openServer();
    server.state.nowMs = 1_209_600_000;
    const peak = sample(300_000, { orphans: 7 });
    server.state.samples = [
      ...Array.from({ length: 2_000 }, (_, position) => sample(200_000 + position * 5)),
      ...Array.from({ length: 2_000 }, (_, position) => sample(300_005 + position * 5)),
    ].toSpliced(2_000, 0, peak);
    const { body } = await server.request('GET', '/api/history?since=14d');
    const points = body?.points as readonly { readonly at: number; readonly leaks: number | null }[];
    expect(points.length).toBeLessThan(900);
    expect(Math.max(...points.map(({ leaks }) => leaks ?? 0))).toBe(7);
    expect(points.filter(({ leaks }) => leaks === null).map(({ at }) => at)).toEqual([209_996, 310_001]);
  });

  test.each(['x', '0m', '-1h', '1w', '100000d', ''])('history with since %j is refused', async (since) => {
    const { request } = openServer();
    expect((await request('GET', `/api/history?since=${since}`)).status).toBe(400);
  });
});
