import { describe, expect, test } from 'vitest';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import {
  bornAt,
  DATA_DIR,
  entry,
  HIDDEN_MARKS,
  identityOf,
  judge,
  manifest,
  marks,
  python,
  row,
  searchServer,
  supervisor,
  uv,
  verdictOfLast,
  verdicts,
  worker,
  type Scene,
} from '../builders.ts';

const root = supervisor(300, 1, { treeMark: 't1', dataDirMark: DATA_DIR });
const ours = worker(310, 300, marks('t1', root, 'worker'));
const tree = manifest('t1', [entry('supervisor', root), entry('worker', ours, { by: root })]);
const gone = worker(280, 1);
/** The same process as a damaged record or mark has it: with another start. */
const misread = (of: ProcessRow): ProcessRow => ({ ...of, ...bornAt(7) });

/** The kinds and the last words of the evidence for the last row. */
function evidence(rows: readonly ProcessRow[], scene: Scene) {
  const found = judge(rows, scene).find((judgement) => judgement.row.pid === rows.at(-1)?.pid);
  return [found?.verdict, ...(found?.evidence ?? []).map(({ kind }) => kind), found?.evidence.at(-1)?.detail];
}

describe('a live parent outweighs a mark that says the owner is gone', () => {
  const manifests = [manifest('t1', [entry('supervisor', root)])];

  test('a worker whose mark names its live supervisor with another start is unverified', () => {
    expect(evidence([root, worker(310, 300, marks('t1', misread(root), 'worker'))], { manifests })).toEqual([
      'unverified',
      'marked',
      'not-proven',
      'its record or mark is damaged: its parent pid 300 (node) is its owner and is alive',
    ]);
  });

  test('a worker whose mark names another pid than its live supervisor is an adopted orphan', () => {
    expect(verdictOfLast([root, worker(310, 300, marks('t1', gone, 'worker'))], { manifests })).toBe('orphan');
  });
});

describe('a live parent outweighs a record that says the owner is gone', () => {
  const wrapper = uv(320, 310, { sid: 310 });
  const recordedBy = (by: ProcessRow) => [manifest('t1', [...tree.entries, entry('chroma-sync', wrapper, { by })])];

  test('a wrapper whose recorded owner is its live parent with another start is unverified', () => {
    expect(evidence([root, ours, wrapper], { manifests: recordedBy(misread(ours)) })).toEqual([
      'unverified',
      'recorded',
      'not-proven',
      'its record or mark is damaged: its parent pid 310 (node) is its owner and is alive',
    ]);
  });

  test('a wrapper whose parent and recorded owner is a zombie is an orphan', () => {
    expect(verdictOfLast([root, { ...ours, state: 'Z' }, wrapper], { manifests: recordedBy(ours) })).toBe('orphan');
  });

  test('a python under its live wrapper is unverified, even if its recorded root is gone', () => {
    const hidden = [root, ours, wrapper, python(330, 320, { sid: 310 })].map((each) => ({ ...each, ...HIDDEN_MARKS }));
    const manifests = [manifest('t1', [entry('supervisor', misread(root)), entry('chroma-sync', python(330, 320))])];
    expect(verdictOfLast(hidden, { manifests })).toBe('unverified');
  });

  test('a program whose recorded root is gone is an orphan under a live process that is not a uv wrapper', () => {
    const rows = [row(305, 70, 'bash', { sid: 70 }), python(330, 305, { sid: 70 })];
    const manifests = [manifest('t1', [entry('supervisor', root), entry('chroma-sync', python(330, 305))])];
    expect(verdictOfLast(rows, { manifests })).toBe('orphan');
  });
});

describe('the marks of live processes outweigh a record that says the root is gone', () => {
  const search = searchServer(300, 60, { sid: 60 });
  const chroma = uv(320, 300, { sid: 60, ...marks('t1', search, 'chroma-search') });

  test("a search server that its child's mark proves to be a root is unverified, even if its recorded owner is gone", () => {
    const manifests = [manifest('t1', [entry('supervisor', misread(root)), entry('search', search, { by: gone })])];
    expect(evidence([chroma, search], { manifests })).toEqual([
      'unverified',
      'recorded',
      'not-proven',
      'its record is damaged: the marks of live processes prove that it is the root of tree t1',
    ]);
  });

  test('a recorded wrapper is unverified if only marks prove that its root is alive', () => {
    const wrapper = uv(320, 310, { sid: 310 });
    const entries = [entry('supervisor', misread(root)), entry('chroma-sync', wrapper)];
    expect(evidence([root, ours, wrapper], { manifests: [manifest('t1', entries)] })).toEqual([
      'unverified',
      'recorded',
      'not-proven',
      'its manifest is damaged: the recorded root is not running, and the marks of live processes name another root',
    ]);
  });
});

describe('with hidden environments, a recorded owner that differs from the live recorded parent is a damaged record', () => {
  const top = supervisor(300, 1, HIDDEN_MARKS);
  const middle = worker(310, 300, HIDDEN_MARKS);
  const server = searchServer(340, 310, { sid: 310, ...HIDDEN_MARKS });
  const judged = (owner: { pid: number; startTicks: number }, rows: readonly ProcessRow[] = [top, middle, server]) => {
    const damaged = { ...entry('search', server), owner: { ...identityOf(middle), ...owner } };
    const entries = [entry('supervisor', top), entry('worker', middle, { by: top }), damaged];
    return verdicts(rows, { manifests: [manifest('t1', entries)] })[340];
  };

  test.each([
    [999, 3_100],
    [340, 3_100],
    [300, 5],
  ])('pid %d, start tick %d: unverified under the recorded worker', (pid, startTicks) => {
    expect(judged({ pid, startTicks })).toBe('unverified');
  });

  test('a worker under its recorded supervisor is unverified, and a process adopted by that supervisor is an orphan', () => {
    const entries = (role: 'worker' | 'search') => [
      entry('supervisor', top),
      { ...entry(role, middle), owner: { ...identityOf(top), pid: 999 } },
    ];
    const verdictAs = (role: 'worker' | 'search') =>
      verdicts([top, middle], { manifests: [manifest('t1', entries(role))] })[310];
    expect([verdictAs('worker'), verdictAs('search')]).toEqual(['unverified', 'orphan']);
  });

  test('a process under pid 1 is an orphan', () => {
    expect(judged({ pid: 999, startTicks: 5 }, [top, middle, { ...server, ppid: 1 }])).toBe('orphan');
  });
});
