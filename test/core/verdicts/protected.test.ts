import { describe, expect, test } from 'vitest';
import { classify } from '../../../src/core/verdicts/classify.ts';
import { JudgementContext } from '../../../src/core/verdicts/judgement-context.ts';
import { findProtected } from '../../../src/core/verdicts/protected.ts';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import {
  clockAt,
  DATA_DIR,
  entry,
  machine,
  manifest,
  marks,
  pluginWorker,
  row,
  type Scene,
  snapshotOf,
  supervisor,
  uv,
  worker,
} from '../builders.ts';

/** pid → why it is protected. */
function protectedIn(rows: readonly ProcessRow[], { manifests = [], registries = [] }: Scene = {}) {
  const snapshot = snapshotOf([...machine, ...rows]);
  const input = { snapshot, dataDir: DATA_DIR, manifests, otherRegistries: registries, answering: [] };
  const context = new JudgementContext(input);
  const found = findProtected(classify(context), { index: context.index, dataDir: DATA_DIR });
  return Object.fromEntries([...found].map(([key, reason]) => [Number(key.split(':', 1)[0]), reason]));
}

const root = supervisor(300, 1, { treeMark: 't1' });
const ours = worker(310, 300, marks('t1', root, 'worker'));
const helper = row(320, 310, 'git status', { sid: 310 });
const tree = manifest('t1', [entry('supervisor', root), entry('worker', ours, { by: root })]);

describe('protected from verify --reap', () => {
  test('verify --reap spares a recorded root, managed processes and their descendants, each with its own reason', () => {
    expect(protectedIn([root, ours, helper, row(330, 320, 'ssh', { sid: 310 })], { manifests: [tree] })).toEqual({
      300: `root of a tree recorded in ${DATA_DIR}`,
      310: `managed in a live tree of ${DATA_DIR}`,
      320: `managed in a live tree of ${DATA_DIR}`,
      330: `managed in a live tree of ${DATA_DIR}`,
    });
  });

  test('verify --reap spares a descendant of a protected process, even if its own verdict does not protect it', () => {
    const editor = row(340, 310, 'vim', { ...marks('t1', row(999, 1, 'gone'), 'worker'), dataDirMark: '/elsewhere' });
    expect(protectedIn([root, ours, editor], { manifests: [tree] })[340]).toMatch(/^descends from pid 3[01]0: /);
  });

  test('verify --reap spares the worker of a live installation of another kind and its recorded processes', () => {
    const wrapper = uv(210, 200, { sid: 200 });
    const registries = [
      { file: 'worker.pid', content: JSON.stringify({ pid: 200, startedAt: clockAt(2_020), startToken: '2000' }) },
      {
        file: 'supervisor.json',
        content: JSON.stringify({ processes: { c: { pid: 210, type: 'chroma', startedAt: clockAt(3_000) } } }),
      },
    ];
    const reason = `belongs to another live installation on ${DATA_DIR}`;
    expect(protectedIn([pluginWorker(200), wrapper], { registries })).toEqual({ 200: reason, 210: reason });
  });

  test('verify --reap spares neither an orphan nor an unverified process', () => {
    const orphan = uv(410, 1, { sid: 400 });
    const unknown = uv(420, 70, { sid: 70 });
    expect(protectedIn([orphan, unknown])).toEqual({});
  });
});
