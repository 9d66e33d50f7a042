import { rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../helpers/eventually.ts';
import { openServer, PORT, TOKEN } from './open-server.ts';

const observation = { type: 'note', title: 'x', text: 'y' };

describe('access control', () => {
  test.each([
    [undefined, 'a bearer token is required'],
    ['', 'a bearer token is required'],
    [`Basic ${TOKEN}`, 'a bearer token is required'],
    ['Bearer wrong', 'the bearer token does not match this data dir'],
    [`Bearer ${TOKEN}b`, 'the bearer token does not match this data dir'],
    [`Bearer ${TOKEN} ${TOKEN}`, 'a bearer token is required'],
  ])('the authorization %j gets 401', async (authorization, reason) => {
    const { request } = openServer();
    const answer = await request('GET', '/ready', { headers: { authorization } });
    expect(answer).toMatchObject({ status: 401, body: { error: { code: 'unauthorized' } } });
    expect(answer.body).toMatchObject({ error: { message: expect.stringContaining(reason) as string } });
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
  });

  test('without a token nothing is read or written, regardless of the body', async () => {
    const { request, store } = openServer();
    const before = store.counts();
    const headers = { authorization: undefined };
    expect((await request('POST', '/api/sessions', { headers, body: { project: 'p' } })).status).toBe(401);
    expect(store.counts()).toEqual(before);
  });

  test.each([`127.0.0.1:${PORT}`, `localhost:${PORT}`, `LOCALHOST:${PORT}`, `[::1]:${PORT}`])(
    'the host %s is accepted',
    async (host) => {
      const { request } = openServer();
      expect((await request('GET', '/health', { headers: { host } })).status).toBe(200);
      expect((await request('GET', '/health', { headers: { host, origin: `http://${host}` } })).status).toBe(200);
    },
  );

  test.each(['', 'evil.example', `evil.example:${PORT}`, '127.0.0.1', '127.0.0.1:1', `127.0.0.1.evil.example:${PORT}`])(
    'the host "%s" is refused',
    async (host) => {
      const { request } = openServer();
      for (const url of ['/health', '/ready', '/nope']) {
        expect(await request('GET', url, { headers: { host } })).toMatchObject({
          status: 403,
          body: { error: { code: 'forbidden' } },
        });
      }
    },
  );

  test.each(['null', 'https://evil.example', `https://127.0.0.1:${PORT}`, 'http://127.0.0.1', 'http://localhost:3000'])(
    'a page of the origin %s gets 403, even with the right token',
    async (origin) => {
      const { request } = openServer();
      expect((await request('GET', '/ready', { headers: { origin } })).status).toBe(403);
      expect((await request('GET', '/health', { headers: { origin } })).status).toBe(403);
    },
  );

  test.each([
    ...[
      '',
      `127.0.0.1:${PORT}`,
      `localhost:${PORT}`,
      '127.0.0.1',
      'evil.example',
      `//127.0.0.1:${PORT}`,
      'http:',
      'http://',
    ],
    ...[
      `http://127.0.0.1:${PORT}/`,
      `http://127.0.0.1:${PORT} http://evil.example`,
      `http://a@127.0.0.1:${PORT}`,
      'NULL',
    ],
  ])('the invalid origin "%s" gets 400, even with the right token', async (origin) => {
    const { request } = openServer();
    for (const url of ['/health', '/ready'])
      expect(await request('GET', url, { headers: { origin } })).toMatchObject({
        status: 400,
        body: { error: { code: 'bad-request' } },
      });
  });
});

describe('bodies', () => {
  test.each([
    [{}, '"project" is missing'],
    [{ project: '' }, '"project" must not be empty'],
    [{ project: '   ' }, '"project" must not be empty'],
    [{ project: 7 }, '"project" must be a text'],
    [{ project: 'x'.repeat(1_001) }, '"project" must not be longer than 1000 characters'],
    [{ project: 'p', sessionId: '' }, '"sessionId" must not be empty'],
    [[], '"project" is missing'],
    ['x', 'the body must be a JSON object'],
    [null, 'the body must be a JSON object'],
  ])('the body %j is refused', async (body, message) => {
    const { request, store } = openServer();
    const before = store.counts();
    const headers = { 'content-type': 'application/json' };
    expect(await request('POST', '/api/sessions', { body: JSON.stringify(body), headers })).toMatchObject({
      status: 400,
      body: { error: { code: 'bad-request', message } },
    });
    expect(store.counts()).toEqual(before);
  });

  test.each([
    [{ ...observation, files: 'a.ts' }, '"files" must be a list'],
    [{ ...observation, files: [1] }, '"files.0" must be a text'],
    [{ type: 'note', title: 'x' }, '"text" is missing'],
  ])('the observation %j is refused', async (body, message) => {
    const { request, sessionId } = openServer();
    expect((await request('POST', `/api/sessions/${sessionId}/observations`, { body })).body).toMatchObject({
      error: { message },
    });
  });

  test('an unknown field is ignored', async () => {
    const { request } = openServer();
    expect((await request('POST', '/api/sessions', { body: { project: 'p', later: true } })).status).toBe(201);
  });

  test.each(['{', '{"project":"p"} x', '{"__proto__":{"project":"p"}}', '\0'])(
    '%j is refused as malformed JSON',
    async (body) => {
      const { request } = openServer();
      const headers = { 'content-type': 'application/json' };
      expect(await request('POST', '/api/sessions', { body, headers })).toMatchObject({
        status: 400,
        body: { error: { code: 'malformed-json' } },
      });
    },
  );

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'nonsense', undefined])(
    'the content type %s is refused',
    async (type) => {
      const { request } = openServer();
      const headers = { 'content-type': type };
      expect(await request('POST', '/api/sessions', { body: '{"project":"p"}', headers })).toMatchObject({
        status: 415,
        body: { error: { code: 'unsupported-media-type' } },
      });
    },
  );

  test('application/json with a charset is accepted', async () => {
    const { request } = openServer();
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    expect((await request('POST', '/api/sessions', { body: '{"project":"p"}', headers })).status).toBe(201);
  });

  test('a body above 1 MiB is refused', async () => {
    const { request, sessionId } = openServer();
    const add = (length: number) =>
      request('POST', `/api/sessions/${sessionId}/observations`, {
        body: { ...observation, text: 'x'.repeat(length) },
      });
    expect((await add(1024 * 1024 - 100)).status).toBe(201);
    expect(await add(1024 * 1024)).toMatchObject({ status: 413, body: { error: { code: 'body-too-large' } } });
  });
});

describe('URLs', () => {
  test.each(['/nope', '/api', '/api/sessions/1', '/API/search', '/api/search/'])('%s gets 404', async (url) => {
    const { request } = openServer();
    for (const headers of [{}, { authorization: undefined }]) {
      expect(await request('GET', url, { headers })).toMatchObject({
        status: 404,
        body: { error: { code: 'not-found', message: `no route for GET ${url}` } },
      });
    }
  });

  test.each([
    ['DELETE', '/api/sessions', 'POST'],
    ['GET', '/api/sessions', 'POST'],
    ['POST', '/api/search', 'GET, HEAD'],
    ['OPTIONS', '/health', 'GET, HEAD'],
    ['PUT', '/api/sessions/1/observations', 'POST'],
  ] as const)('%s %s names the allowed method', async (method, url, allow) => {
    const { request } = openServer();
    const answer = await request(method, url, { body: { any: 'body' } });
    expect(answer).toMatchObject({ status: 405, headers: { allow }, body: { error: { code: 'method-not-allowed' } } });
  });

  test('HEAD is GET without a body', async () => {
    const { request } = openServer();
    expect(await request('HEAD', '/health')).toMatchObject({ status: 200, body: undefined });
    expect(await request('HEAD', '/ready', { headers: { authorization: undefined } })).toMatchObject({ status: 401 });
  });

  test.each([
    ['/api/search', '"q" is missing'],
    ['/api/search?q=', '"q" must not be empty'],
    ['/api/search?q=x&limit=0', '"limit" must be 1 or more'],
    ['/api/search?q=x&limit=101', '"limit" must be 100 or less'],
    ['/api/search?q=x&limit=1e2', '"limit" must be a whole number'],
    ['/api/search?q=x&after=yesterday', '"after" must be a day such as 2026-11-25 or a time in ISO 8601'],
    ['/api/search?q=x&q=y', '"q" must be a text'],
    ['/api/context?limit=-1', '"limit" must be a whole number'],
  ])('%s is refused', async (url, message) => {
    const { request } = openServer();
    expect(await request('GET', url)).toMatchObject({ status: 400, body: { error: { code: 'bad-request', message } } });
  });

  test.each(['abc', '0', '-1', '1.5', '99999999999999999999', '%00'])('the session id %s is refused', async (id) => {
    const { request } = openServer();
    expect((await request('POST', `/api/sessions/${id}/complete`)).status).toBe(400);
  });

  test('a URL that cannot be decoded is refused', async () => {
    const { request } = openServer();
    expect(await request('GET', '/api/sessions/%zz/complete')).toMatchObject({
      status: 400,
      body: { error: { code: 'bad-request' } },
    });
  });
});

describe('failures', () => {
  test('failures of the memory are 503 with a hint', async () => {
    const { request, dataDir } = openServer();
    rmSync(join(dataDir, 'memory.db'));
    const answer = await request('POST', '/api/sessions', { body: { project: 'p' } });
    expect(answer).toMatchObject({ status: 503, body: { error: { code: 'storage-unavailable' } } });
    expect(JSON.stringify(answer.body)).toContain('Run claude-mem restart');
  });

  test('failures that are unexpected are 500, and logged without the query', async () => {
    const { request, search, lines } = openServer();
    search.close();
    expect(await request('GET', '/api/search?q=secret')).toMatchObject({
      status: 500,
      body: { error: { code: 'internal', message: 'internal error; see the worker log for details' } },
    });
    expect(lines).toEqual([expect.stringContaining('error request failed {"request":"GET /api/search"')]);
    expect(lines.join('')).not.toContain('secret');
  });

  test('failures of a worker that shuts down name the shutdown', async () => {
    const { request, state, store } = openServer();
    state.isClosing = true;
    const before = store.counts();
    expect(await request('POST', '/api/sessions', { body: { project: 'p' } })).toMatchObject({
      status: 503,
      headers: { connection: 'close' },
      body: { error: { code: 'shutting-down' } },
    });
    expect(store.counts()).toEqual(before);
  });
});

describe('on a real connection', () => {
  async function listen() {
    const { server, ...rest } = openServer();
    await server.listen({ host: '127.0.0.1', port: 0 });
    const countConnections = () =>
      new Promise<number>((resolve) => {
        server.server.getConnections((_, count) => {
          resolve(count);
        });
      });
    return { ...rest, server, countConnections, port: (server.server.address() as AddressInfo).port };
  }

  /** Sends the text unchanged and keeps its own end open. */
  function send(port: number, text: string): { answer: () => string } {
    let received = '';
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.write(text));
    socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    return { answer: () => received };
  }

  const HOST = `Host: 127.0.0.1:${PORT}`;
  const AUTHORIZATION = `Authorization: Bearer ${TOKEN}`;

  test.each([
    [HOST, HOST],
    [HOST, 'host: evil.example'],
    ['Host: evil.example', HOST],
    [HOST, 'Origin: http://evil.example', `Origin: http://127.0.0.1:${PORT}`],
    [HOST, AUTHORIZATION, 'authorization: Bearer wrong'],
  ])('a duplicate host, origin or authorization header gets 400 (%#)', async (...headers) => {
    const { port } = await listen();
    const { answer } = send(port, `GET /health HTTP/1.1\r\n${headers.join('\r\n')}\r\nConnection: close\r\n\r\n`);
    await eventually('it is answered', () => answer().includes('occurs twice'));
    expect(answer()).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('a request without a host gets 400', async () => {
    const { port } = await listen();
    const { answer } = send(port, 'GET /health HTTP/1.1\r\n\r\n');
    await eventually('it is answered', () => answer() !== '');
    expect(answer()).toMatch(/^HTTP\/1\.1 400 /);
  });

  test.each([
    ['that are not HTTP', 'nonsense\r\n\r\n', '400'],
    ['with a broken header', `GET / HTTP/1.1\r\n${HOST}\r\nbad header\r\n\r\n`, '400'],
    ['without a host', 'GET /health HTTP/1.1\r\n\r\n', '400'],
    ['with headers of 20 kB', `GET / HTTP/1.1\r\n${HOST}\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, '431'],
    ['with two lengths', `POST / HTTP/1.1\r\n${HOST}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n`, '400'],
    [
      'with a body announced too long',
      `POST /api/sessions HTTP/1.1\r\n${HOST}\r\n${AUTHORIZATION}\r\nContent-Type: application/json\r\nContent-Length: 9999999\r\n\r\n`,
      '413',
    ],
  ])(
    '200 refused requests %s leave no connection open, although their clients keep theirs open',
    async (_what, text, status) => {
      const { port, countConnections } = await listen();
      const sent = Array.from({ length: 200 }, () => send(port, text));
      await eventually('each is answered', () =>
        sent.every(({ answer }) => answer().startsWith(`HTTP/1.1 ${status} `)),
      );
      await eventually('none is left', async () => (await countConnections()) === 0);
    },
  );

  test('200 slow requests leave no connection open, although their clients keep theirs open', async () => {
    const { port, server, countConnections } = await listen();
    const tooSlow = Object.assign(new Error('timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
    // Node checks for them every 30 s; this is what it then does.
    server.server.on('connection', (socket) =>
      setTimeout(() => server.server.emit('clientError', tooSlow, socket), 20),
    );
    const sent = Array.from({ length: 200 }, () => send(port, `GET /health HTTP/1.1\r\n`));
    await eventually('each is answered', () => sent.every(({ answer }) => answer().startsWith('HTTP/1.1 408 ')));
    await eventually('none is left', async () => (await countConnections()) === 0);
  });

  test('input that is not HTTP gets an error in JSON', async () => {
    const { port } = await listen();
    const text = await new Promise<string>((resolve) => {
      let received = '';
      const socket = connect(port, '127.0.0.1', () => socket.write('nonsense\r\n\r\n'));
      socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
      socket.on('close', () => {
        resolve(received);
      });
    });
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ error: { code: 'bad-request' } });
  });

  test('a body that is too large is refused before it is sent completely', async () => {
    const { port } = await listen();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = {
        host: `127.0.0.1:${PORT}`,
        authorization: `Bearer ${TOKEN}`,
        'content-type': 'application/json',
        'content-length': 50_000_000,
      };
      const outgoing = httpRequest({ port, host: '127.0.0.1', method: 'POST', path: '/api/sessions', headers });
      outgoing.on('response', (response) => {
        resolve(response.statusCode);
        outgoing.destroy();
      });
      outgoing.on('error', reject);
      outgoing.write('{');
    });
    expect(status).toBe(413);
  });
});
