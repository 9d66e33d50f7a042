import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { identify, isAlive, parentOf } from '../../scripts/leak/identity.mjs';
import { eventually } from './eventually.ts';
import { startFixtureProcess } from './fixture-process.ts';

const onLinux = test.skipIf(process.platform !== 'linux');

test('a fixture process is ready together with its chain', async () => {
  const fixture = await startFixtureProcess({ depth: 2 });
  const [top, middle, bottom] = fixture.chain.map(({ pid }) => pid);
  expect(top).toBe(fixture.pid);
  expect([parentOf(bottom!), parentOf(middle!), parentOf(top!)]).toEqual([middle, top, process.pid]);
});

test('a fixture process exits on SIGTERM and leaves a proof file', async () => {
  const { child, hasReceivedSigterm } = await startFixtureProcess();
  const ended = once(child, 'exit');
  expect(hasReceivedSigterm()).toBe(false);
  child.kill('SIGTERM');
  expect(await ended).toEqual([143, null]);
  expect(hasReceivedSigterm()).toBe(true);
});

test('a fixture process can ignore SIGTERM', async () => {
  const fixture = await startFixtureProcess({ onSigterm: 'ignore' });
  fixture.child.kill('SIGTERM');
  await eventually('the signal arrives', () => fixture.hasReceivedSigterm());
  expect(isAlive(fixture.chain[0]!)).toBe(true);
});

test('a fixture process can exit slowly', async () => {
  const fixture = await startFixtureProcess({ onSigterm: 'slow', slowMs: 100 });
  const ended = once(fixture.child, 'exit');
  fixture.child.kill('SIGTERM');
  await eventually('the signal arrives', () => fixture.hasReceivedSigterm());
  expect(await ended).toEqual([143, null]);
});

test('a fixture process exits after its lifetime', async () => {
  const { child } = await startFixtureProcess({ watchdogSeconds: 0.3 });
  expect(await once(child, 'exit')).toEqual([3, null]);
});

test('the end of a test ends its fixture processes', async () => {
  const fixture = await startFixtureProcess({ depth: 2 });
  fixture.child.kill('SIGKILL');
  await eventually('the top is gone', () => identify(fixture.pid) === undefined);
  await fixture.end();
  expect(fixture.chain.filter(isAlive)).toEqual([]);
});

onLinux('a fixture process can be a session leader with a name and marks', async () => {
  const { pid } = await startFixtureProcess({
    detached: true,
    scriptName: 'worker.js',
    env: { CLAUDE_MEM_ROLE: 'worker' },
  });
  const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8');
  expect(read('cmdline').split('\0')[1]).toMatch(/\/worker\.js$/);
  expect(read('environ').split('\0')).toContain('CLAUDE_MEM_ROLE=worker');
  expect(read('stat').split(') ')[1]?.split(' ')[3]).toBe(String(pid));
});
