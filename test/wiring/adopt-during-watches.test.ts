import { spawn } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { Adopter } from '../../src/wiring/adopt-during-watches.ts';
import { addRunningWatch } from '../../src/wiring/running-watches.ts';
import { eventually } from '../helpers/eventually.ts';
import { runMark } from '../helpers/run-mark.ts';

/** A watch and its adopter, on a kernel whose list of children is given. */
function aWatch(children: number[], zombies: ReadonlySet<number>) {
  const state = { adopts: false, waitedFor: [] as number[], looks: 0 };
  const adopter = new Adopter({
    become: () => (state.adopts = true),
    resign: () => void (state.adopts = false),
    listChildren: () => children,
    listMainChildren: () => {
      state.looks++;
      return [...children];
    },
    hasEnded: (pid) => zombies.has(pid),
    waitFor: (pid) => {
      state.waitedFor.push(pid);
      children.splice(children.indexOf(pid), 1);
    },
  });
  const begin = () => {
    adopter.begin();
    const remove = addRunningWatch({ mark: 'x', isOfFile: false });
    const end = () => {
      remove();
      adopter.end();
    };
    onTestFinished(end);
    return end;
  };
  return { state, begin };
}

async function twoMoreLooks({ looks }: { looks: number }, state: { looks: number }): Promise<void> {
  await eventually('two more looks', () => state.looks >= looks + 3);
}

test('waits for adopted zombies, not for older children or those of Node.js', async () => {
  const children = [11];
  const { state, begin } = aWatch(children, new Set([11, 12]));
  begin();
  const child = spawn('sleep', ['60'], { stdio: 'ignore', env: { ...process.env, ...runMark() } });
  onTestFinished(() => void child.kill('SIGKILL'));
  const pid = child.pid ?? 0;
  children.push(12, 13, pid);
  await eventually('the zombie is waited for', () => state.waitedFor.length > 0);
  await twoMoreLooks({ ...state }, state);
  expect(state.waitedFor).toEqual([12]);
});

test('never waits for a zombie that Node.js spawned', async () => {
  const zombies = new Set<number>();
  const children: number[] = [];
  const { state, begin } = aWatch(children, zombies);
  begin();
  const child = spawn('sleep', ['60'], { stdio: 'ignore', env: { ...process.env, ...runMark() } });
  onTestFinished(() => void child.kill('SIGKILL'));
  children.push(child.pid ?? 0);
  zombies.add(child.pid ?? 0);
  await twoMoreLooks({ ...state }, state);
  expect(state.waitedFor).toEqual([]);
});

test('adopts until the last of several watches ends', () => {
  const { state, begin } = aWatch([], new Set());
  const [first, second] = [begin(), begin()];
  first();
  expect(state.adopts).toBe(true);
  second();
  expect(state.adopts).toBe(false);
});

test('waits after the last watch for what was adopted before, and then stops', async () => {
  const children: number[] = [];
  const zombies = new Set<number>();
  const { state, begin } = aWatch(children, zombies);
  const end = begin();
  children.push(12);
  end();
  zombies.add(12);
  await eventually('the zombie is waited for', () => state.waitedFor.length > 0);
  expect(state.waitedFor).toEqual([12]);
});
