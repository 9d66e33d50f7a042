import { describe, expect, test } from 'vitest';
import { runCliInTerminal, runInTerminal } from '../helpers/run-cli.ts';
import { aHome, cli, expectGone, living, orphans } from './scene.ts';
import { errorReport } from './shapes.ts';

const ENTER_SCREEN = '\u001B[?1049h';
const LEAVE_SCREEN = '\u001B[?1049l';
const SHOW_CURSOR = '\u001B[?25h';
const HIDE_CURSOR = '\u001B[?25l';
const CTRL_C = '\u0003';
const CTRL_R = '\u0012';
const EVERY = ['--interval', '200ms'];

describe('without a screen', () => {
  test.each([[['monit']], [['status', '--watch']]])(
    '%j in a pipe is wrong usage and names what to use',
    async (args) => {
      const { status, stdout, stderr } = await aHome().run(args);
      expect(stderr).toContain('monit needs a terminal, and its output goes elsewhere');
      expect(stderr).toContain('claude-mem status --json');
      expect([status, stdout]).toEqual([2, '']);
    },
  );

  test('monit --json is wrong usage, as a JSON document', async () => {
    const { status, stdout } = await aHome().run(['monit', '--json']);
    expect([status, JSON.parse(stdout)]).toEqual([2, errorReport('monit', 'usage')]);
  });

  test('a dumb terminal is refused without an escape sequence', async () => {
    const session = runCliInTerminal(['monit'], { home: aHome().home, env: { TERM: 'dumb' } });
    const { output, status } = await session.ended;
    expect(output).toContain('TERM is "dumb"');
    expect(output).not.toContain('\u001B');
    expect(status).toBe(2);
  });

  test('keys from elsewhere than the terminal are refused', async () => {
    const session = runInTerminal('sh', ['-c', '"$@" </dev/null', 'sh', ...cli('monit')], { home: aHome().home });
    const { output, status } = await session.ended;
    expect(output).toContain('its input comes from elsewhere');
    expect(status).toBe(2);
  });

  test.each([
    [['status', '--watch', '--json'], 'cannot be used with'],
    [['status', '--watch', '--open'], 'cannot be used with'],
    [['monit', '--interval', '10ms'], 'between 200ms and 1d'],
  ])('%j is wrong usage', async (args, message) => {
    const { status, stdout, stderr } = await aHome().run(args);
    expect(stdout + stderr).toContain(message);
    expect(status).toBe(2);
  });
});

describe('in a terminal', () => {
  const monit = (home: string, args = ['monit', ...EVERY]) => runCliInTerminal(args, { home, columns: 80, rows: 24 });

  test('status --watch opens monit, and q restores the screen', async () => {
    const session = monit(aHome().home, ['status', '--watch']);
    await session.waitFor('No tree runs. Ctrl-R starts one.');
    session.type('q');
    const { output, status } = await session.ended;
    expect(output.split(ENTER_SCREEN)).toHaveLength(2);
    expect(output.slice(output.indexOf(LEAVE_SCREEN))).not.toContain(HIDE_CURSOR);
    expect(status).toBe(0);
  });

  test('? and l show help and log, q returns from them, and Ctrl-C ends monit with 130', async () => {
    const session = monit(aHome().home);
    await session.waitFor('? help');
    session.type('?');
    await session.waitFor('restart the tree, or start one');
    session.type('q');
    session.type('l');
    await session.waitFor('The selected line has no log.');
    session.type('q');
    const before = session.output().length;
    session.type(' ');
    await session.waitFor(() => session.output().slice(before).includes('paused'));
    session.type(CTRL_C);
    const { output, status } = await session.ended;
    expect(output.split(LEAVE_SCREEN)[1]).toBe('');
    expect(status).toBe(130);
  });

  test('r ends the leaks after the question only, and monit goes on', async () => {
    const { home, dataDir } = aHome();
    const left = await orphans(dataDir);
    const session = monit(home);
    await session.waitFor('Leaked: 1 chroma-mcp');
    session.type('r');
    await session.waitFor('End this chroma-mcp (2 processes)?');
    const asked = session.output().length;
    session.type('n');
    await session.waitFor(() => session.output().slice(asked).includes(ENTER_SCREEN));
    expect(living(left)).toHaveLength(2);
    const back = session.output().length;
    session.type('r');
    await session.waitFor(() => session.output().slice(back).includes('End this chroma-mcp (2 processes)?'));
    // A leak that appears while the user reads is not in the plan.
    const late = await orphans(dataDir);
    session.type('y');
    await session.waitFor('2 processes: 2 exited.');
    await expectGone(left);
    expect(living(late)).toHaveLength(2);
    await session.waitFor(() => session.output().slice(back).includes('Press any key'));
    session.type('x');
    const reaped = session.output().length;
    await session.waitFor(() => session.output().slice(reaped).includes('Leaked: 1 chroma-mcp'));
    session.type('q');
    expect((await session.ended).status).toBe(0);
  });

  test('Ctrl-R asks, and no starts nothing', async () => {
    const { home, run } = aHome();
    const session = monit(home);
    await session.waitFor('No tree runs.');
    session.type(CTRL_R);
    await session.waitFor('Start one, as `claude-mem start` does?');
    const asked = session.output().length;
    session.type('n');
    await session.waitFor(() => session.output().slice(asked).includes(ENTER_SCREEN));
    session.type('q');
    expect((await session.ended).status).toBe(0);
    expect((await run(['status'])).status).toBe(3);
  });

  test.each([['SIGTERM'], ['SIGHUP'], ['SIGINT']] as const)('%s restores the terminal', async (signal) => {
    const { home } = aHome();
    const shell = `"$@" & pid=$!; echo "pid=$pid."; fg %1; echo "status=$?"; stty -a | grep -o -- '-*icanon'`;
    const session = runInTerminal('bash', ['-mc', shell, 'sh', ...cli('monit', ...EVERY)], { home });
    await session.waitFor('No tree runs.');
    process.kill(Number(/pid=(\d+)\./.exec(session.output())![1]), signal);
    const { output } = await session.ended;
    expect(output.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(output.lastIndexOf(HIDE_CURSOR));
    expect(output.slice(output.indexOf(LEAVE_SCREEN)).replaceAll('\r', '')).toMatch(/status=130\nicanon\n$/);
  });
});
