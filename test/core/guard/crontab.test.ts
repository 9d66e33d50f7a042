import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addCronBlock,
  cronBlock,
  cronCommand,
  hasCronBlock,
  removeCronBlock,
} from '../../../src/core/guard/crontab.ts';
import type { GuardEntry } from '../../../src/core/guard/entry.ts';
import { hostileScript } from './hostile-paths.ts';

const entry = (more: Partial<GuardEntry> = {}): GuardEntry => ({
  ...{ name: 'claude-mem-guard', script: '/home/u/.claude-mem/guard/run.sh', everySeconds: 600 },
  ...more,
});

/** The command as a shell gets it from cron: Vixie cron removes the backslash of `\%`, and `%` begins the standard input. */
function throughVixieCron(command: string): string {
  if (/(?<!\\)%/.test(command)) throw new Error('cron would cut the command');
  return command.replaceAll('\\%', '%').replaceAll('\\\\', '\\');
}

/** The path that the command gives to sh, with a `test` that never finds a file. */
function pathOf(command: string, shell = '/bin/sh'): string {
  const shown = command.replace('test ! -f "$f" || exec /bin/sh "$f"', 'printf %s "$f"');
  return spawnSync(shell, ['-c', shown], { encoding: 'utf8', env: {} }).stdout;
}

const crontabs = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '* * * * * echo 100\\% > /tmp/x',
        'MAILTO=""',
        '# a comment',
        '',
        '@reboot x',
        '\u00e4\u00ff\t*',
        '# END claude-mem-guard-0123abcd',
        '# BEGIN claude-mem-guard-0123abcd (x)',
        '* * * * * x\r',
      ),
      fc.string({ maxLength: 20 }).filter((line) => !line.includes('\n')),
    ),
    { maxLength: 6 },
  )
  .map((lines) => lines.join('\n'));

describe('the block of a guard in a crontab', () => {
  test('removing a block restores every other byte, with and without a final line end', () => {
    fc.assert(
      fc.property(crontabs, (crontab) => {
        const installed = addCronBlock(crontab, entry());
        expect(installed.startsWith(crontab)).toBe(true);
        expect(hasCronBlock(installed, entry())).toBe(true);
        expect(removeCronBlock(installed, 'claude-mem-guard')).toBe(crontab);
      }),
    );
  });

  test('installing twice leaves one block, with the last interval', () => {
    fc.assert(
      fc.property(crontabs, (crontab) => {
        const once = addCronBlock(crontab, entry());
        expect(addCronBlock(once, entry())).toBe(once);
        const other = addCronBlock(once, entry({ everySeconds: 3600 }));
        expect(other.match(/^# BEGIN claude-mem-guard \(/gm)).toHaveLength(1);
        expect(other).toContain('\n0 * * * * /bin/sh');
      }),
    );
  });

  test('lines that a person adds in or below the block survive the removal', () => {
    const [begin, command, end] = cronBlock(entry()).split('\n');
    const edited = ['* * * * * before', begin, command, '* * * * * inside', end, '* * * * * below', ''].join('\n');
    expect(removeCronBlock(edited, 'claude-mem-guard')).toBe('* * * * * before\n* * * * * inside\n* * * * * below\n');
    const appended = `${addCronBlock('unfinished', entry())}* * * * * below\n`;
    expect(removeCronBlock(appended, 'claude-mem-guard')).toBe('unfinished\n* * * * * below\n');
  });

  test('a marker without its end, or an end without its marker, never takes another line with it', () => {
    const [begin, command, end] = cronBlock(entry()).split('\n');
    const rest = '* * * * * a\n* * * * * b\n';
    expect(removeCronBlock(`${String(begin)}\n${rest}`, 'claude-mem-guard')).toBe(rest);
    expect(removeCronBlock(`${rest}${String(end)}\n`, 'claude-mem-guard')).toBe(rest);
    expect(removeCronBlock(`${String(command)}\n${rest}`, 'claude-mem-guard')).toBe(`${String(command)}\n${rest}`);
  });

  test('the guards of two data dirs do not touch each other', () => {
    const other = entry({ name: 'claude-mem-guard-0123abcd', script: '/d/guard/run.sh' });
    const both = addCronBlock(addCronBlock('', entry()), other);
    expect(removeCronBlock(both, 'claude-mem-guard')).toBe(cronBlock(other));
    expect(removeCronBlock(both, other.name)).toBe(cronBlock(entry()));
  });
});

describe('the command of a crontab line', () => {
  test('a usual path is written as it is', () => {
    expect(cronCommand('/home/u/.claude-mem/guard/run.sh')).toBe(
      `/bin/sh -c 'f=/home/u/.claude-mem/guard/run.sh; test ! -f "$f" || exec /bin/sh "$f"'`,
    );
  });

  test('any path survives cron and sh, as one printable ASCII line', () => {
    fc.assert(
      fc.property(hostileScript, (script) => {
        const command = cronCommand(script);
        expect(command).toMatch(/^[ -~]+$/);
        expect(pathOf(throughVixieCron(command))).toBe(script);
      }),
      { numRuns: 40 },
    );
  });

  test.skipIf(spawnSync('fish', ['--version']).status !== 0)('a crontab that sets SHELL to fish runs it too', () => {
    const script = `/a %d/it's "$HOME"\n/guard/run.sh`;
    expect(pathOf(cronCommand(script), 'fish')).toBe(script);
  });

  test('a script that is gone makes no output and no failure', () => {
    const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', cronCommand('/nonexistent/guard/run.sh')]);
    expect([status, String(stdout), String(stderr)]).toEqual([0, '', '']);
  });
});
