import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { PYTHON_REQUEST } from '../../scripts/leak/chroma-program.ts';
import { isChromaOfDataDir } from '../../src/core/process/role-program.ts';
import { loadPlatform } from '../../src/platform/index.ts';
import { eventually } from '../helpers/eventually.ts';
import { freePort } from '../helpers/free-port.ts';
import { runMark } from '../helpers/run-mark.ts';
import { type AvailableStack, describeWithChroma } from '../helpers/semantic-stack.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { found, syncHarness } from './chroma-harness.ts';

describeWithChroma('ChromaSync with an existing Chroma server', (stack) => {
  test('writes to and searches a remote server without a lock, with a recognizable process', async () => {
    const server = await startServer(stack);
    const { open, remember, filled, dataDir, dependencies } = await syncHarness(stack, {
      settings: remote(server.port),
    });
    remember('a cat sleeps on the sofa');
    const slow = remember('the database query was slow');
    const sync = open();
    sync.wake();
    await filled(sync);
    expect(await found(sync, 'sql problem')).toEqual([slow]);
    expect(existsSync(join(dataDir, 'vectors.lock'))).toBe(false);

    const { table } = await loadPlatform();
    const snapshot = await table.snapshot({ dataDir, recordedPids: new Set(), memory: false });
    const ours = snapshot.processes.filter((row) => isChromaOfDataDir(row, dataDir, process.platform));
    const { wrapperPid, pythonPid } = sync.status();
    expect(ours.map(({ pid }) => pid).sort()).toEqual([wrapperPid, pythonPid].sort());
    expect(ours.every((row) => row.treeMark === dependencies.treeId)).toBe(true);
  });

  test('two memories on one server stay separate while both are open', async () => {
    const server = await startServer(stack);
    const settings = remote(server.port);
    const [left, right] = [await syncHarness(stack, { settings }), await syncHarness(stack, { settings })];
    left.remember('a cat sleeps on the sofa');
    const other = right.remember('a tiger sleeps in the zoo');
    const [leftSync, rightSync] = [left.open(), right.open()];
    leftSync.wake();
    rightSync.wake();
    await Promise.all([left.filled(leftSync), right.filled(rightSync)]);
    expect(await found(rightSync, 'sleeping cat', 5)).toEqual([other]);
  });

  test('keyword search replaces a server during an outage, and nothing is lost', async () => {
    const server = await startServer(stack);
    const timing = { firstRetryMs: 100, longestRetryMs: 300 };
    const { open, remember, filled, gone } = await syncHarness(stack, { settings: remote(server.port), timing });
    const cat = remember('a cat sleeps on the sofa');
    const sync = open();
    sync.wake();
    await filled(sync);
    await server.stop();
    const slow = remember('the database query was slow');
    sync.observationsAdded();
    const answer = await eventually('it is missed', async () => {
      const asked = await sync.query({ text: 'sql problem', limit: 1 });
      return !asked.available && asked.reason.includes('server does not answer') && asked;
    });
    expect(answer.reason).toMatch(/^the Chroma server does not answer/);
    expect(sync.status().pending).toBe(1);

    const again = await startServer(stack, { port: server.port, path: server.path });
    await filled(sync);
    expect(await found(sync, 'sql problem')).toEqual([slow]);

    // A server that comes back empty is filled again.
    await again.stop();
    rmSync(server.path, { recursive: true });
    await sync.query({ text: 'sql problem', limit: 1 });
    await startServer(stack, { port: server.port });
    await eventually(
      'both are found',
      async () => {
        const asked = await sync.query({ text: 'an animal', limit: 5, waitMs: 5_000 });
        return (
          asked.available &&
          asked.matches
            .map(({ observationId }) => observationId)
            .toSorted()
            .join() === `${cat},${slow}`
        );
      },
      { withinMs: 30_000 },
    );
    await sync.close(5_000);
    await gone();
  });

  test('a missing server is named as the reason and retried with growing pauses', async () => {
    const { open, state, registered } = await syncHarness(stack, { settings: remote(await freePort()) });
    const sync = open();
    sync.wake();
    await state(sync, 'unavailable');
    expect(sync.status().reason).toMatch(/^the Chroma server does not answer; next attempt/);
    for (let query = 0; query < 20; query += 1) await sync.query({ text: 'x', limit: 1 });
    expect(registered.length).toBeLessThanOrEqual(2);
  });
});

function remote(chromaPort: number) {
  return { chromaMode: 'remote', chromaHost: '127.0.0.1', chromaPort, chromaSsl: false } as const;
}

/** A real Chroma server, as `chroma run` starts it. */
async function startServer(stack: AvailableStack, { port, path }: { port?: number; path?: string } = {}) {
  const chosen = { port: port ?? (await freePort()), path: path ?? join(tempDir(), 'server') };
  const request = ['--offline', '--python', PYTHON_REQUEST, '--constraints', stack.constraints, '--from', 'chromadb'];
  const run = ['chroma', 'run', '--host', '127.0.0.1', '--port', String(chosen.port), '--path', chosen.path];
  const child = spawn(stack.uvx, [...request, ...run], { env: { ...stack.env, ...runMark() }, stdio: 'ignore' });
  const stop = (): Promise<void> => endServer(child);
  onTestFinished(stop);
  await eventually('the server answers', () => answers(chosen.port), { withinMs: 60_000 });
  return { ...chosen, stop };
}

async function endServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

async function answers(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v2/heartbeat`);
  return response.ok;
}
