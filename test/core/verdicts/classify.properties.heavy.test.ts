import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProcessIndex } from '../../../src/core/process/process-index.ts';
import { dataDirArgument, isChromaOfDataDir, isChromaProgram } from '../../../src/core/process/role-program.ts';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import type { Judgement } from '../../../src/core/verdicts/verdict.ts';
import { clockAt, DATA_DIR, HIDDEN_MARKS, NAMESPACE, row, SELF_PID, UID, verdictsOf } from '../builders.ts';
import { isLeak, judgeWorld, worlds, type World } from '../worlds.ts';

const RUNS = { numRuns: 400 };

const leaksOf = (world: World) => judgeWorld(world).filter(isLeak);

function holds(law: (world: World) => void): void {
  fc.assert(fc.property(worlds, law), RUNS);
}

test('generated worlds produce every verdict and every proof', () => {
  const kinds = new Set<string>();
  const verdicts = new Set<string>();
  for (const judgement of fc.sample(worlds, { numRuns: 4_000, seed: 2 }).flatMap((world) => judgeWorld(world))) {
    verdicts.add(judgement.verdict);
    if (isLeak(judgement)) for (const { kind } of judgement.evidence) kinds.add(kind);
  }
  expect([...verdicts].sort()).toEqual(['excess', 'foreign', 'managed', 'orphan', 'unverified', 'zombie']);
  expect([...kinds]).toEqual(
    expect.arrayContaining([
      ...[
        'recorded',
        'marked',
        'owner-gone',
        'tree-dead',
        'wrapper-lost',
        'pattern',
        'started-by-orphan',
        'worker-gone',
      ],
      ...['let-go', 'past-generation', 'replaced', 'started-by-excess'],
    ]),
  );
});

describe('a leak is never', () => {
  test.each<[string, (row: ProcessRow, world: World) => boolean]>([
    ['this command', ({ pid }) => pid === SELF_PID],
    ['pid 0 or 1', ({ pid }) => pid <= 1],
    ['another user’s, or one of an unknown user', ({ uid }) => uid !== UID],
    ['another pid namespace’s', ({ pidNamespace }) => (pidNamespace ?? NAMESPACE) !== NAMESPACE],
    ['of an unknown start', ({ startTicks }) => startTicks === undefined],
    ['a zombie', ({ state, threads }) => state === 'Z' && threads === 1],
    ['marked for another data dir, unless its command line names this one', isMarkedElsewhere],
    ['a chroma-mcp on another data dir', isChromaElsewhere],
    ['the recorded live root of a tree', isLiveRoot],
  ])('%s', (_who, isProtected) => {
    holds((world) => {
      expect(leaksOf(world).filter((judgement) => isProtected(judgement.row, world))).toEqual([]);
    });
  });

  test('unrecorded under a live parent that is neither adopter, owner, supervisor nor a leak itself', () => {
    holds((world) => {
      const judged = new Map(judgeWorld(world).map((judgement) => [judgement.row.pid, judgement]));
      const index = new ProcessIndex(world.snapshot);
      const wrong = [...judged.values()].filter(
        (judgement) =>
          isLeak(judgement) && !isRecorded(judgement.row, world) && isUnderSomebody(judgement.row, index, judged),
      );
      expect(wrong).toEqual([]);
    });
  });
});

test('every judgement has evidence', () => {
  holds((world) => {
    expect(judgeWorld(world).filter(({ evidence }) => evidence.length === 0)).toEqual([]);
  });
});

test('an irrelevant row would get no verdict if it were judged', () => {
  holds((world) => {
    const processes = world.snapshot.processes.map((each) => ({ ...each, executable: each.executable ?? '/bin/true' }));
    const pidsOf = (judgements: readonly Judgement[]) => judgements.map(({ row: { pid }, verdict }) => [pid, verdict]);
    const looked = judgeWorld({ ...world, snapshot: { ...world.snapshot, processes } });
    expect(pidsOf(looked)).toEqual(pidsOf(judgeWorld(world)));
  });
});

test('the order of the rows changes no verdict', () => {
  const shuffled = worlds.chain((world) =>
    fc.tuple(
      fc.constant(world),
      fc.shuffledSubarray([...world.snapshot.processes], { minLength: world.snapshot.processes.length }),
    ),
  );
  fc.assert(
    fc.property(shuffled, ([world, processes]) => {
      expect(judgeWorld(world, { processes })).toEqual(judgeWorld(world));
    }),
    RUNS,
  );
});

test('an unrelated process changes no other verdict', () => {
  const unrelated = fc.constantFrom(
    row(5_000, 1, 'bash'),
    row(5_000, 70, 'uv tool uvx ruff', { sid: 70, pgid: 5_000 }),
    row(5_000, 1, 'node /opt/worker.js'),
    row(5_000, 1, 'uvx chroma-mcp --data-dir /elsewhere/chroma', { uid: 1001 }),
  );
  fc.assert(
    fc.property(worlds, unrelated, (world, other) => {
      const found = judgeWorld(world, { processes: [...world.snapshot.processes, other] });
      expect(found.filter((judgement) => judgement.row.pid !== 5_000)).toEqual(judgeWorld(world));
    }),
    RUNS,
  );
});

test('an incomplete listing makes no leak', () => {
  holds((world) => {
    const whole = verdictsOf(judgeWorld(world, { complete: true }).filter(isLeak));
    const partial = judgeWorld(world, { complete: false }).filter(isLeak);
    expect(partial.filter((judgement) => whole[judgement.row.pid] === undefined)).toEqual([]);
  });
});

test('an answer on the socket makes no orphan', () => {
  holds((world) => {
    const silent = verdictsOf(judgeWorld({ ...world, answering: [] }));
    const answered = judgeWorld({ ...world, answering: ['t1', 't2', 't3'] });
    const orphans = answered.filter(({ verdict }) => verdict === 'orphan');
    expect(orphans.filter((judgement) => silent[judgement.row.pid] !== 'orphan')).toEqual([]);
  });
});

describe('marks that become unknown', () => {
  const hide = (world: World, isHidden: (row: ProcessRow) => boolean) =>
    judgeWorld(world, {
      processes: world.snapshot.processes.map((each) => (isHidden(each) ? { ...each, ...HIDDEN_MARKS } : each)),
    });

  test('marks that become unknown of one process make no orphan of it if it was managed', () => {
    holds((world) => {
      for (const { row: subject, verdict } of judgeWorld(world)) {
        if (verdict !== 'managed' || isContradicted(subject, world)) continue;
        const found = verdictsOf(hide(world, ({ pid }) => pid === subject.pid));
        expect(found[subject.pid]).not.toBe('orphan');
      }
    });
  });

  test('marks that become unknown of all processes make no orphan of a managed one', () => {
    holds((world) => {
      const hidden = verdictsOf(hide(world, () => true));
      for (const { row: subject, verdict } of judgeWorld(world)) {
        if (verdict !== 'managed' || isContradicted(subject, world)) continue;
        expect(hidden[subject.pid]).not.toBe('orphan');
      }
    });
  });
});

test('a clock that is set changes no verdict where starts are known in ticks', () => {
  const step = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 });
  fc.assert(
    fc.property(worlds, step, (made, ticks) => {
      const world = { ...made, registries: [] };
      const known = world.snapshot.processes.filter(({ startTicks }) => startTicks !== undefined);
      const stepped = known.map((each) => ({ ...each, startedAt: clockAt((each.startTicks ?? 0) + ticks) }));
      const after = judgeWorld(world, { processes: stepped, takenAt: clockAt(ticks) });
      expect(verdictsOf(after)).toEqual(verdictsOf(judgeWorld(world, { processes: known })));
    }),
    RUNS,
  );
});

function isChromaElsewhere(subject: ProcessRow): boolean {
  return (
    isChromaProgram(subject) && dataDirArgument(subject) !== undefined && !isChromaOfDataDir(subject, DATA_DIR, 'linux')
  );
}

function isMarkedElsewhere(subject: ProcessRow, world: World): boolean {
  if (typeof subject.dataDirMark !== 'string' || subject.dataDirMark === DATA_DIR) return false;
  const family = [subject, ...new ProcessIndex(world.snapshot).ancestorsOf(subject)];
  return !family.some((each) => isChromaOfDataDir(each, DATA_DIR, 'linux'));
}

function isLiveRoot(subject: ProcessRow, { manifests, snapshot }: World): boolean {
  return manifests.some(
    ({ entries, dataDir, bootId, pidNamespace }) =>
      dataDir === DATA_DIR &&
      bootId === snapshot.bootId &&
      pidNamespace === snapshot.pidNamespace &&
      entries[0]?.identity.pid === subject.pid &&
      entries[0].identity.startTicks === subject.startTicks,
  );
}

function isRecorded({ pid, startTicks }: ProcessRow, { manifests }: World): boolean {
  return manifests.some(({ entries }) =>
    entries.some(({ identity }) => identity.pid === pid && identity.startTicks === startTicks),
  );
}

/** Its marks, or those of an ancestor, name another owner or data dir than its record. No claude-mem process does so. */
function isContradicted(subject: ProcessRow, { manifests, snapshot }: World): boolean {
  const records = manifests.flatMap(({ entries }) => entries.slice(1));
  return [subject, ...new ProcessIndex(snapshot).ancestorsOf(subject)].some(({ pid, ownerMark, dataDirMark }) =>
    records.some(
      ({ identity, owner }) =>
        identity.pid === pid &&
        (owner === undefined ||
          // An owner lives while it spawns, so its child never has its pid: such a record is damaged. `live-owner.ts` spares the
          // process under the live parent that its tree records; these worlds show cycles and trees that are really dead as well.
          owner.pid === pid ||
          !(ownerMark ?? '').startsWith(`${owner.pid}:${owner.startTicks ?? ''}`) ||
          (typeof dataDirMark === 'string' && dataDirMark !== DATA_DIR)),
    ),
  );
}

function isUnderSomebody(subject: ProcessRow, index: ProcessIndex, judged: ReadonlyMap<number, Judgement>): boolean {
  const parent = index.parentOf(subject);
  if (parent === undefined || parent.pid === 1 || parent.name === 'systemd' || parent.sid !== subject.sid) return false;
  const above = judged.get(parent.pid);
  if (above !== undefined && (isLeak(above) || above.isManagedRoot)) return false;
  return !(subject.ownerMark ?? '').startsWith(`${parent.pid}:`);
}
