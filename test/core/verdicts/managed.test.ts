import { describe, expect, test } from 'vitest';
import {
  bornAt,
  clockAt,
  entry,
  HIDDEN_MARKS,
  init,
  manifest,
  marks,
  NOW_TICKS,
  python,
  row,
  searchServer,
  secondsOld,
  supervisor,
  uv,
  verdictOfLast,
  verdicts,
  worker,
} from '../builders.ts';

const root = supervisor(300, 1, { treeMark: 't1' });
const ours = worker(310, 300, marks('t1', root, 'worker'));
const wrapper = uv(320, 310, { sid: 310, ...marks('t1', ours, 'chroma-sync') });
const chroma = python(330, 320, { sid: 310, ...marks('t1', ours, 'chroma-sync') });
const search = searchServer(340, 310, { sid: 310, ...marks('t1', ours, 'search') });
const tree = manifest('t1', [
  entry('supervisor', root),
  entry('worker', ours, { by: root }),
  entry('chroma-sync', wrapper, { by: ours }),
  entry('chroma-sync', chroma, { by: wrapper }),
  entry('search', search, { by: ours }),
]);
const whole = [root, ours, wrapper, chroma, search];
const allManaged = { 300: 'managed', 310: 'managed', 320: 'managed', 330: 'managed', 340: 'managed' };

test('every process of a live tree is managed', () => {
  expect(verdicts(whole, { manifests: [tree] })).toEqual(allManaged);
});

test('a live tree is managed even if environments are hidden', () => {
  const hidden = whole.map((process) => ({ ...process, ...HIDDEN_MARKS }));
  expect(verdicts(hidden, { manifests: [tree] })).toEqual(allManaged);
});

test('a spawned process that is not recorded yet is managed by descent', () => {
  const early = manifest('t1', [entry('supervisor', root)]);
  expect(verdicts(whole, { manifests: [early] })).toEqual(allManaged);
});

test('a live tree nested in a dead one is managed', () => {
  const rootWithin = { ...root, ...marks('t0', worker(200, 1), 'worker') };
  const dead = manifest('t0', [entry('supervisor', supervisor(190, 1)), entry('worker', worker(200, 190))]);
  expect(verdicts([rootWithin, ...whole.slice(1)], { manifests: [dead, tree] })).toEqual(allManaged);
});

describe('a live root that its own manifest records', () => {
  test.each([
    ['the marks of a dead tree', marks('t0', worker(200, 1), 'search')],
    ['hidden marks', HIDDEN_MARKS],
    ['no marks', {}],
  ])('a live root that its own manifest records is managed with %s', (_which, inherited) => {
    const alone = searchServer(400, 1, { ...inherited });
    const dead = manifest('t0', [entry('supervisor', supervisor(190, 1))]);
    expect(verdictOfLast([alone], { manifests: [dead, manifest('t2', [entry('search', alone)])] })).toBe('managed');
  });

  test('a live root that its own manifest records is managed even if its manifest is retired or in state failed', () => {
    const retired = manifest('t1', [entry('supervisor', root)], { retiredAt: root.startedAt, state: 'failed' });
    expect(verdictOfLast([root], { manifests: [retired] })).toBe('managed');
  });
});

describe('adoption is not descent', () => {
  test('a process that the supervisor adopted is not managed', () => {
    const adopted = row(350, 300, 'tmux new', { ...marks('t1', ours, 'worker') });
    expect(verdictOfLast([...whole, adopted], { manifests: [tree] })).toBe('unverified');
  });

  test("a process that a container's pid 1 adopted as root is not managed", () => {
    const containerRoot = searchServer(1, 0);
    const own = uv(20, 1, { sid: 1, pgid: 1, ...marks('t1', containerRoot, 'chroma-search') });
    const adopted = row(30, 1, 'node worker.js', { sid: 25, ...marks('t1', row(25, 1, 'x'), 'chroma-search') });
    const manifests = [manifest('t1', [entry('search', containerRoot)])];
    expect(verdicts([containerRoot, own, adopted], { manifests })).toEqual({
      1: 'managed',
      20: 'managed',
      30: 'unverified',
    });
  });

  test('a child older than its parent is not its child', () => {
    const older = uv(350, 310, { sid: 310, ...bornAt(10) });
    expect(verdictOfLast([...whole, older], { manifests: [tree] })).not.toBe('managed');
  });
});

test("the tree of a supervisor that is a container's pid 1 is managed", () => {
  const one = supervisor(1, 0);
  const of = worker(20, 1, marks('t1', one, 'worker'));
  const under = uv(30, 20, { sid: 20, ...marks('t1', of, 'chroma-sync') });
  const manifests = [manifest('t1', [entry('supervisor', one), entry('worker', of, { by: one })])];
  expect(verdicts([one, of, under], { manifests })).toEqual({ 1: 'managed', 20: 'managed', 30: 'managed' });
});

test('no process is an orphan if its root looks gone but answers on the socket', () => {
  const rest = whole.slice(1).map((process) => (process.ppid === 300 ? { ...process, ppid: 1 } : process));
  const found = verdicts(rest, { manifests: [tree], answering: ['t1'] });
  expect(Object.values(found)).not.toContain('orphan');
  expect(verdicts(rest, { manifests: [tree] })).toEqual({ 310: 'orphan', 320: 'orphan', 330: 'orphan', 340: 'orphan' });
});

test('an unrelated process is not judged', () => {
  const found = verdicts([
    init,
    row(400, 70, 'vim chroma-mcp', { sid: 70 }),
    row(410, 1, 'node server.js', { sid: 400 }),
  ]);
  expect(found).toEqual({});
});

describe('a recorded process that pid 1 has adopted, whose environment is hidden', () => {
  const adopted = uv(320, 1, { sid: 310, ...HIDDEN_MARKS });
  const judged = (extra: object, scene: object = {}) =>
    verdictOfLast([root, ours, adopted], {
      manifests: [manifest('t1', [...tree.entries.slice(0, 2), entry('chroma-sync', adopted, extra)])],
      ...scene,
    });

  test('a recorded process that pid 1 has adopted, whose environment is hidden is managed while its recorded owner is alive, or its root if it has no owner', () => {
    expect([judged({ by: ours }), judged({})]).toEqual(['managed', 'managed']);
  });

  test('a recorded process that pid 1 has adopted, whose environment is hidden is unverified once its record is ended less than 10 s after its birth', () => {
    const young = { ...adopted, ...secondsOld(5) };
    const ended = entry('chroma-sync', young, { by: ours, endedAt: clockAt(NOW_TICKS) });
    const manifests = [manifest('t1', [...tree.entries.slice(0, 2), ended])];
    expect(verdictOfLast([root, ours, young], { manifests })).toBe('unverified');
  });

  test('a recorded process that pid 1 has adopted, whose environment is hidden is unverified without an owner if its root is not known to be alive', () => {
    const manifests = [manifest('t1', [entry('supervisor', supervisor(290, 1)), entry('chroma-sync', adopted)])];
    expect(verdictOfLast([adopted], { manifests, snapshot: { complete: false } })).toBe('unverified');
  });
});
