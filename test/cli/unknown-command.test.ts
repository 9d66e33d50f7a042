import { expect, test } from 'vitest';
import { SENSES } from '../../src/cli/command-senses.ts';
import { createProgram } from '../../src/cli/program.ts';
import { suggestBySense } from '../../src/cli/unknown-command.ts';
import { cliWiring } from '../../src/wiring/cli.ts';
import { aHome } from './scene.ts';

const { commands } = await createProgram(cliWiring);

test('every command line that is suggested for a word exists', () => {
  for (const [line] of SENSES.flatMap(({ instead }) => instead)) {
    const [, name, ...rest] = line.split(' ');
    if (name === '--version') continue;
    const command = commands.find((known) => known.name() === name);
    expect(command, line).toBeDefined();
    const flags = rest.filter((word) => word.startsWith('--') && word !== '--');
    for (const flag of flags)
      expect(
        command!.options.map(({ long }) => long),
        line,
      ).toContain(flag);
  }
});

test('a word has one sense and is no command itself', () => {
  const words = SENSES.flatMap((sense) => sense.words);
  expect(new Set(words).size).toBe(words.length);
  expect(words.filter((word) => commands.some((command) => command.name() === word))).toEqual([]);
});

test.each([
  ['top', 'claude-mem monit'],
  ['ps', 'claude-mem status'],
  ['ls', 'claude-mem leaks --all'],
  ['cleanup', 'claude-mem reap'],
  ['kill', 'claude-mem reap --dry-run'],
  ['up', 'claude-mem start'],
  ['down', 'claude-mem stop'],
  ['UP', 'claude-mem start'],
])('%s suggests %s', (word, expected) => {
  expect(suggestBySense(word)).toContain(expected);
});

test('an unknown command is exit 2, and the suggestion by sense replaces the one by spelling', async () => {
  const { run, json } = aHome();
  const { status, stdout, stderr } = await run(['top', '-n', '1']);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^claude-mem: unknown command 'top'\nUse instead:\n {2}claude-mem monit {10}show/);
  expect(stderr).not.toContain('Did you mean');
  expect((await json(['kill'])).report.error).toEqual({
    code: 'usage',
    message: "unknown command 'kill'",
    hint: expect.stringContaining('claude-mem reap') as unknown,
  });
  expect((await run(['statue'])).stderr).toContain('(Did you mean status?)');
});
