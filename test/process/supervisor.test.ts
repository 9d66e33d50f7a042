// The supervisor in this process, with faulty workers and short pauses.
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { ManifestEntry, TreeState } from '../../src/core/tree/manifest.ts';
import { observe, takeReading } from '../../src/operations/observe/observe.ts';
import { identifySelf, loadPlatform, type Platform } from '../../src/platform/index.ts';
import { ClaudeMemError } from '../../src/shared/errors.ts';
import { createRecords } from '../../src/state/trees/records.ts';
import { readSettings } from '../../src/state/settings/settings.ts';
import type { OwnManifest, SupervisorDeps } from '../../src/supervisor/deps.ts';
import { Supervisor, type SupervisorTiming } from '../../src/supervisor/supervisor.ts';
import { eventually } from '../helpers/eventually.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { aLog } from '../a-log.ts';
import { marked } from './chroma-harness.ts';

const FAST: Partial<SupervisorTiming> = { firstRestartMs: 5, longestRestartMs: 20, hungWorkerGraceMs: 200 };
const READY = `process.send({ type: 'ready', port: 9, socket: '/nonexistent/worker.sock' });`;
const OBEYS = `process.on('message', ({ type }) => { if (type === 'shutdown') process.exit(0); });`;

test('gives up a worker after ten restarts and reports the reason in the status', async () => {
  const { supervisor, entries, states, running } = await supervised('process.exit(7);');
  supervisor.startWorker();
  await eventually('it gives up', () => supervisor.status().state === 'failed', { withinMs: 60_000 });
  expect(supervisor.status()).toMatchObject({
    restarts: 10,
    problem: 'the worker ended with exit code 7',
    healthy: false,
  });
  expect([entries.length, states, running()]).toEqual([11, ['failed'], 0]);
  // It stays failed until another attempt is requested, which starts counting again.
  await supervisor.replaceWorker('somebody asked');
  expect(supervisor.status().state).toBe('starting');
  expect(await supervisor.stop(2_000)).toBe(true);
});

test('replaces a worker that never gets ready', async () => {
  const { supervisor, entries, running } = await supervised(`${OBEYS} setInterval(() => {}, 1000);`, {
    ...FAST,
    readyWithinMs: 300,
  });
  supervisor.startWorker();
  await eventually('a second one was spawned', () => entries.length === 2);
  expect(supervisor.status().problem).toBe('the worker was not ready within 0.3 s');
  expect(await supervisor.stop(2_000)).toBe(true);
  expect(running()).toBe(0);
});

test('a wait for readiness ends immediately when ready, and at its limit otherwise', async () => {
  const { supervisor } = await supervised(`${OBEYS} setTimeout(() => { ${READY} }, 200);`);
  supervisor.startWorker();
  await supervisor.untilStateChanges(1);
  expect(supervisor.status().state).toBe('starting');
  const before = performance.now();
  await supervisor.untilStateChanges(60_000);
  expect(supervisor.status().state).toBe('running');
  await supervisor.untilStateChanges(60_000);
  expect(performance.now() - before).toBeLessThan(30_000);
  expect(await supervisor.stop(2_000)).toBe(true);
});

test('a crash after a healthy period counts as the first again', async () => {
  const script = `${READY} setTimeout(() => process.exit(1), 50);`;
  const { supervisor } = await supervised(script, { ...FAST, healthyAfterMs: 20 });
  supervisor.startWorker();
  await eventually('it goes on for more than ten restarts', () => supervisor.status().restarts > 11, {
    withinMs: 60_000,
  });
  expect(supervisor.status().state).not.toBe('failed');
  expect(await supervisor.stop(2_000)).toBe(true);
});

test('a worker that ignores the request to end is ended by force within the grace period', async () => {
  const { supervisor, running } = await supervised(
    `process.on('SIGTERM', () => {}); ${READY} setInterval(() => {}, 1000);`,
  );
  supervisor.startWorker();
  await eventually('it runs', () => supervisor.status().state === 'running');
  expect(await supervisor.stop(600)).toBe(true);
  expect(running()).toBe(0);
});

test('a process with the pid of a hung worker is compared with the spawned one before a signal', async () => {
  let isReused = false;
  const bound: number[] = [];
  const { supervisor } = await supervised(
    `${READY} setInterval(() => {}, 1000);`,
    FAST,
    () => false,
    ({ identify, signaller }) => ({
      identify: (pid) => {
        const row = identify(pid);
        return row && isReused ? { ...row, startTicks: (row.startTicks ?? 0) + 1 } : row;
      },
      signaller: {
        method: signaller.method,
        bind: (row, options) => {
          bound.push(row.pid);
          return signaller.bind(row, options);
        },
      },
    }),
  );
  supervisor.startWorker();
  await eventually('it runs', () => supervisor.status().state === 'running');
  isReused = true;
  await supervisor.replaceWorker('it hangs');
  expect(bound).toEqual([]);
  isReused = false;
  await supervisor.replaceWorker('it hangs');
  expect(bound).toHaveLength(1);
});

test('a hung worker that could not be signalled is tried again', async () => {
  let refusals = 0;
  const { supervisor, entries } = await supervised(
    'setInterval(() => {}, 1000);',
    { ...FAST, readyWithinMs: 300, hungWorkerGraceMs: 50 },
    () => false,
    ({ signaller }) => ({
      signaller: {
        method: signaller.method,
        bind: (row, options) => {
          refusals += 1;
          return refusals === 1 ? 'unknown' : signaller.bind(row, options);
        },
      },
    }),
  );
  supervisor.startWorker();
  await eventually('a second one was spawned', () => entries.length === 2);
  expect(refusals).toBeGreaterThanOrEqual(2);
});

test('a replaced worker that could not be signalled is tried again', async () => {
  let refusals = 0;
  const { supervisor, entries } = await supervised(
    `${READY} setInterval(() => {}, 1000);`,
    { ...FAST, readyWithinMs: 2_500, hungWorkerGraceMs: 50 },
    () => false,
    ({ signaller }) => ({
      signaller: {
        method: signaller.method,
        bind: (row, options) => {
          refusals += 1;
          return refusals === 1 ? 'unknown' : signaller.bind(row, options);
        },
      },
    }),
  );
  supervisor.startWorker();
  await eventually('it runs', () => supervisor.status().state === 'running');
  await supervisor.replaceWorker('a file changed');
  expect(entries).toHaveLength(1);
  await eventually('a second one was spawned', () => entries.length === 2);
  // The worker did not crash.
  expect(supervisor.status().restarts).toBe(0);
  expect(supervisor.status().search.reason).toBe('the worker is restarting');
  const stopped = supervisor.stop(2_000);
  expect(await stopped).toBe(true);
  expect(supervisor.status().search.reason).toBe('the tree is stopping');
});

const FULL = new ClaudeMemError('io', 'cannot write x.json: no space left on the device (ENOSPC)');

test('a supervisor that cannot record its first worker ends it and gives up immediately', async () => {
  const script = `${OBEYS} ${READY} setInterval(() => {}, 1000);`;
  const { supervisor, running } = await supervised(script, FAST, undefined, undefined, {
    register: () => {
      throw FULL;
    },
  });
  supervisor.startWorker();
  await eventually('its worker has ended', () => running() === 0);
  expect(supervisor.status()).toMatchObject({ state: 'failed', restarts: 0 });
  expect(supervisor.status().problem).toBe(`the worker could not be recorded: ${FULL.message}`);
  expect(await supervisor.stop(2_000)).toBe(true);
});

test('a supervisor that cannot write records ends its tree and proves that nothing is left', async () => {
  const refuse = () => {
    throw FULL;
  };
  const { supervisor, running } = await supervised(
    `${OBEYS} ${READY} setInterval(() => {}, 1000);`,
    FAST,
    undefined,
    undefined,
    { setState: refuse, endEntry: refuse, markGone: refuse, retire: refuse },
  );
  supervisor.startWorker();
  await eventually('it runs', () => supervisor.status().state === 'running');
  expect(await supervisor.stop(2_000)).toBe(true);
  expect(running()).toBe(0);
});

test('a tree with a stop intent spawns nothing', async () => {
  let isStopIntended = false;
  const { supervisor, entries } = await supervised(`${READY} setTimeout(() => process.exit(1), 100);`, FAST, () => {
    return isStopIntended;
  });
  const stopped = new Promise<void>((resolve) => {
    supervisor.onStopped(resolve);
  });
  supervisor.startWorker();
  await eventually('it runs', () => supervisor.status().state === 'running');
  const before = entries.length;
  isStopIntended = true;
  await stopped;
  expect(entries).toHaveLength(before);
});

/** A supervisor whose worker is that program. */
async function supervised(
  script: string,
  timing: Partial<SupervisorTiming> = FAST,
  isStopIntended = () => false,
  changed: (platform: Platform) => Partial<Pick<SupervisorDeps, 'identify' | 'signaller'>> = () => ({}),
  manifest: Partial<OwnManifest> = {},
) {
  const dataDir = tempDir();
  const workerScript = join(dataDir, 'worker.js');
  writeFileSync(workerScript, script);
  const platform = await loadPlatform();
  const own = identifySelf(platform);
  const treeId = randomUUID();
  const entries: ManifestEntry[] = [];
  const states: TreeState[] = [];
  const ports = {
    table: platform.table,
    records: { ...createRecords(dataDir), askAnswering: () => Promise.resolve([treeId]) },
  };
  const { log } = aLog();
  const supervisor = new Supervisor(
    {
      own,
      treeId,
      version: '0',
      dataDir,
      settings: readSettings(dataDir, {}),
      manifest: {
        setState: (state) => states.push(state),
        register: (entry) => entries.push(entry),
        endEntry: () => undefined,
        markGone: () => undefined,
        retire: () => undefined,
        ...manifest,
      },
      workerScript,
      env: process.env,
      home: dataDir,
      crashLog: join(dataDir, 'crash.log'),
      identify: platform.identify,
      observe: () => observe(ports, { dataDir, memory: false }),
      takeReading: () => takeReading(ports, { dataDir, memory: false }),
      signaller: platform.signaller,
      clock: { now: () => performance.now(), date: () => new Date(), sleep: (ms) => sleep(ms) },
      log,
      isStopIntended,
      ...changed(platform),
    },
    timing,
  );
  onTestFinished(() => supervisor.stop(500).then(() => undefined));
  return { supervisor, entries, states, running: () => marked(treeId).size };
}
