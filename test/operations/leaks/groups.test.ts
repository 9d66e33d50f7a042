import { describe, expect, test } from 'vitest';
import { describeGroup, describeLeaks } from '../../../src/operations/leaks/describe-groups.ts';
import { countLeaks, groupLeaks, reportGroup, type LeakGroup } from '../../../src/operations/leaks/groups.ts';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import {
  clockAt,
  entry,
  judge,
  manifest,
  marks,
  NOW_TICKS,
  pluginWorker,
  python,
  searchServer,
  secondsOld,
  snapshotOf,
  supervisor,
  uv,
  worker,
  type Scene,
} from '../../core/builders.ts';

const TAKEN_AT = clockAt(NOW_TICKS);

function groupsOf(rows: readonly ProcessRow[], scene: Scene = {}): readonly LeakGroup[] {
  return groupLeaks(judge(rows, scene), snapshotOf([]));
}

const titles = (groups: readonly LeakGroup[]) => groups.map((group) => describeGroup(group, TAKEN_AT));
const pids = (groups: readonly LeakGroup[]) => groups.map(({ judgements }) => judgements.map(({ row }) => row.pid));

/** A pair in the session of a worker that is gone. */
const pair = (pid: number, sid: number, extra: Partial<ProcessRow> = {}) => [
  uv(pid, 1, { sid, pgid: sid, ...extra }),
  python(pid + 1, pid, { sid, pgid: sid, ...extra }),
];

const registry = (pid: number) => ({
  file: '/home/u/.claude-mem/supervisor.json',
  content: JSON.stringify({ processes: { worker: { pid, type: 'worker', startedAt: clockAt(100) } } }),
});

describe('the groups of leaks', () => {
  test('a uv and its python are one leak', () => {
    const groups = groupsOf(pair(500, 300));
    expect(groups).toHaveLength(1);
    expect(groups[0]?.chains.map((chain) => chain.map(({ judgement, depth }) => [judgement.row.pid, depth]))).toEqual([
      [
        [500, 0],
        [501, 1],
      ],
    ]);
    expect(countLeaks(groups)).toBe(1);
  });

  test('a lone python and a lone uv are one leak each', () => {
    const groups = groupsOf([...pair(500, 300), python(600, 1, { sid: 300 }), uv(700, 1, { sid: 300 })]);
    expect(titles(groups)).toEqual(['3 chroma-mcp (1 uv + python, 1 python, 1 uv) left by a process of session 300']);
    expect(countLeaks(groups)).toBe(3);
  });

  test('several workers of the published plugin are several owners', () => {
    const rows = [...pair(500, 300), ...pair(600, 400), ...pair(700, 300)];
    const groups = groupsOf(rows, { registries: [registry(300)] });
    expect(titles(groups)).toEqual([
      '2 chroma-mcp (uv + python) left by worker 300, which is gone',
      '1 chroma-mcp (uv + python) left by a process of session 400',
    ]);
    expect(groups.map(({ sessionId }) => sessionId)).toEqual([null, 400]);
  });

  test('a process that leads its session gives no hint at its session', () => {
    const leader = uv(500, 1, { sid: 500, pgid: 500 });
    const groups = groupsOf([leader]);
    expect(groups[0]).toMatchObject({ verdict: 'unverified', owner: null, sessionId: null });
    expect(titles(groups)).toEqual(['1 chroma-mcp (uv)']);
  });

  test('an owner mark names the owner, with its recorded role and the time since which it is gone', () => {
    const root = supervisor(100, 1);
    const gone = worker(200, 100);
    const endedAt = clockAt(NOW_TICKS - 3 * 86_400 * 100);
    const old = { ...secondsOld(400_000) };
    const mark = { ...marks('t', gone, 'chroma-sync'), ...old };
    const manifests = [manifest('t', [entry('supervisor', root), entry('worker', gone, { by: root, endedAt })])];
    const snapshot = { nowTicks: NOW_TICKS * 10 };
    const rows = [root, uv(500, 1, { sid: 200, ...mark }), python(501, 500, { sid: 200, ...mark })];
    const groups = groupsOf(rows, { manifests, snapshot });
    expect(titles(groups)).toEqual(['1 chroma-mcp (uv + python) left by worker 200, gone for 3 d']);
    expect(reportGroup(groups[0]!)).toMatchObject({
      owner: { pid: 200, role: 'worker', treeId: 't', presence: 'gone', goneSince: endedAt },
    });
  });

  test('the wrapper of a recorded python is not its owner: the worker left both', () => {
    const root = supervisor(100, 1);
    const gone = worker(200, 100);
    const [wrapper, below] = [uv(500, 1, { sid: 200 }), python(501, 500, { sid: 200 })];
    const lone = python(601, 1, { sid: 200 });
    const lost = uv(600, 1, { sid: 200 });
    const manifests = [
      manifest('t', [
        entry('supervisor', root),
        entry('worker', gone, { by: root }),
        entry('chroma-sync', wrapper, { by: gone }),
        entry('chroma-sync', below, { by: wrapper }),
        entry('chroma-sync', lost, { by: gone }),
        entry('chroma-sync', lone, { by: lost }),
      ]),
    ];
    expect(titles(groupsOf([root, wrapper, below, lone], { manifests }))).toEqual([
      '2 chroma-mcp (1 uv + python, 1 python) left by worker 200, which is gone',
    ]);
  });

  test('an orphaned worker and the processes below it are one group with one leak each', () => {
    const root = supervisor(100, 1);
    const left = worker(200, 1, { sid: 200, ...marks('t', root, 'worker') });
    const rows = [
      left,
      searchServer(300, 200, { sid: 200, ...marks('t', left, 'search') }),
      uv(400, 200, { sid: 200, ...marks('t', left, 'chroma-sync') }),
      python(401, 400, { sid: 200, ...marks('t', left, 'chroma-sync') }),
    ];
    const manifests = [
      manifest('t', [
        entry('supervisor', root),
        entry('worker', left, { by: root }),
        entry('search', rows[1]!, { by: left }),
        entry('chroma-sync', rows[2]!, { by: left }),
      ]),
    ];
    const groups = groupsOf(rows, { manifests });
    expect(titles(groups)).toEqual([
      '1 worker, 1 search server, 1 chroma-mcp (uv + python) left by supervisor 100, which is gone',
    ]);
    expect(countLeaks(groups)).toBe(3);
  });

  test('children that a live worker of the published plugin no longer uses are excess, left by it', () => {
    const live = pluginWorker(300, { sid: 300 });
    const used = [uv(500, 300, { sid: 300, pgid: 300 }), python(501, 500, { sid: 300, pgid: 300 })];
    const unused = [uv(400, 300, { sid: 300, pgid: 300 }), python(401, 400, { sid: 300, pgid: 300 })];
    const content = JSON.stringify({
      processes: {
        worker: { pid: 300, type: 'worker', startedAt: clockAt(3_100) },
        'chroma-mcp': { pid: 500, type: 'chroma', startedAt: clockAt(5_300) },
      },
    });
    const groups = groupsOf([live, ...unused, ...used], { registries: [{ file: 'supervisor.json', content }] });
    expect(titles(groups)).toEqual(['1 chroma-mcp (uv + python) left by worker 300, which is alive']);
    expect(groups[0]?.verdict).toBe('excess');
    expect(pids(groups)).toEqual([[400, 401]]);
  });

  test('leaks come before unverified processes, and the largest group comes first', () => {
    const memory = (pssBytes: number) => ({ pssBytes });
    const groups = groupsOf([...pair(500, 300, memory(10)), ...pair(600, 400, memory(20)), uv(700, 1, memory(1_000))]);
    expect(groups.map(({ verdict, memoryBytes }) => [verdict, memoryBytes])).toEqual([
      ['orphan', 40],
      ['orphan', 20],
      ['unverified', 1_000],
    ]);
  });

  test('the memory of a group is unknown only if none of it could be measured', () => {
    expect(groupsOf(pair(500, 300))[0]?.memoryBytes).toBe(null);
    const [wrapper, below] = pair(500, 300);
    expect(groupsOf([wrapper!, { ...below!, rssBytes: 7 }])[0]?.memoryBytes).toBe(7);
  });

  test('the evidence of a group is that of its newest wrapper', () => {
    const groups = groupsOf([...pair(500, 300), ...pair(700, 300, secondsOld(500))]);
    expect(groups[0]?.newest.row.pid).toBe(700);
    const { evidence, oldestAgeSeconds } = reportGroup(groups[0]!);
    expect(evidence.at(-1)?.detail).toMatch(/^500 s old/);
    expect(oldestAgeSeconds).toBe((NOW_TICKS - 5_000) / 100);
  });

  test('the process table of a torn reading with a cycle still gives every process once', () => {
    const same = secondsOld(900);
    const loop = [uv(500, 501, { sid: 300, ...same }), uv(501, 500, { sid: 300, ...same })];
    const judged = judge(loop).map((judgement) => ({ ...judgement, verdict: 'orphan' as const }));
    expect(
      pids(groupLeaks(judged, snapshotOf([])))
        .flat()
        .sort(),
    ).toEqual([500, 501]);
  });

  test('processes below each other in a long line are grouped in linear time', () => {
    const line = Array.from({ length: 30_000 }, (_, index) =>
      python(10_000 + index, index === 0 ? 1 : 9_999 + index, { sid: 300, startTicks: 100 }),
    );
    const [judgement] = judge([python(500, 1, { sid: 300 })]);
    const judged = line.map((row) => ({ ...judgement!, row: { ...row, argv: ['bash'], command: 'bash' } }));
    const groups = groupLeaks(judged, snapshotOf([]));
    expect(groups).toHaveLength(1);
    expect(countLeaks(groups)).toBe(30_000);
  });

  test('a thousand orphans are grouped within a second', () => {
    const rows = Array.from({ length: 500 }, (_, index) => pair(10_000 + index * 2, 300 + (index % 5))).flat();
    const judged = judge(rows);
    const startedAt = performance.now();
    const groups = groupLeaks(judged, snapshotOf([]));
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(groups).toHaveLength(5);
    expect(countLeaks(groups)).toBe(500);
    expect(describeLeaks(groups)).toBe('500 chroma-mcp (uv + python)');
  });
});
