import { expect, test } from 'vitest';
import { hooksCheck } from '../../../src/operations/doctor/checks/hooks.ts';
import { HOOK_EVENTS } from '../../../src/operations/hooks/hook-event.ts';
import type { InstalledHook, InstalledHooks } from '../../../src/operations/ports/doctor.ts';
import { findingOf } from './fake-ports.ts';

const FIX = 'claude-mem integrate --write';
const USER = '/home/u/.claude/settings.json';
const PROJECT = '/srv/shop/.claude/settings.json';
const ALL: readonly InstalledHook[] = HOOK_EVENTS.map((event) => ({
  ...{ event, command: `claude-mem hook ${event}`, settings: USER },
  ...{ missing: undefined, otherProgram: undefined, isOld: false },
}));

function findingFor(more: Partial<InstalledHooks>) {
  return findingOf(hooksCheck, { others: { hooks: () => ({ problem: undefined, hooks: [], ...more }) } });
}

test('missing hooks are no problem, and the check names the command that connects Claude Code', async () => {
  expect(await findingFor({})).toEqual({ status: 'skip', detail: `not connected; ${FIX} connects Claude Code` });
});

test('connected hooks whose programs exist pass, also if the project has a part of them, or the same ones again', async () => {
  const inProject = (hook: InstalledHook) => ({ ...hook, settings: PROJECT });
  expect(await findingFor({ hooks: ALL })).toMatchObject({
    status: 'pass',
    detail: expect.stringContaining('5 hooks') as string,
  });
  for (const hooks of [
    [...ALL.slice(1), ...ALL.slice(0, 1).map(inProject)],
    [...ALL, ...ALL.map(inProject)],
  ]) {
    expect(await findingFor({ hooks })).toMatchObject({
      status: 'pass',
      detail: expect.stringContaining(PROJECT) as string,
    });
  }
});

test.each([
  ['a hook for one event is missing', ALL.slice(1), 'has no hook for SessionStart', FIX],
  [
    'the program of a hook is gone',
    ALL.map((hook) => ({ ...hook, missing: '/old/node' })),
    `the hook SessionStart in ${USER} runs /old/node, which does not exist`,
    `${FIX} --settings ${USER}`,
  ],
  [
    'the name of a hook leads to another program',
    ALL.map((hook) => ({ ...hook, otherProgram: '/lib/plugin/cli.js' })),
    'runs another program, /lib/plugin/cli.js',
    `${FIX} --settings ${USER}`,
  ],
  [
    'the script is old',
    ALL.map((hook) => ({ ...hook, isOld: hook.event === 'Stop', settings: PROJECT })),
    `the hook Stop in ${PROJECT} runs the script`,
    `${FIX} --settings ${PROJECT}`,
  ],
  [
    'the project connects an event in another way',
    [...ALL, { ...ALL[3]!, command: '/x/bin/hook Stop', settings: PROJECT }],
    `the hook Stop in ${PROJECT} stores events that another hook stores`,
    `claude-mem integrate --remove --no-mcp --settings ${PROJECT}`,
  ],
])('the check warns if %s', async (_, hooks, detail, fix) => {
  expect(await findingFor({ hooks })).toEqual({
    ...{ status: 'warn', fix },
    detail: expect.stringContaining(detail) as string,
  });
});

test('settings that cannot be read are reported as such', async () => {
  expect(await findingFor({ problem: 'x is not valid JSON' })).toMatchObject({ status: 'error' });
});
