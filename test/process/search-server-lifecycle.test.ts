import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { childrenOf, identify, isAlive, signalIfSame } from '../../scripts/leak/identity.mjs';
import { SessionStore } from '../../src/memory/session-store.ts';
import { eventually } from '../helpers/eventually.ts';
import { runProgram } from '../helpers/run-cli.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { connectSearchServer, SEARCH_SERVER, searchServerEnvironment } from './search-server-process.ts';

const WITHOUT_CHROMA = { CLAUDE_MEM_CHROMA_ENABLED: 'false' };

/** A data dir with the memory of an earlier worker. */
function remembered(...titles: string[]): string {
  const dataDir = tempDir();
  const store = new SessionStore(dataDir);
  const { id } = store.createSession({ project: 'p' });
  for (const title of titles) store.addObservation(id, { type: 'note', title, text: '' });
  store.close();
  return dataDir;
}

function requests(...calls: { method: string; params?: object }[]): string {
  const client = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } };
  const all = [{ method: 'initialize', params: client }, ...calls];
  const lines = all.map((call, index) => JSON.stringify({ jsonrpc: '2.0', id: index + 1, ...call }));
  lines.splice(1, 0, JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }));
  return `${lines.join('\n')}\n`;
}

describe('a search server on its own', () => {
  test('serves any MCP client, by keyword with a reason if there is no Chroma', async () => {
    const dataDir = remembered('Login fixed', 'lunch');
    const { call } = await connectSearchServer({ dataDir, env: WITHOUT_CHROMA });
    expect(await call('search', { query: 'login' })).toMatchObject({
      mode: 'keyword',
      reason: 'switched off by CLAUDE_MEM_CHROMA_ENABLED or claude-mem start --no-chroma',
      results: [{ title: 'Login fixed' }],
    });
    expect(await call('get_observations', { ids: [2] })).toMatchObject({ observations: [{ title: 'lunch' }] });
    expect(await call('recent')).toMatchObject({ observations: [{ title: 'lunch' }, { title: 'Login fixed' }] });
  });

  test('sees new rows of a writer immediately', async () => {
    const dataDir = remembered('first');
    const { call } = await connectSearchServer({ dataDir, env: WITHOUT_CHROMA });
    expect(await call('recent')).toMatchObject({ observations: [{ title: 'first' }] });
    const store = new SessionStore(dataDir);
    onTestFinished(() => {
      store.close();
    });
    store.addObservation(1, { type: 'note', title: 'second', text: '' });
    expect(await call('recent')).toMatchObject({ observations: [{ title: 'second' }, { title: 'first' }] });
  });

  test.each(['an empty data dir', 'a data dir that does not exist'])(
    'finds nothing in %s, and writes nothing there',
    async (what) => {
      const dataDir = what.startsWith('an') ? tempDir() : join(tempDir(), 'missing');
      const { call } = await connectSearchServer({ dataDir, home: tempDir() });
      expect(await call('search', { query: 'login' })).toEqual({
        mode: 'keyword',
        reason: 'nothing is stored yet',
        results: [],
      });
      expect(await call('recent')).toEqual({ observations: [] });
      expect(existsSync(dataDir) ? readdirSync(dataDir) : []).toEqual(what.startsWith('an') ? ['logs'] : []);
    },
  );

  test('answers requests from before the end of stdin, and prints nothing else to stdout', async () => {
    const dataDir = remembered('Login fixed');
    const { stdout, stderr, status } = await runProgram(process.execPath, [SEARCH_SERVER], {
      home: dataDir,
      env: { CLAUDE_MEM_DATA_DIR: dataDir, ...WITHOUT_CHROMA },
      stdin: requests(
        { method: 'tools/list' },
        { method: 'tools/call', params: { name: 'search', arguments: { query: 'login' } } },
      ),
    });
    const answers = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: number });
    expect([answers.map(({ id }) => id), stderr, status]).toEqual([[1, 2, 3], '', 0]);
  });

  test('continues after lines that are not MCP', async () => {
    const dataDir = remembered('Login fixed');
    const { stdout, status } = await runProgram(process.execPath, [SEARCH_SERVER], {
      home: dataDir,
      env: { CLAUDE_MEM_DATA_DIR: dataDir, ...WITHOUT_CHROMA },
      stdin: `hello\n{"jsonrpc":"1.0"}\n${requests({ method: 'ping' })}`,
    });
    expect([stdout.trimEnd().split('\n'), status]).toMatchObject([{ length: 2 }, 0]);
  });

  test('reports on stderr why it cannot run, and exits', async () => {
    const dataDir = tempDir();
    const { stdout, stderr, status } = await runProgram(process.execPath, [SEARCH_SERVER], {
      home: dataDir,
      env: { CLAUDE_MEM_DATA_DIR: dataDir, CLAUDE_MEM_WORKER_PORT: 'abc' },
    });
    expect([stdout, status]).toEqual(['', 2]);
    expect(stderr).toContain('CLAUDE_MEM_WORKER_PORT is "abc" (from the environment)');
  });
});

describe('a search server ends', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'a search server ends by %s, with exit code 0',
    async (signal) => {
      const child = spawn(process.execPath, [SEARCH_SERVER], {
        env: searchServerEnvironment({ dataDir: tempDir(), env: WITHOUT_CHROMA }),
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      child.stdin.write(requests());
      await new Promise((resolve) => child.stdout.once('data', resolve));
      const ended = new Promise((resolve) => {
        child.once('exit', (code, by) => {
          resolve([code, by]);
        });
      });
      child.kill(signal);
      expect(await ended).toEqual([0, null]);
    },
  );

  test('a search server ends when its client closes the MCP connection', async () => {
    const { client, isGone } = await connectSearchServer({ dataDir: tempDir(), env: WITHOUT_CHROMA });
    const startedAt = performance.now();
    await client.close();
    await isGone();
    // The SDK waits 2 s for the end of stdin to take effect.
    expect(performance.now() - startedAt).toBeLessThan(1_500);
  });

  test('a search server ends when its parent is killed while another process keeps the pipes open', async () => {
    const program = `require('node:child_process').spawn(process.execPath, [${JSON.stringify(SEARCH_SERVER)}], { stdio: 'inherit' });
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['-e', program], {
      env: searchServerEnvironment({ dataDir: tempDir(), env: WITHOUT_CHROMA }),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    parent.stdin.write(requests());
    await new Promise((resolve) => parent.stdout.once('data', resolve));
    const server = identify(childrenOf(parent.pid ?? 0)[0] ?? 0)!;
    signalIfSame(identify(parent.pid ?? 0)!, 'SIGKILL');
    await eventually('the search server is gone', () => !isAlive(server), { withinMs: 5_000 });
  });
});
