import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JudgementContext } from '../../../src/core/verdicts/judgement-context.ts';
import { TREE_ROLES, type Manifest, type ManifestEntry, type StoredIdentity } from '../../../src/core/tree/manifest.ts';
import { planReap } from '../../../src/core/verdicts/plan-reap.ts';
import { planTree } from '../../../src/core/tree/plan-tree.ts';
import { classify } from '../../../src/core/verdicts/classify.ts';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import {
  clockAt,
  DATA_DIR,
  entry,
  HIDDEN_MARKS,
  machine,
  manifest,
  marks,
  python,
  searchServer,
  snapshotOf,
  supervisor,
  uv,
  worker,
  without,
} from '../builders.ts';

interface LiveTree {
  readonly rows: readonly ProcessRow[];
  readonly manifest: Manifest;
}

function supervisedTree(parentOfRoot: number): LiveTree {
  const root = supervisor(300, parentOfRoot, { treeMark: 't1', dataDirMark: DATA_DIR });
  const ours = worker(310, 300, marks('t1', root, 'worker'));
  const chroma = { sid: 310, ...marks('t1', ours, 'chroma-sync') };
  const wrapper = uv(320, 310, chroma);
  const last = python(330, 320, chroma);
  const search = searchServer(340, 310, { sid: 310, ...marks('t1', ours, 'search') });
  const entries = [
    entry('supervisor', root),
    entry('worker', ours, { by: root }),
    entry('chroma-sync', wrapper, { by: ours }),
    entry('chroma-sync', last, { by: wrapper }),
    entry('search', search, { by: ours }),
  ];
  return { rows: [root, ours, wrapper, last, search], manifest: manifest('t1', entries) };
}

/** A search server that an MCP client started: its own environment has no marks. */
function ownTree(): LiveTree {
  const root = searchServer(300, 60, { sid: 60 });
  const chroma = { sid: 60, ...marks('t1', root, 'chroma-search') };
  const wrapper = uv(320, 300, chroma);
  const last = python(330, 320, chroma);
  const entries = [
    entry('search', root),
    entry('chroma-search', wrapper, { by: root }),
    entry('chroma-search', last, { by: wrapper }),
  ];
  return { rows: [root, wrapper, last], manifest: manifest('t1', entries) };
}

const TREES: readonly (readonly [string, LiveTree])[] = [
  ['under pid 1', supervisedTree(1)],
  ['in a terminal', supervisedTree(70)],
  ['of an MCP client', ownTree()],
];

type Edit = (manifest: Manifest) => Manifest;

const pid = fc.constantFrom(1, 50, 70, 299, 300, 310, 320, 330, 340, 999, 9_000);
const ticks = fc.oneof(fc.constantFrom(undefined, 0, 3_000, 3_001, 3_100, 3_200, 3_300, 3_400, 500), fc.nat());
const date = fc.oneof(
  fc.constantFrom(clockAt(0), clockAt(3_000), clockAt(9_000), clockAt(99_000_000), '', 'x'),
  fc.string(),
);
const text = fc.oneof(
  fc.constantFrom('', 'boot-1', 'boot-0', 'machine-1', '4026531836', 't1', DATA_DIR, '/x'),
  fc.string(),
);
const optionalText = fc.option(text, { nil: undefined });

const identity = fc.record({
  pid,
  startTicks: ticks,
  startedAt: date,
  bootId: optionalText,
}) as fc.Arbitrary<StoredIdentity>;

const onEntry =
  (change: (entry: ManifestEntry, at: number) => ManifestEntry, at: number): Edit =>
  ({ entries, ...rest }) => ({
    ...rest,
    entries: entries.map((each, index) => (index === at % entries.length ? change(each, index) : each)),
  });
const someEntry = fc.nat({ max: 4 });

/** One field of one identity, or all of them. */
const identityEdit = (field: 'identity' | 'owner') =>
  fc
    .tuple(someEntry, identity, fc.subarray(['pid', 'startTicks', 'startedAt', 'bootId'] as const, { minLength: 1 }))
    .map(([at, value, fields]) =>
      onEntry((each) => {
        const picked = Object.fromEntries(fields.map((name) => [name, value[name]]));
        return { ...each, [field]: { ...(each[field] ?? value), ...picked } };
      }, at),
    );

const entryEdit: fc.Arbitrary<Edit> = fc.oneof(
  identityEdit('identity'),
  identityEdit('owner'),
  fc.tuple(someEntry, fc.constantFrom(...TREE_ROLES)).map(([at, role]) => onEntry((each) => ({ ...each, role }), at)),
  someEntry.map((at) => onEntry((each) => without(each, 'owner'), at)),
  fc.tuple(someEntry, fc.array(fc.string())).map(([at, command]) => onEntry((each) => ({ ...each, command }), at)),
  fc.tuple(someEntry, pid).map(([at, pgid]) => onEntry((each) => ({ ...each, pgid }), at)),
  fc.tuple(someEntry, date).map(([at, registeredAt]) => onEntry((each) => ({ ...each, registeredAt }), at)),
);

const endEdit: fc.Arbitrary<Edit> = fc
  .tuple(someEntry, date)
  .map(([at, endedAt]) => onEntry((each) => ({ ...each, endedAt }), at));

const listEdit: fc.Arbitrary<Edit> = fc.oneof(
  someEntry.map((at): Edit => (made) => ({ ...made, entries: made.entries.filter((_each, index) => index !== at) })),
  someEntry.map((at): Edit => (made) => ({ ...made, entries: [...made.entries, ...made.entries.slice(at, at + 1)] })),
  fc.constant<Edit>((made) => ({ ...made, entries: made.entries.toReversed() })),
  fc
    .tuple(someEntry, someEntry, fc.constantFrom('identity', 'owner', 'role'))
    .map(([left, right, field]): Edit => (made) => {
      const [first, second] = [made.entries[left], made.entries[right]];
      if (first === undefined || second === undefined) return made;
      const swapped = new Map([
        [first, second],
        [second, first],
      ]);
      return {
        ...made,
        entries: made.entries.map((each) => ({ ...each, [field]: (swapped.get(each) ?? each)[field as 'role'] })),
      };
    }),
);

const manifestEdit: fc.Arbitrary<Edit> = fc.oneof(
  ...(['treeId', 'bootId', 'dataDir', 'startedAt'] as const).map((field) =>
    text.map((value): Edit => (made) => ({ ...made, [field]: value })),
  ),
  ...(['machineId', 'pidNamespace', 'retiredAt'] as const).map((field) =>
    optionalText.map((value): Edit => (made) => ({ ...made, [field]: value })),
  ),
  fc.constantFrom('starting', 'stopping', 'failed').map((state): Edit => (made) => ({ ...made, state })),
);

const edits = fc.array(fc.oneof({ weight: 4, arbitrary: entryEdit }, endEdit, listEdit, manifestEdit), {
  minLength: 1,
  maxLength: 4,
});

function contextOf({ rows }: LiveTree, changed: Manifest): JudgementContext {
  const snapshot = snapshotOf([...machine, ...rows]);
  return new JudgementContext({
    snapshot,
    dataDir: DATA_DIR,
    manifests: [changed],
    otherRegistries: [],
    answering: [],
  });
}

/** Changes the manifest of a live tree in every way, and looks at what the tree would lose. */
function holds(tree: LiveTree, law: (changed: Manifest, context: JudgementContext) => void): void {
  fc.assert(
    fc.property(edits, (made) => {
      const changed = made.reduce((current, edit) => edit(current), tree.manifest);
      law(changed, contextOf(tree, changed));
    }),
    { numRuns: 1_500 },
  );
}

function reapable(context: JudgementContext, includeExcess: boolean): readonly number[] {
  return planReap(classify(context), context.index, { includeExcess }).plan.map((judgement) => judgement.row.pid);
}

describe.each(TREES)('a live tree %s with a damaged manifest:', (_where, tree) => {
  test('reap ends no process of a live tree by a damaged manifest', () => {
    holds(tree, (_changed, context) => {
      expect(reapable(context, false)).toEqual([]);
    });
  });

  test('reap --include excess ends only processes that the manifest records as ended', () => {
    holds(tree, (changed, context) => {
      if (changed.entries.some(({ endedAt }) => endedAt !== undefined)) return;
      expect(reapable(context, true)).toEqual([]);
    });
  });

  test('reap ends no process of a live tree by a damaged owner, even if environments are hidden', () => {
    const rows = tree.rows.map((each) => ({ ...each, ...HIDDEN_MARKS }));
    const law = (edit: Edit) => {
      expect(reapable(contextOf({ ...tree, rows }, edit(tree.manifest)), false)).toEqual([]);
    };
    fc.assert(fc.property(identityEdit('owner'), law), { numRuns: 500 });
  });

  test('start ends no process of a live tree as a leftover of a dead one', () => {
    holds(tree, (changed, context) => {
      if (!context.trees.isDead(changed.treeId)) return;
      expect(planTree(context, changed.treeId).plan).toEqual([]);
    });
  });
});

describe('a wrong digit in a recorded start', () => {
  const tree = supervisedTree(1);
  const wrong = (at: number, field: 'identity' | 'owner') =>
    onEntry(
      (each) => ({ ...each, [field]: { ...each[field]!, startTicks: (each[field]?.startTicks ?? 0) + 1 } }),
      at,
    )(tree.manifest);
  const verdictsWith = (changed: Manifest) =>
    Object.fromEntries(classify(contextOf(tree, changed)).map((judgement) => [judgement.row.pid, judgement.verdict]));

  test('in its owner leaves a search server under that owner unverified', () => {
    expect(verdictsWith(wrong(4, 'owner'))).toMatchObject({ 300: 'managed', 310: 'managed', 340: 'unverified' });
    const [judgement] = classify(contextOf(tree, wrong(4, 'owner'))).filter(({ row: { pid: own } }) => own === 340);
    expect(judgement?.evidence.at(-1)?.detail).toBe(
      'its record or mark is damaged: its parent pid 310 (node) is its owner and is alive',
    );
  });

  test('in the root leaves the whole tree unverified', () => {
    expect(new Set(Object.values(verdictsWith(wrong(0, 'identity'))))).toEqual(new Set(['unverified']));
  });

  test('leaves the processes of an owner that is really gone orphans', () => {
    const rows = tree.rows.slice(2).map((each) => (each.ppid === 310 ? { ...each, ppid: 1 } : each));
    const context = contextOf({ ...tree, rows }, wrong(4, 'owner'));
    expect(reapable(context, false)).toEqual([320, 330, 340]);
  });
});
