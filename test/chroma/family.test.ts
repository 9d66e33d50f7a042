import { expect, test } from 'vitest';
import { familyOf } from '../../src/chroma/family.ts';
import { DATA_DIR, init, row, SELF_PID, snapshotOf } from '../core/builders.ts';

const MARKS = { treeMark: 't', roleMark: 'chroma-sync', ownerMark: `${SELF_PID}:1:boot:ns` };
const marked = { treeMark: 't', roleMark: 'chroma-sync', ownerMark: MARKS.ownerMark, sid: SELF_PID };
const CHROMA = `chroma-mcp --client-type persistent --data-dir ${DATA_DIR}/vectors`;
const worker = row(SELF_PID, 1, 'node worker.js');
const wrapper = row(9_100, SELF_PID, `uv tool uvx ${CHROMA}`, marked);
const python = (ppid: number, extra = {}) => row(9_200, ppid, `python /x/bin/${CHROMA}`, { ...marked, ...extra });

const pidsOf = (rows: Parameters<typeof snapshotOf>[0]) =>
  familyOf(snapshotOf([init, worker, ...rows]), wrapper, MARKS).map(({ pid }) => pid);

test('excludes a chroma-mcp started in a shell that inherited the marks of a spawn', () => {
  const shell = row(9_150, 1, 'sh', { ...marked, sid: 9_150 });
  expect(pidsOf([wrapper, shell, python(shell.pid, { sid: shell.pid })])).toEqual([wrapper.pid]);
});

test('includes a python whose wrapper is gone, re-parented to pid 1 or to a subreaper', () => {
  const subreaper = row(8_000, 1, 'node supervisor.js');
  expect(pidsOf([python(1)])).toEqual([9_200]);
  expect(pidsOf([subreaper, python(subreaper.pid)])).toEqual([9_200]);
});

test('includes a python under its live wrapper', () => {
  expect(pidsOf([wrapper, python(wrapper.pid)])).toEqual([wrapper.pid, 9_200]);
});
