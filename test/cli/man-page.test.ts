import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { helpOf } from '../../src/cli/command.ts';
import { createProgram } from '../../src/cli/program.ts';
import { cliWiring } from '../../src/wiring/cli.ts';

const PAGE = fileURLToPath(new URL('../../docs/man/claude-mem.1', import.meta.url));
const ENV = { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', MANWIDTH: '400', MANROFFOPT: '-c' };

const isMissing = (program: string): boolean => spawnSync(program, ['-h']).error !== undefined;

function ran(program: string, ...args: readonly string[]) {
  return spawnSync(program, [...args], { encoding: 'utf8', env: ENV });
}

test.skipIf(isMissing('groff'))('groff formats the man page without a warning (skipped without groff)', () => {
  const { stderr, status } = ran('groff', '-man', '-ww', '-z', '-Tutf8', PAGE);
  expect([stderr, status]).toEqual(['', 0]);
});

test.skipIf(isMissing('mandoc'))('mandoc accepts the man page (skipped without mandoc)', () => {
  // A page without a date is a warning, and a date would be wrong after the next commit.
  const lines = ran('mandoc', '-T', 'lint', '-W', 'warning', PAGE).stdout.split('\n');
  expect(lines.filter((line) => line !== '' && !line.includes('missing date'))).toEqual([]);
});

test.skipIf(isMissing('groff'))(
  'every option and example of the help can be copied from the man page (skipped without groff)',
  async () => {
    const { stdout } = ran('groff', '-man', '-Tutf8', '-P-cbou', '-rLL=400n', PAGE);
    for (const command of (await createProgram(cliWiring)).commands) {
      for (const { flags } of command.createHelp().visibleOptions(command)) expect(stdout).toContain(flags);
      for (const [line] of helpOf(command).examples) expect(stdout).toContain(line);
    }
  },
);
