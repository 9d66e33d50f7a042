import { expect, test } from 'vitest';
import { bornAt, entry, manifest, marks, row, supervisor, verdictOfLast, worker } from '../builders.ts';

const root = supervisor(300, 1);
const ours = worker(310, 300, marks('t1', root, 'worker'));
const manifests = [manifest('t1', [entry('supervisor', root), entry('worker', ours, { by: root })])];

test('two hundred thousand children of a claude-mem process are judged', () => {
  const children = Array.from({ length: 200_000 }, (_, index) => row(index + 10_000, 310, 'sh', bornAt(5_000)));
  expect(verdictOfLast([root, ours, ...children], { manifests })).toBe('managed');
});
