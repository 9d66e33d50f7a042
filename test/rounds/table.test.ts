import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import {
  BYSTANDER_MARK,
  identify,
  isAlive,
  parseStat,
  programOf,
  ROUND_MARK,
  signal,
  Table,
} from '../../scripts/rounds/table.ts';
import { eventually } from '../helpers/eventually.ts';
import { python, row, search, supervisor, uv, worker } from './rows.ts';

const isLinux = process.platform === 'linux';
const STAT = '7 (a) b) S 1 7 5 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0';

test('parses a stat line whose name contains parentheses and spaces', () => {
  expect(parseStat(STAT)).toEqual({ state: 'S', ppid: 1, sid: 5, start: '4711', comm: 'a) b' });
});

test('a zombie has ended unless another thread lives', () => {
  expect(parseStat(STAT.replace(') S', ') Z'))).toBeUndefined();
  expect(parseStat(STAT.replace(') S', ') Z').replace('20 0 1', '20 0 2'))?.state).toBe('Z');
});

test('recognizes programs by role mark and command line, but not a shell or an editor with marks', () => {
  expect([supervisor, worker, search, uv, python].map(programOf)).toEqual([
    'supervisor',
    'worker',
    'search',
    'uv',
    'python',
  ]);
  expect(programOf(row(60, 1, { role: 'worker', argv: ['vi', '/x/worker.js'], comm: 'vi' }))).toBeUndefined();
  expect(programOf(row(60, 1, { role: 'worker', argv: ['sh', '-c', 'sleep 600; :'], comm: 'sh' }))).toBeUndefined();
  expect(programOf({ ...uv, role: undefined })).toBeUndefined();
});

test.skipIf(!isLinux)('the table lists the marked processes of one round, or of all rounds of a run', async () => {
  const run = `test-${process.pid}`;
  const spawned = ['1', '12'].map((round) =>
    spawn('sleep', ['60'], {
      env: { PATH: process.env.PATH, [ROUND_MARK]: `${run}/${round}`, [BYSTANDER_MARK]: 'b', CLAUDE_MEM_OWNER: '' },
      stdio: 'ignore',
    }),
  );
  onTestFinished(() => {
    for (const child of spawned) child.kill('SIGKILL');
  });
  await Promise.all(spawned.map((child) => once(child, 'spawn')));
  const [first] = spawned;
  const own = new Table(`${run}/1`);
  const rows = await eventually('it is there', () => own.rows().length === 1 && own.rows());
  expect(rows).toMatchObject([{ pid: first?.pid, ppid: process.pid, comm: 'sleep', bystander: 'b', owner: undefined }]);
  expect(await eventually('both are there', () => new Table(run).rows().length === 2)).toBe(true);
});

test.skipIf(!isLinux)('a signal reaches only the identified process, not one with another start', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  const who = identify(child.pid ?? 0)!;
  expect(signal({ ...who, start: '1' }, 'SIGKILL')).toBe(false);
  expect(isAlive(who)).toBe(true);
  const exit = once(child, 'exit');
  expect(signal(who, 'SIGKILL')).toBe(true);
  expect((await exit)[1]).toBe('SIGKILL');
  expect(isAlive(who)).toBe(false);
});
