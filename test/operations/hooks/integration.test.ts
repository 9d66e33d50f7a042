import { expect, test } from 'vitest';
import { hookEdits, hookSettings, serverEdits } from '../../../src/operations/hooks/integration.ts';

const NODE = { node: '/usr/bin/node', script: '/usr/lib/claude-mem-cli/dist/cli.js' };

function isTakenOut(command: string): boolean {
  return hookEdits({ hooks: { Stop: [{ hooks: [{ type: 'command', command }] }] } }, undefined).length > 0;
}

test.each([
  '/usr/bin/node /usr/lib/claude-mem-cli/dist/cli.js hook Stop --for=claude-code',
  "/usr/bin/node '/home/u/my tools/dist/cli.js' hook Stop --for=claude-code --data-dir /data",
  '/home/u/.claude-mem/bin/hook Stop --for=claude-code',
  "'/home/u/it'\\''s my\n$(data)/bin/hook' Stop --for=claude-code",
  'claude-mem hook',
  'claude-mem hook Stop',
  '"/opt/bin/claude-mem" hook Stop',
])('%s is recognized as a claude-mem hook', (command) => {
  expect(isTakenOut(command)).toBe(true);
});

test.each([
  'node /x/cli.js hook Stop',
  'bun /home/u/.claude/plugins/claude-mem/scripts/worker-service.cjs hook claude-code context',
  'claude-mem hooks',
  '/home/u/bin/hook Stop',
  '/home/u/bin/hook Stop --for=other',
  'claude-mem hook claude-code context',
  'my-claude-mem hook Stop',
  'echo --for=claude-code',
])('%s is not recognized as a claude-mem hook', (command) => {
  expect(isTakenOut(command)).toBe(false);
});

test('a group keeps its hooks of other programs', () => {
  const others = { type: 'command', command: 'other' };
  const ours = { type: 'command', command: 'claude-mem hook Stop' };
  const settings = { hooks: { Stop: [{ matcher: 'x', hooks: [others, ours] }] } };
  expect(hookEdits(settings, undefined)).toEqual([
    { path: ['hooks', 'Stop'], value: [{ matcher: 'x', hooks: [others] }] },
  ]);
});

test('values that are not hooks are kept', () => {
  const settings = { hooks: { Stop: ['text', { hooks: 'none' }, { hooks: [null, 7] }], Other: [] } };
  expect(hookEdits(settings, undefined)).toEqual([]);
  expect(hookEdits(settings, NODE).find(({ path }) => path[1] === 'Stop')?.value).toHaveLength(4);
});

test('hooks and MCP server name a data dir other than the default', () => {
  const program = { ...NODE, dataDir: '/my data' };
  expect(JSON.stringify(hookEdits({}, program))).toContain("--data-dir '/my data'");
  expect(JSON.stringify(serverEdits({}, program))).toContain('"--data-dir","/my data"');
});

test('a program that a shell finds is called by its name', () => {
  const program = { ...NODE, name: 'claude-mem-cli', hookScript: '/data/bin/hook' };
  expect(JSON.stringify(hookSettings(program))).toContain('"claude-mem-cli hook SessionStart --for=claude-code"');
  expect(serverEdits({}, program)[0]?.value).toEqual({ command: 'claude-mem-cli', args: ['search-server'] });
  expect(isTakenOut('claude-mem-cli hook SessionStart --for=claude-code')).toBe(true);
  const servers = { mcpServers: { memory: { command: 'claude-mem-cli', args: ['search-server'] } } };
  expect(serverEdits(servers, undefined)).toHaveLength(1);
});

test('every hook but SessionStart runs the hook script, quoted for sh', () => {
  const program = { ...NODE, dataDir: '/my data', hookScript: '/my data/bin/hook' };
  const { hooks } = hookSettings(program) as { hooks: Record<string, [{ hooks: [{ command: string }] }]> };
  expect(Object.entries(hooks).map(([event, [{ hooks: own }]]) => [event, own[0].command])).toEqual([
    ['SessionStart', `/usr/bin/node ${NODE.script} hook SessionStart --for=claude-code --data-dir '/my data'`],
    ...['UserPromptSubmit', 'PostToolUse', 'Stop', 'SessionEnd'].map((event) => [
      event,
      `'/my data/bin/hook' ${event} --for=claude-code`,
    ]),
  ]);
});

test('hooks of older versions become the hook script once, with the timeout of the user', () => {
  const program = { ...NODE, hookScript: '/d/bin/hook' };
  const ours = (command: string) => ({ type: 'command', command, timeout: 3 });
  const settings = {
    hooks: { Stop: [{ hooks: [ours('/old/node /old/cli.js hook Stop --for=claude-code'), ours('claude-mem hook')] }] },
  };
  const edit = hookEdits(settings, program).find(({ path }) => path[1] === 'Stop');
  expect(edit?.value).toEqual([{ hooks: [ours('/d/bin/hook Stop --for=claude-code')] }]);
});
