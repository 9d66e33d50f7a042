import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ageSeconds, isZombie } from '../../src/core/process/identity.ts';
import { planReap, type ReapPlan, type ReapRequest } from '../../src/core/verdicts/plan-reap.ts';
import { ProcessIndex } from '../../src/core/process/process-index.ts';
import type { ProcessSnapshot } from '../../src/core/process/snapshot.ts';
import { VERDICTS, type Judgement, type Verdict } from '../../src/core/verdicts/verdict.ts';
import { NAMESPACE, row, secondsOld, SELF_PID, snapshotOf, UID, uv } from '../core/builders.ts';
import { judgeWorld, worlds, type World } from '../core/worlds.ts';

const requests: fc.Arbitrary<ReapRequest> = fc.record(
  {
    includeExcess: fc.boolean(),
    olderThanSeconds: fc.constantFrom(0, 60, 10_000, 99_000),
    pids: fc.uniqueArray(fc.integer({ min: 0, max: 110 })).map((pids) => new Set(pids)),
  },
  { requiredKeys: ['includeExcess'] },
);

/** Wrong judgements: the plan must spare protected processes even if every verdict is wrong. */
function forged(snapshot: ProcessSnapshot, verdicts: readonly Verdict[]): readonly Judgement[] {
  return snapshot.processes.map((process, index) => ({
    row: process,
    verdict: verdicts[index % verdicts.length] ?? 'orphan',
    role: null,
    treeId: null,
    ageSeconds: ageSeconds(process, snapshot),
    evidence: [],
    restsOnCommand: false,
    needsSecondLook: false,
    isManagedRoot: false,
    sharesWithChildren: false,
    isOtherInstallation: false,
  }));
}

interface Scene {
  readonly snapshot: ProcessSnapshot;
  readonly judgements: readonly Judgement[];
  readonly request: ReapRequest;
  readonly plan: ReapPlan;
}

/** Worlds with this command somewhere in them, run by the user or by root, judged well or madly. */
const scenes: fc.Arbitrary<Scene> = fc
  .record({
    world: worlds,
    selfPid: fc.constantFrom(SELF_PID, 100, 103, 105, 4_711),
    uid: fc.constantFrom(UID, 0),
    madness: fc.option(fc.array(fc.constantFrom(...VERDICTS, 'orphan' as const), { minLength: 1 }), { nil: undefined }),
    request: requests,
  })
  .map(({ world, selfPid, uid, madness, request }) => {
    const snapshot = { ...world.snapshot, self: { pid: selfPid, uid } };
    const judgedWorld: World = { ...world, snapshot };
    const judgements = madness === undefined ? judgeWorld(judgedWorld) : forged(snapshot, madness);
    return { snapshot, judgements, request, plan: planReap(judgements, new ProcessIndex(snapshot), request) };
  });

/** Checks every planned process of many scenes. */
function always(isRight: (planned: Judgement, scene: Scene) => boolean): void {
  fc.assert(
    fc.property(scenes, (scene) => {
      for (const planned of scene.plan.plan) expect(isRight(planned, scene), JSON.stringify(planned.row)).toBe(true);
    }),
    { numRuns: 400 },
  );
}

describe('with any judgements, a plan contains', () => {
  test('neither this command nor its ancestors', () => {
    always(({ row: { pid } }, { snapshot }) => {
      const above = new ProcessIndex(snapshot).pidsAbove(snapshot.self.pid);
      return pid !== snapshot.self.pid && !above.has(pid);
    });
  });

  test('no process if this command is missing from the process table', () => {
    always((_, { snapshot }) => snapshot.processes.some(({ pid }) => pid === snapshot.self.pid));
  });

  test('neither pid 0 nor 1, nor a kernel thread', () => {
    always(({ row: { pid, ppid } }) => pid > 2 && ppid !== 2);
  });

  test('no process of another user, unless root named it', () => {
    always(
      ({ row: { pid, uid } }, { snapshot: { self }, request }) =>
        uid === self.uid || (self.uid === 0 && request.pids?.has(pid) === true),
    );
  });

  test('no process of another pid namespace', () => {
    always(({ row: { pidNamespace } }) => pidNamespace === undefined || pidNamespace === NAMESPACE);
  });

  test('no foreign, managed or unverified process, and no zombie', () => {
    always((planned) => ['orphan', 'excess'].includes(planned.verdict) && !isZombie(planned.row));
  });

  test('excess only on request', () => {
    always(({ verdict }, { request }) => verdict === 'orphan' || request.includeExcess);
  });

  test('no process younger than requested', () => {
    always((planned, { request }) => planned.ageSeconds >= (request.olderThanSeconds ?? 0));
  });

  test('a plan for named pids contains only these', () => {
    always(({ row: { pid } }, { request }) => request.pids?.has(pid) ?? true);
  });
});

test('the generated scenes produce plans', () => {
  const sizes = fc.sample(scenes, { seed: 1, numRuns: 300 }).map(({ plan }) => plan.plan.length);
  expect(sizes.filter((size) => size > 0).length).toBeGreaterThan(15);
});

test('a named pid is planned or skipped with a reason', () => {
  fc.assert(
    fc.property(scenes, ({ request, plan }) => {
      const reported = new Set([...plan.plan.map((planned) => planned.row.pid), ...plan.skipped.map(({ pid }) => pid)]);
      expect([...(request.pids ?? [])].filter((pid) => !reported.has(pid))).toEqual([]);
    }),
  );
});

describe('gives the reason for skipping', () => {
  const orphan = uv(200, 1, { sid: 99, ...secondsOld(60) });
  const snapshot = snapshotOf([row(1, 0, 'init'), orphan, row(300, 1, 'vim notes'), row(SELF_PID, 300, 'node x')]);
  const index = new ProcessIndex(snapshot);
  const judged = (verdict: Verdict): Judgement => ({
    ...forged(snapshotOf([orphan]), [verdict])[0]!,
    evidence: [{ kind: 'x', detail: 'because' }],
  });
  const skipped = (verdict: Verdict, request: Partial<ReapRequest> = {}) =>
    planReap([judged(verdict)], index, { includeExcess: false, ...request }).skipped;

  test.each<[string, Verdict, Partial<ReapRequest>, string]>([
    ['one that is too young', 'orphan', { olderThanSeconds: 3_600 }, 'orphan, but only 60 s old'],
    ['an excess', 'excess', {}, 'excess: ended only with --include excess'],
    ['an unverified', 'unverified', {}, 'unverified: because'],
    ['a managed one that was named', 'managed', { pids: new Set([200]) }, 'managed: because'],
  ])('%s', (_, verdict, request, reason) => {
    expect(skipped(verdict, request)).toEqual([{ pid: 200, reason }]);
  });

  test('no process that was not named', () => {
    expect(['managed', 'foreign', 'zombie'].flatMap((verdict) => skipped(verdict as Verdict))).toEqual([]);
  });

  test.each([
    [SELF_PID, 'this command itself'],
    [300, 'not a claude-mem process'],
    [4_711, 'no such process'],
  ])('pid %i: %s', (pid, reason) => {
    expect(planReap([], index, { includeExcess: false, pids: new Set([pid]) }).skipped).toEqual([{ pid, reason }]);
  });
});
