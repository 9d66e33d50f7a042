import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { helpWithProgramName, withProgramName } from '../../src/cli/program-name.ts';
import { CLI, runProgram } from '../helpers/run-cli.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const BOLD = '\u001B[1m';

test.each([
  ['/usr/bin/claude-mem', 'claude-mem'],
  ['/usr/bin/claude-mem-cli', 'claude-mem-cli'],
  ['/home/u/clone/dist/cli.js', 'claude-mem'],
  ['/home/u/.npm/_npx/0123/node_modules/.bin/claude-mem-cli', 'npx claude-mem-cli'],
  ['/home/u/project/node_modules/.bin/claude-mem', 'npx claude-mem-cli'],
])('the program called as %s is called again as %s', (path, name) => {
  expect(withProgramName('Run claude-mem reap', path)).toBe(`Run ${name} reap`);
});

describe('under another name', () => {
  test.each([
    ['To end the leaks:  claude-mem reap', 'To end the leaks:  claude-mem-cli reap'],
    ['See: claude-mem leaks --help', 'See: claude-mem-cli leaks --help'],
    ['Run `claude-mem <command> --help` for …', 'Run `claude-mem-cli <command> --help` for …'],
    ['Usage: claude-mem leaks [options]', 'Usage: claude-mem-cli leaks [options]'],
    [`To start it:  ${BOLD}claude-mem start`, `To start it:  ${BOLD}claude-mem-cli start`],
  ])('the command in "%s" has that name', (text, renamed) => {
    expect(withProgramName(text, '/usr/bin/claude-mem-cli')).toBe(renamed);
  });

  test.each([
    'claude-mem is running, http://127.0.0.1:37777',
    '  pid 4711  node /usr/bin/claude-mem search-server',
    '  claude-mem search-server --data-dir /x',
    'claude-mem: unknown command',
    'the claude-mem plugin: claude-memory reap',
  ])('"%s" stays, because it recommends no command', (text) => {
    expect(withProgramName(text, '/usr/bin/claude-mem-cli')).toBe(text);
  });

  test('the examples of a help text have that name', () => {
    const help = 'Examples:\n  claude-mem verify -- npm test  fail (claude-mem leaks)';
    expect(helpWithProgramName(help, '/x/node_modules/.bin/claude-mem-cli')).toBe(
      'Examples:\n  npx claude-mem-cli verify -- npm test  fail (npx claude-mem-cli leaks)',
    );
  });

  test('a hint acts on the data dir of the command that prints it', async () => {
    const [home, dataDir] = [tempDir(), join(tempDir(), 'my data')];
    mkdirSync(dataDir);
    const run = async (command: string) =>
      (await runProgram(CLI, [command, '--data-dir', dataDir], { home })).stdout.replaceAll(/\s+/g, ' ');
    expect(await run('status')).toContain(`claude-mem start --data-dir '${dataDir}'`);
    expect(await run('history')).toContain(`claude-mem start --data-dir '${dataDir}'`);
  });

  test('help, hints and errors recommend the command that the user has', async () => {
    const home = tempDir();
    const bin = join(home, 'bin');
    mkdirSync(bin);
    symlinkSync(CLI, join(bin, 'claude-mem-cli'));
    const run = (...args: string[]) => runProgram(join(bin, 'claude-mem-cli'), args, { home });
    expect((await run('leaks', '--help')).stdout).toContain('Usage: claude-mem-cli leaks');
    expect((await run('leaks', '--wrong')).stderr).toContain('See: claude-mem-cli leaks --help');
    expect((await run('status')).stdout).toContain('To start it:  claude-mem-cli start');
    expect(JSON.parse((await run('leaks', '--wrong', '--json')).stdout)).toMatchObject({
      error: { hint: 'See: claude-mem-cli leaks --help' },
    });
  });
});
