import { describe, expect, test } from 'vitest';
import {
  asPsListShows,
  bornAt,
  entry,
  judge,
  manifest,
  marks,
  python,
  row,
  supervisor,
  uv,
  verdictOfLast,
  verdicts,
  worker,
} from './builders.ts';

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
  ])('%s is not ours to report', (_which, zombie) => {
    expect(verdictOfLast([zombie])).toBeUndefined();
  });

  test('a dead leader with living threads is judged like any other', () => {
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

  test('carries evidence, whatever the verdict', () => {
    const rows = [root, ours, uv(320, 1, { sid: 290 }), python(330, 70, { sid: 70 }), uv(340, 1, { uid: 0 })];
    for (const { evidence } of judge(rows, { manifests })) expect(evidence.length).toBeGreaterThan(0);
  });

  test('comes in the order of pids', () => {
    const found = judge([uv(340, 1), uv(320, 1), root, ours], { manifests });
    expect(found.map(({ row: { pid } }) => pid)).toEqual([300, 310, 320, 340]);
  });
});

describe('rows that say little', () => {
  test('without argv and session ids, by their command line and parent', () => {
    const rows = [root, ours, uv(320, 310, marks('t1', ours, 'chroma-sync'))].map(asPsListShows);
    expect(verdicts(rows)[320]).toBe('unverified');
  });

  test('an empty command line and hidden marks make no candidate', () => {
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

  test('a process below thirty thousand others is judged like any other', () => {
    const chain = Array.from({ length: 30_000 }, (_, index) =>
      row(index + 10_000, index === 0 ? 1 : index + 9_999, 'sh', bornAt(5_000)),
    );
    expect(verdictOfLast([...chain, chroma(50_000, 39_999)])).toBe('unverified');
  });

  test('two hundred thousand children of one of ours are judged with it', () => {
    const children = Array.from({ length: 200_000 }, (_, index) => row(index + 10_000, 310, 'sh', bornAt(5_000)));
    expect(verdictOfLast([root, ours, ...children], { manifests })).toBe('managed');
  });

  test('parents in a circle, as a torn reading may show, hide nobody and stop nothing', () => {
    const rows = [chroma(2_000, 2_001), chroma(2_001, 2_000)].map((each) => ({ ...each, ...bornAt(2_000) }));
    const expected = { 2000: 'unverified', 2001: 'unverified' };
    expect([verdicts(rows), verdicts(rows.toReversed())]).toEqual([expected, expected]);
  });
});
