import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import { vectorWritersCheck } from '../../../src/operations/doctor/checks/vector-writers.ts';
import { sharedWriters } from '../../../src/operations/doctor/shared-writers.ts';
import { reportLeaks } from '../../../src/operations/leaks/leak-report.ts';
import { judgeReading, type Observation } from '../../../src/operations/observe/observe.ts';
import { readSnapshotFile } from '../../../src/state/files/snapshot-file.ts';
import { clockAt, DATA_DIR, machine, pluginWorker, python, snapshotOf, uv } from '../../core/builders.ts';
import { worlds } from '../../core/worlds.ts';
import { findingOf } from './fake-ports.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const RECORDINGS = readdirSync(`${FIXTURES}recordings`)
  .filter((name) => name.endsWith('.json'))
  .map((name) => `${FIXTURES}recordings/${name}`);

function see(rows: readonly ProcessRow[], registry?: object): Observation {
  const otherRegistries =
    registry === undefined ? [] : [{ file: 'supervisor.json', content: JSON.stringify({ processes: registry }) }];
  const reading = { manifests: [], damaged: [], otherRegistries, answering: [], dataDir: DATA_DIR };
  return judgeReading({ ...reading, snapshot: snapshotOf([...machine, ...rows]) });
}

const check = (seen: Observation) => findingOf(vectorWritersCheck, { tree: { observe: () => Promise.resolve(seen) } });

/** Every writer of a shared directory has a verdict, and `leaks` shows each one that the check reports as a problem. */
function expectAgreement(seen: Observation): void {
  const shown = new Map(reportLeaks(seen, { showForeign: false }).processes.map(({ pid, verdict }) => [pid, verdict]));
  for (const { leaked, unverified, live } of sharedWriters(seen)) {
    for (const { row } of leaked) expect(['orphan', 'excess']).toContain(shown.get(row.pid));
    for (const { row } of unverified) expect(shown.get(row.pid)).toBe('unverified');
    for (const { row } of live) expect(['managed', 'foreign', undefined]).toContain(shown.get(row.pid));
  }
}

describe('vector-writers and leaks agree', () => {
  test.each(RECORDINGS)('%s: every writer has one verdict', (file) => {
    expectAgreement(judgeReading(readSnapshotFile(file)));
  });

  test('leaks shows every process that vector-writers reports as a problem', () => {
    fc.assert(
      fc.property(worlds, ({ snapshot, manifests, registries, answering }) => {
        const reading = { snapshot, manifests, answering, damaged: [], otherRegistries: registries, dataDir: DATA_DIR };
        expectAgreement(judgeReading(reading));
      }),
      { numRuns: 300 },
    );
  });

  test('two orphaned writers fail, with the reap that ends them', async () => {
    const left = (pid: number) => python(pid, 1, { sid: 300, pgid: 300 });
    expect(await check(see([left(500), left(600)]))).toEqual({
      status: 'fail',
      detail: `${DATA_DIR}/chroma is open in 2 processes (leaked: pid 500, 600)`,
      fix: expect.stringContaining('reap --dry-run') as unknown,
    });
  });

  test('the writer of a live plugin is in use, and its unrecorded writers are named as leaked or unverified', async () => {
    const inSession = { sid: 300, pgid: 300 };
    const pair = (pid: number) => [uv(pid, 300, inSession), python(pid + 1, pid, inSession)];
    const registry = {
      worker: { pid: 300, type: 'worker', startedAt: clockAt(3_100) },
      'chroma-mcp': { pid: 500, type: 'chroma', startedAt: clockAt(5_300) },
    };
    const seen = see([pluginWorker(300, inSession), ...pair(400), ...pair(500), ...pair(600)], registry);
    expectAgreement(seen);
    expect(await check(seen)).toMatchObject({
      status: 'fail',
      detail: `${DATA_DIR}/chroma is open in 3 processes (leaked: pid 401; unverified: pid 601; in use: pid 501)`,
      fix: expect.stringContaining('reap --include excess --dry-run') as unknown,
    });
  });

  test('two writers in use are a warning, because leaks has nothing against them', async () => {
    const pair = (worker: number, pid: number) => [
      pluginWorker(worker, { sid: worker, pgid: worker }),
      python(pid, worker, { sid: worker, pgid: worker }),
    ];
    const registry = {
      worker: { pid: 300, type: 'worker', startedAt: clockAt(3_100) },
      first: { pid: 500, type: 'chroma', startedAt: clockAt(5_300) },
      second: { pid: 600, type: 'chroma', startedAt: clockAt(6_300) },
    };
    const seen = see([...pair(300, 500), python(600, 300, { sid: 300, pgid: 300 })], registry);
    expect(await check(seen)).toMatchObject({
      status: 'warn',
      detail: `${DATA_DIR}/chroma is open in 2 processes (in use: pid 500, 600)`,
    });
  });
});
