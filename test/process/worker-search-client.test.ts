import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { StoredIdentity } from '../../src/core/tree/manifest.ts';
import type { Registration } from '../../src/operations/ports/tree.ts';
import { identifySelf, loadPlatform } from '../../src/platform/index.ts';
import { SearchClient, type SearchClientTiming } from '../../src/worker/search-client.ts';
import { eventually } from '../helpers/eventually.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { aLog } from '../a-log.ts';

/** Answers the handshake, and pings while the file `healthy` exists. Records each start. */
const SERVER = `
  const fs = require('node:fs');
  fs.appendFileSync('starts', process.pid + '\\n');
  setTimeout(() => process.exit(99), 60000);
  process.stdin.on('end', () => process.exit());
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method } = JSON.parse(line);
    const result = method === 'initialize'
      ? { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'fixture', version: '1' } } : {};
    if (method === 'initialize' || (method === 'ping' && fs.existsSync('healthy')))
      console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
  });`;

async function start(program: string, timing: Partial<SearchClientTiming> = {}) {
  const folder = tempDir();
  const script = join(folder, 'search-server.js');
  // In its own folder, regardless of where it was started.
  writeFileSync(script, `process.chdir(${JSON.stringify(folder)});${program}`);
  writeFileSync(join(folder, 'healthy'), '');
  const platform = await loadPlatform();
  const registered: Registration[] = [];
  const ended: StoredIdentity[] = [];
  const { log, lines } = aLog();
  const client = new SearchClient({
    script,
    env: {},
    timing: { pingEveryMs: 20, pingTimeoutMs: 100, ...timing },
    household: {
      dataDir: folder,
      treeId: randomUUID(),
      own: identifySelf(platform),
      env: process.env,
      log,
      processes: {
        identify: (pid) => platform.identify(pid),
        table: platform.table,
        signaller: platform.signaller,
        clock: { now: () => performance.now(), date: () => new Date(), sleep: (ms) => sleep(ms) },
        recorder: {
          register: (registration) => Promise.resolve(void registered.push(registration)),
          ended: (identity) => Promise.resolve(void ended.push(identity)),
        },
      },
    },
  });
  onTestFinished(() => client.close(3_000));
  client.start();
  const starts = () => {
    const file = join(folder, 'starts');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
  };
  const isOver = async () => {
    await eventually('all that was started is gone', () =>
      starts().every((pid) => platform.identify(pid)?.argv?.includes(script) !== true),
    );
  };
  return { client, folder, starts, isOver, registered, ended, lines };
}

test('pings a search server repeatedly and ends it once', async () => {
  const { client, starts, isOver, registered, ended } = await start(SERVER);
  await client.firstAttempt;
  expect(client.status).toEqual({ state: 'answering', pid: starts()[0], restarts: 0 });
  await sleep(100);
  expect(starts()).toHaveLength(1);
  await Promise.all([client.close(3_000), client.close(3_000)]);
  expect(client.status).toMatchObject({ state: 'closed', pid: null });
  await isOver();
  expect(ended.map(({ pid }) => pid)).toEqual(registered.map(({ identity }) => identity.pid));
});

test('restarts a search server that hangs', async () => {
  const { client, folder, starts, isOver, ended } = await start(SERVER);
  await client.firstAttempt;
  unlinkSync(join(folder, 'healthy'));
  await eventually('it is given up', () => starts().length >= 2);
  expect(ended[0]?.pid).toBe(starts()[0]);
  writeFileSync(join(folder, 'healthy'), '');
  await eventually('the next one answers', () => client.status.state === 'answering');
  await client.close(3_000);
  await isOver();
});

test.each([
  ['ends immediately', "require('node:fs').appendFileSync('starts', process.pid + '\\n'); process.exit(3);"],
  ['cannot even be read', "require('node:fs').appendFileSync('starts', process.pid + '\\n'); this is no program"],
])('retries a search server that %s with growing pauses', async (_how, program) => {
  const { client, starts, isOver, lines } = await start(program);
  await client.firstAttempt;
  await sleep(1_500);
  // Pauses of 100, 200, 400 and 800 ms.
  expect(starts().length).toBeLessThanOrEqual(5);
  expect(lines.some((line) => line.startsWith('warn restarting the search server'))).toBe(true);
  await client.close(3_000);
  await isOver();
});

test('ends a search server without a handshake at the deadline', async () => {
  const { client, starts, isOver } = await start(
    "require('node:fs').appendFileSync('starts', process.pid + '\\n'); setTimeout(() => {}, 60000);",
    // Long enough for Node to start on a busy machine.
    { connectMs: 2_000 },
  );
  await client.firstAttempt;
  expect(client.status.restarts).toBe(1);
  await eventually('it is tried again', () => starts().length >= 2, { withinMs: 60_000 });
  await client.close(3_000);
  await isOver();
});

test('closing during its start leaves nothing', async () => {
  for (const delayMs of [0, 20, 60]) {
    const { client, isOver } = await start(SERVER);
    await sleep(delayMs);
    await client.close(3_000);
    await isOver();
  }
});
