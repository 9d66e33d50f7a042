import { expect, test } from 'vitest';
import { hookEdits, serverEdits } from '../../../src/operations/hooks/integration.ts';

const NODE = { node: '/usr/bin/node', script: '/usr/lib/claude-mem-cli/dist/cli.js' };

function isTakenOut(command: string): boolean {
  return hookEdits({ hooks: { Stop: [{ hooks: [{ type: 'command', command }] }] } }, undefined).length > 0;
}

test.each([
  '/usr/bin/node /usr/lib/claude-mem-cli/dist/cli.js hook Stop --for=claude-code',
  "/usr/bin/node '/home/u/my tools/dist/cli.js' hook Stop --for=claude-code --data-dir /data",
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
