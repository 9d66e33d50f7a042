import { describe, expect, test } from 'vitest';
import { classify } from '../../../src/core/verdicts/classify.ts';
import { JudgementContext } from '../../../src/core/verdicts/judgement-context.ts';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import {
  asPsListShows,
  bornAt,
  clockAt,
  DATA_DIR,
  entry,
  judge,
  machine,
  manifest,
  marks,
  pluginWorker,
  python,
  row,
  self,
  SELF_PID,
  snapshotOf,
  supervisor,
  uv,
  verdictOfLast,
  verdicts,
  without,
  worker,
} from '../builders.ts';

const root = supervisor(300, 1);
const ours = worker(310, 300, marks('t1', root, 'worker'));
const manifests = [manifest('t1', [entry('supervisor', root), entry('worker', ours, { by: root })])];

describe('zombies', () => {
  test.each([
    ['a recorded one', { ...ours, state: 'Z', command: '', argv: [] }],
    ['a child of one of ours', row(320, 310, '', { state: 'Z' })],
    ['one with a name that can be ours', row(320, 1, '', { state: 'Z', name: 'python3.13' })],
  ])('%s is a zombie and nothing else', (_which, zombie) => {
    expect(
      verdictOfLast(
        [root, ours, zombie].filter((each) => each === zombie || each.pid !== zombie.pid),
        { manifests },
      ),
    ).toBe('zombie');
  });

  test.each([
    ['another user’s', row(320, 1, '', { state: 'Z', name: 'python', uid: 1001 })],
    ['one of another name', row(320, 1, '', { state: 'Z', name: 'bash' })],
  ])('%s gets no verdict', (_which, zombie) => {
    expect(verdictOfLast([zombie])).toBeUndefined();
  });

  test('a dead main thread with live other threads is judged like any process', () => {
    const leader = uv(320, 1, { sid: 310, state: 'Z', threads: 3, ...marks('t1', worker(299, 1), 'chroma-sync') });
    expect(verdictOfLast([leader])).toBe('orphan');
  });
});

describe('a judgement', () => {
  test('names role and tree, by record before mark', () => {
    const found = judge([root, ours], { manifests });
    expect(found.map(({ role, treeId }) => [role, treeId])).toEqual([
      ['supervisor', 't1'],
      ['worker', 't1'],
    ]);
  });

  test('a judgement has evidence with every verdict', () => {
    const rows = [root, ours, uv(320, 1, { sid: 290 }), python(330, 70, { sid: 70 }), uv(340, 1, { uid: 0 })];
    for (const { evidence } of judge(rows, { manifests })) expect(evidence.length).toBeGreaterThan(0);
  });

  test('a judgement is sorted by pid', () => {
    const found = judge([uv(340, 1), uv(320, 1), root, ours], { manifests });
    expect(found.map(({ row: { pid } }) => pid)).toEqual([300, 310, 320, 340]);
  });
});

describe('rows with little information', () => {
  test('rows with little information are judged by command line and parent without argv and session ids', () => {
    const rows = [root, ours, uv(320, 310, marks('t1', ours, 'chroma-sync'))].map(asPsListShows);
    expect(verdicts(rows)[320]).toBe('unverified');
  });

  test('an empty command line and hidden marks give no verdict', () => {
    expect(verdicts([row(320, 1, '', { name: 'python', sid: 290, argv: [], command: '' })])).toEqual({});
  });

  test('pid 0 and 1 are never leaks', () => {
    const one = uv(1, 0, { sid: 0, pgid: 0, ...bornAt(0) });
    const recorded = [
      ...manifests,
      manifest('t2', [entry('supervisor', supervisor(290, 1)), entry('chroma-sync', one, { by: root })]),
    ];
    expect(verdictOfLast([one], { manifests: recorded })).toBe('unverified');
  });
});

describe('a table of an unusual shape', () => {
  const chroma = (pid: number, ppid: number) => uv(pid, ppid, bornAt(pid));

  test('a process below thirty thousand ancestors is judged', () => {
    const chain = Array.from({ length: 30_000 }, (_, index) =>
      row(index + 10_000, index === 0 ? 1 : index + 9_999, 'sh', bornAt(5_000)),
    );
    expect(verdictOfLast([...chain, chroma(50_000, 39_999)])).toBe('unverified');
  });

  test('a cycle of parents in a torn reading hides no process and does not hang', () => {
    const rows = [chroma(2_000, 2_001), chroma(2_001, 2_000)].map((each) => ({ ...each, ...bornAt(2_000) }));
    const expected = { 2000: 'unverified', 2001: 'unverified' };
    expect([verdicts(rows), verdicts(rows.toReversed())]).toEqual([expected, expected]);
  });
});

describe('a process of which only the name was read', () => {
  const bare = (pid: number, ppid: number, extra: Partial<ProcessRow> = {}) =>
    without(row(pid, ppid, 'x', { command: '', sid: 310, ...extra }), 'argv');

  test('a process of which only the name was read gets a verdict by its record', () => {
    const made = manifest('t1', [entry('supervisor', root), entry('worker', bare(310, 300), { by: root })]);
    expect(verdictOfLast([root, bare(310, 300)], { manifests: [made] })).toBe('managed');
  });

  test('a process of which only the name was read gets a verdict by its mark', () => {
    expect(verdictOfLast([bare(320, 1, marks('t1', row(999, 1, 'x'), 'search'))])).toBe('unverified');
  });

  test('a process of which only the name was read gets a verdict by another installation’s record, also below an unread worker', () => {
    const registries = [
      { file: 'worker.pid', content: JSON.stringify({ pid: 200, startedAt: clockAt(2_020), startToken: '2000' }) },
    ];
    const unread = without({ ...pluginWorker(200), name: 'x', command: '' }, 'argv');
    expect(verdictOfLast([unread], { registries })).toBe('foreign');
  });

  test('a process of which only the name was read gets a verdict by its executable', () => {
    const executable = { executable: '/usr/bin/python3', commandCut: true as const };
    expect(verdictOfLast([bare(320, 1, executable)])).toBe('unverified');
    expect(verdictOfLast([bare(320, 1)])).toBeUndefined();
  });

  test('shares the verdict of the process that started it', () => {
    expect(verdictOfLast([root, ours, bare(320, 310)], { manifests })).toBe('managed');
    const wrapper = uv(320, 1, { sid: 310, ...marks('t1', row(999, 1, 'x'), 'chroma-sync') });
    expect(verdicts([wrapper, bare(330, 320), bare(340, 330)])).toEqual({
      320: 'orphan',
      330: 'orphan',
      340: 'orphan',
    });
  });
});

test('a process is judged after its parent, whose pid may be the larger one', () => {
  const wrapper = uv(500, 1, { sid: 310, ...bornAt(100), ...marks('t1', row(999, 1, 'x'), 'chroma-sync') });
  const child = row(400, 500, 'git', { sid: 310, ...bornAt(200) });
  const grandchild = row(350, 400, 'ssh', { sid: 310, ...bornAt(300) });
  expect(verdicts([wrapper, child, grandchild])).toEqual({ 350: 'orphan', 400: 'orphan', 500: 'orphan' });
});

test('judgements come in the order of their pids', () => {
  const wrapper = uv(500, 1, { sid: 310, ...bornAt(100), ...marks('t1', row(999, 1, 'x'), 'chroma-sync') });
  const child = row(400, 500, 'git', { sid: 310, ...bornAt(200) });
  expect(judge([wrapper, child]).map(({ row: { pid } }) => pid)).toEqual([400, 500]);
});

test('this command is judged only on request', () => {
  const made = [manifest('t1', [entry('supervisor', self)])];
  const input = {
    snapshot: snapshotOf(machine),
    dataDir: DATA_DIR,
    manifests: made,
    otherRegistries: [],
    answering: [],
  };
  const pidsOf = (judgesSelf: boolean) =>
    classify(new JudgementContext({ ...input, judgesSelf })).map(({ row: { pid } }) => pid);
  expect(pidsOf(true)).toEqual([SELF_PID]);
  expect(pidsOf(false)).toEqual([]);
});

test('a verdict rests on the command line only if a pattern proves it', () => {
  const marked = uv(320, 1, { sid: 311, ...marks('t1', row(999, 1, 'x'), 'chroma-sync') });
  const found = judge([root, ours, marked, uv(330, 1, { sid: 311 })], { manifests });
  expect(found.map(({ row: { pid }, restsOnCommand }) => [pid, restsOnCommand])).toEqual([
    ...[
      [300, false],
      [310, false],
      [320, false],
    ],
    [330, true],
  ]);
});

test('the role comes from the last record, else from the script, else from the mark', () => {
  const wrapper = uv(320, 310, { sid: 310, ...marks('t1', ours, 'chroma-search') });
  const roleOf = (...roles: readonly ('chroma-sync' | 'chroma-search' | 'setup')[]) => {
    const entries = roles.map((role) => entry(role, wrapper, { by: ours }));
    return judge([root, ours, wrapper], { manifests: [manifest('t1', [...manifests[0]!.entries, ...entries])] }).at(-1)
      ?.role;
  };
  expect([roleOf(), roleOf('chroma-sync'), roleOf('chroma-sync', 'setup')]).toEqual([
    'chroma-search',
    'chroma-sync',
    'setup',
  ]);
});

describe('a chroma-mcp without a data dir under a gone owner', () => {
  const marked = { sid: 310, ...marks('t1', row(999, 1, 'x'), 'setup') };

  test('a chroma-mcp without a data dir under a gone owner is an orphan if its mark has the role setup', () => {
    expect(verdictOfLast([row(320, 1, 'uvx chroma-mcp --help', marked)])).toBe('orphan');
  });

  test.each([
    ['in another role', row(320, 1, 'uvx chroma-mcp --help', { ...marked, roleMark: 'chroma-sync' })],
    ['that is another program', row(320, 1, 'bash', marked)],
  ])('a chroma-mcp without a data dir under a gone owner is unverified %s', (_which, subject) => {
    expect(verdictOfLast([subject])).toBe('unverified');
  });
});

describe('a zombie', () => {
  const zombie = (extra: Partial<ProcessRow> = {}) => row(310, 1, '', { state: 'Z', name: 'x', ...extra });

  test('a zombie gets a verdict by its record if the record is of this process', () => {
    expect(verdictOfLast([root, zombie()], { manifests })).toBe('zombie');
    expect(verdictOfLast([root, zombie(bornAt(9_000))], { manifests })).toBeUndefined();
  });

  test('a zombie gets no verdict below a program of another user or data dir', () => {
    const elsewhere = row(300, 1, 'uvx chroma-mcp --data-dir /elsewhere/chroma');
    expect(verdictOfLast([elsewhere, zombie({ ppid: 300 })])).toBeUndefined();
  });

  test('a zombie gets a verdict by its name if a user is unknown', () => {
    expect(verdictOfLast([without(zombie({ name: 'uv' }), 'uid')])).toBe('zombie');
    expect(verdictOfLast([zombie({ name: 'uv' })], { snapshot: { self: { pid: SELF_PID } } })).toBe('zombie');
  });

  test('a zombie has evidence in words', () => {
    expect(judge([zombie({ name: 'uv' })])[0]?.evidence).toEqual([
      { kind: 'zombie', detail: 'has exited; its parent pid 1 has not waited for it yet' },
    ]);
  });
});
