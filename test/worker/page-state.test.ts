import { expect, test } from 'vitest';
import { recordedLeak, recordedTree } from '../../scripts/documents/recorded.ts';
import { planReap } from '../../src/core/verdicts/plan-reap.ts';
import { judgeReading, type Observation, type Reading } from '../../src/operations/observe/observe.ts';
import { describeState, type PageSources } from '../../src/worker/page/page-state.ts';

const WORKER = 987;

function sources(observation: Observation, extra: Partial<PageSources> = {}): PageSources {
  const { treeId = 'none' } = recordedTree().sight.manifest ?? {};
  return {
    observation,
    status: recordedTree().sight.status,
    identity: { treeId, pid: WORKER, version: '1.2.3' },
    readiness: {
      search: { mode: 'keyword', reason: 'Chroma is starting' },
      searchServer: { state: 'answering', pid: 1033, restarts: 2 },
    },
    services: [
      { role: 'worker', pid: WORKER, state: 'running' },
      { role: 'search', pid: 1033, state: 'answering' },
      { role: 'chroma-sync', pid: 1055, state: 'ready' },
    ],
    dataDirFlag: undefined,
    ...extra,
  };
}

/** The recorded tree from the view of its own worker. */
function asWorker(judgesSelf: boolean, change: Partial<Reading> = {}): Observation {
  const { reading } = recordedTree().observation;
  const snapshot = { ...reading.snapshot, self: { ...reading.snapshot.self, pid: WORKER } };
  return judgeReading({ ...reading, snapshot, ...change }, { judgesSelf });
}

test('shows the whole tree including the worker, with the state that each process reports', () => {
  const { processes, search, version, reapCommand, complete } = describeState(sources(asWorker(true)));
  expect(processes.map(({ name, pid, depth, state, restarts }) => [name, pid, depth, state, restarts])).toEqual([
    ['supervisor', 952, 0, 'running', null],
    ['worker', WORKER, 1, 'running', 0],
    ['search', 1033, 2, 'answering', 2],
    ['chroma-sync uv', 1055, 2, 'ready', null],
    ['chroma-sync python', 1073, 3, 'sleeping', null],
  ]);
  expect([search.reason, version, reapCommand, complete]).toEqual(['Chroma is starting', '1.2.3', null, true]);
});

test('each process has its start and its CPU time, which give its current use', () => {
  for (const { pid, key, startedAt, cpuSeconds } of describeState(sources(asWorker(true))).processes) {
    expect(key).toMatch(new RegExp(`^${pid}\\D\\d+$`));
    expect(Date.parse(startedAt)).toBeGreaterThan(0);
    expect(cpuSeconds).toBeGreaterThan(0);
  }
});

test('excludes the classifying process from every plan', () => {
  const { judgements, index } = asWorker(true);
  expect(judgements.some(({ row }) => row.pid === WORKER)).toBe(true);
  expect(asWorker(false).judgements.some(({ row }) => row.pid === WORKER)).toBe(false);
  const orphaned = judgements.map((judgement) => ({ ...judgement, verdict: 'orphan' as const }));
  const { plan } = planReap(orphaned, index, { includeExcess: false });
  expect(plan.map(({ row }) => row.pid)).not.toContain(WORKER);
});

test('shows leaks with verdict, evidence and the command for this data dir', () => {
  const { findings, summary, reapCommand } = describeState(sources(recordedLeak(), { dataDirFlag: '/my data' }));
  expect(findings.map(({ name, verdict }) => [name, verdict])).toEqual([
    ['chroma-sync uv', 'orphan'],
    ['chroma-sync python', 'orphan'],
    ['chroma-sync uv', 'orphan'],
    ['chroma-sync python', 'orphan'],
  ]);
  expect(findings.every(({ evidence }) => evidence.length > 0)).toBe(true);
  expect(summary.orphans).toBe(4);
  expect(reapCommand).toBe("claude-mem reap --data-dir '/my data' --dry-run");
});

test('reports an incomplete reading', () => {
  const { snapshot } = asWorker(true).reading;
  const { complete, remarks } = describeState(
    sources(asWorker(true, { snapshot: { ...snapshot, complete: false, unreadable: 2 } })),
  );
  expect(complete).toBe(false);
  expect(remarks).toEqual([
    'The process listing is incomplete: some processes may be hidden from this user.',
    '2 possible claude-mem processes could not be read.',
  ]);
});

test('the page has no state if the supervisor does not answer', () => {
  expect(describeState(sources(asWorker(true), { status: undefined }))).toMatchObject({
    state: null,
    problem: 'the supervisor does not answer',
  });
});
