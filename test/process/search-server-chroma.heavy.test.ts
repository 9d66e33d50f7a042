import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { identify, isAlive } from '../../scripts/leak/identity.mjs';
import { rootEntry } from '../../src/core/tree/manifest.ts';
import { isLockFree } from '../../src/state/locks/lock.ts';
import { createRecords } from '../../src/state/trees/records.ts';
import { endChild, useChildren } from '../contract/children.ts';
import { eventually } from '../helpers/eventually.ts';
import { freePort } from '../helpers/free-port.ts';
import { runCli } from '../helpers/run-cli.ts';
import { describeWithChroma } from '../helpers/semantic-stack.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { firstLine } from './linux-places.ts';
import { hasParentDeath, pathWithoutSetpriv } from './parent-death.ts';
import { connectSearchServer, SEARCH_SERVER, searchServerEnvironment, startedBy } from './search-server-process.ts';
import { startWorker, type WorkerUnderTest } from './worker-process.ts';

const MCP_CLIENT = fileURLToPath(new URL('../fixtures/mcp-client.mjs', import.meta.url));
const children = useChildren();

describeWithChroma('a search server with the real Chroma', (stack) => {
  const environment = (port: number) => ({
    ...stack.env,
    CLAUDE_MEM_UVX: stack.uvx,
    CLAUDE_MEM_WORKER_PORT: String(port),
  });

  async function worker(dataDir: string, port: number, hasManifest = true): Promise<WorkerUnderTest> {
    const started = await startWorker({ dataDir, port, home: stack.home, env: environment(port), hasManifest });
    await started.ready();
    return started;
  }

  /** A data dir whose vectors contain the observations of a worker. */
  async function filled() {
    const [dataDir, port] = [tempDir(), await freePort()];
    const first = await worker(dataDir, port);
    await remember(first, 'a cat sleeps on the sofa', 'the database query was slow');
    await bySemantics(first);
    first.send({ type: 'shutdown', deadlineMs: 4_000 });
    await first.isOver();
    return { dataDir, port };
  }

  const connect = (dataDir: string, port: number, env: Readonly<Record<string, string>> = {}) =>
    connectSearchServer({ dataDir, home: stack.home, env: { ...environment(port), ...env } });

  const manifest = (dataDir: string) => {
    const records = createRecords(dataDir);
    const { manifests, retired } = records.readManifests();
    const all = [...manifests, ...records.readRetired(retired.map(({ treeId }) => treeId)).manifests];
    return all.find((found) => rootEntry(found)?.role === 'search');
  };

  test('without a worker opens the vectors itself, records its own tree, and leaves nothing', async () => {
    const { dataDir, port } = await filled();
    const server = await connect(dataDir, port);
    expect(manifest(dataDir)).toBeUndefined();
    expect(await server.search({ query: 'sql problem', limit: 1 })).toMatchObject({
      mode: 'semantic',
      results: [{ title: 'the database query was slow' }],
    });
    expect(manifest(dataDir)).toMatchObject({ state: 'running' });
    expect(rootEntry(manifest(dataDir)!)).toMatchObject({ role: 'search', identity: { pid: server.identity.pid } });
    expect(manifest(dataDir)?.entries.map(({ role }) => role)).toEqual(['search', 'chroma-search', 'chroma-search']);
    expect(server.chroma()).toHaveLength(2);
    expect(await isLockFree(join(dataDir, 'vectors.lock'))).toBe(false);
    await server.client.close();
    await server.isGone();
    expect([server.chroma(), manifest(dataDir)?.retiredAt]).toEqual([[], expect.any(String)]);
    expect(await isLockFree(join(dataDir, 'vectors.lock'))).toBe(true);
  });

  test('leaves nothing if its MCP client is killed by SIGKILL', async () => {
    const { dataDir, port } = await filled();
    const env = searchServerEnvironment({ dataDir, home: stack.home, env: environment(port) });
    const client = children.start(process.execPath, [MCP_CLIENT, SEARCH_SERVER, 'sql problem'], { env });
    const { serverPid, mode } = JSON.parse(await firstLine(client)) as { serverPid: number; mode: string };
    expect(mode).toBe('semantic');
    const server = identify(serverPid)!;
    expect(startedBy(server)).toHaveLength(2);
    await endChild(client);
    const left = () => ({ server: isAlive(server), chroma: startedBy(server) });
    await eventually('both are gone', () => !left().server && left().chroma.length === 0, {
      withinMs: 5_000,
      dump: left,
    });
    expect((await runCli(['leaks', '--data-dir', dataDir], { home: stack.home })).status).toBe(0);
  });

  test.skipIf(!hasParentDeath())(
    'leaves nothing after SIGKILL with a parent-death signal (needs the setpriv of util-linux)',
    async () => {
      const { dataDir, port } = await filled();
      const server = await connect(dataDir, port);
      expect(await server.search({ query: 'sql problem' })).toMatchObject({ mode: 'semantic' });
      server.kill('SIGKILL');
      await eventually('its Chroma is gone', () => server.chroma().length === 0, { withinMs: 5_000 });
    },
  );

  test('leaves orphans after SIGKILL without a parent-death signal, which leaks explains and reap ends', async () => {
    const { dataDir, port } = await filled();
    const server = await connect(dataDir, port, { PATH: pathWithoutSetpriv(stack.env.PATH) });
    expect(await server.search({ query: 'sql problem' })).toMatchObject({ mode: 'semantic' });
    const pair = server.chroma();
    expect(pair).toHaveLength(2);
    server.kill('SIGKILL');
    await server.isGone();
    const run = (...args: string[]) => runCli([...args, '--json', '--data-dir', dataDir], { home: stack.home });
    const leaks = await run('leaks');
    expect(leaks.status).toBe(1);
    const { processes } = JSON.parse(leaks.stdout) as { processes: LeakedProcess[] };
    const orphans = processes.filter(({ verdict }) => verdict === 'orphan');
    expect(orphans.map(({ pid, role }) => [pid, role]).sort()).toEqual(
      pair.map((pid) => [pid, 'chroma-search']).sort(),
    );
    expect(orphans.flatMap(({ evidence }) => evidence.map(({ detail }) => detail)).join('\n')).toContain(
      `pid ${server.identity.pid}`,
    );
    const { outcomes } = JSON.parse((await run('reap', '--yes')).stdout) as { outcomes: { pid: number }[] };
    expect(outcomes.map(({ pid }) => pid).sort()).toEqual([...pair].sort());
    expect(server.chroma()).toEqual([]);
  });

  test("uses the worker's vectors if one runs, and finds its additions immediately", async () => {
    const [dataDir, port] = [tempDir(), await freePort()];
    const running = await worker(dataDir, port);
    const server = await connect(dataDir, port);
    await remember(running, 'a cat sleeps on the sofa', 'the database query was slow');
    await bySemantics(running);
    const find = () => server.search({ query: 'sql problem', limit: 1 });
    expect(await find()).toMatchObject({ mode: 'semantic', results: [{ title: 'the database query was slow' }] });
    expect(server.chroma()).toEqual([]);
    await remember(running, 'an SQL statement failed');
    await eventually('what was added is found', async () => {
      const { results } = (await find()) as { results: { title: string }[] };
      return results[0]?.title === 'an SQL statement failed';
    });
  });

  test('releases the vectors to a worker that starts meanwhile', async () => {
    const { dataDir, port } = await filled();
    const server = await connect(dataDir, port);
    const find = () => server.search({ query: 'sql problem', limit: 1 });
    expect(await find()).toMatchObject({ mode: 'semantic' });
    const running = await worker(dataDir, port);
    await eventually('the worker knows who has them', async () => {
      const { body } = await running.request('GET', '/api/search?q=sql');
      return body.mode === 'keyword' && String(body.reason).includes(`held by pid ${server.identity.pid}`);
    });
    expect(await find()).toMatchObject({ mode: 'semantic' });
    await bySemantics(running);
    expect([(await find()).mode, server.chroma()]).toEqual(['semantic', []]);
  });

  test('asks an unrecorded worker too, because the socket of the data dir proves its identity', async () => {
    const { dataDir, port } = await filled();
    const running = await worker(dataDir, port, false);
    await bySemantics(running);
    const server = await connect(dataDir, port);
    expect(await server.search({ query: 'sql problem', limit: 1 })).toMatchObject({
      mode: 'semantic',
      results: [{ title: 'the database query was slow' }],
    });
    expect(server.chroma()).toEqual([]);
  });
});

interface LeakedProcess {
  readonly pid: number;
  readonly role: string;
  readonly verdict: string;
  readonly evidence: readonly { readonly detail: string }[];
}

async function remember(worker: WorkerUnderTest, ...titles: string[]): Promise<void> {
  const session = await worker.request('POST', '/api/sessions', { project: 'p' });
  for (const title of titles) {
    const observation = { type: 'note', title, text: '' };
    await worker.request('POST', `/api/sessions/${String(session.body.id)}/observations`, observation);
  }
}

async function bySemantics(worker: WorkerUnderTest): Promise<void> {
  await eventually(
    'it is found by meaning',
    async () => {
      const { body } = await worker.request('GET', '/api/search?q=sql%20problem&limit=1');
      const [result] = body.results as { title: string }[];
      return body.mode === 'semantic' && result?.title === 'the database query was slow';
    },
    { withinMs: 30_000 },
  );
}
