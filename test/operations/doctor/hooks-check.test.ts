import { expect, test } from 'vitest';
import { hooksCheck } from '../../../src/operations/doctor/checks/hooks.ts';
import { HOOK_EVENTS } from '../../../src/operations/hooks/hook-event.ts';
import type { InstalledHook, InstalledHooks } from '../../../src/operations/ports/doctor.ts';
import { findingOf } from './fake-ports.ts';

const FIX = 'claude-mem integrate --write';
const ALL: readonly InstalledHook[] = HOOK_EVENTS.map((event) => ({ event, missing: undefined, isOld: false }));

function findingFor(more: Partial<InstalledHooks>) {
  const hooks = { settings: '/home/u/.claude/settings.json', problem: undefined, hooks: [], ...more };
  return findingOf(hooksCheck, { others: { hooks: () => hooks } });
}

test('missing hooks are no problem, and the check names the command that connects Claude Code', async () => {
  expect(await findingFor({})).toEqual({ status: 'skip', detail: `not connected; ${FIX} connects Claude Code` });
});

test('connected hooks whose programs exist pass', async () => {
  expect(await findingFor({ hooks: ALL })).toMatchObject({ status: 'pass' });
});

test.each([
  ['a hook for one event is missing', ALL.slice(1), 'has no hook for SessionStart'],
  [
    'the program of a hook is gone',
    ALL.map((hook) => ({ ...hook, missing: '/old/node' })),
    'the hook SessionStart runs /old/node, which does not exist',
  ],
  [
    'the script is old',
    ALL.map((hook) => ({ ...hook, isOld: hook.event === 'Stop' })),
    'the hook Stop runs the script',
  ],
])('the check warns if %s', async (_, hooks, detail) => {
  expect(await findingFor({ hooks })).toEqual({
    ...{ status: 'warn', fix: FIX },
    detail: expect.stringContaining(detail) as string,
  });
});

test('settings that cannot be read are reported as such', async () => {
  expect(await findingFor({ problem: 'x is not valid JSON' })).toMatchObject({ status: 'error' });
});
