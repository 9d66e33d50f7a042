import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CLI, cleanEnvironment, runCliInTerminal, runInTerminal } from '../helpers/run-cli.ts';
import { aHome, cli, expectGone, inShell, living, orphans, writeTreeFile } from './scene.ts';
import { leaksReport, reportedProcess } from './shapes.ts';

const ENTER_SCREEN = '\u001B[?1049h';
const LEAVE_SCREEN = '\u001B[?1049l';
const SHOW_CURSOR = '\u001B[?25h';
const HIDE_CURSOR = '\u001B[?25l';
const CTRL_C = '\u0003';
const EVERY = ['--interval', '200ms'];

interface Line {
  readonly type: string;
  readonly change?: string;
  readonly to?: string | null;
  readonly exitCode?: number;
  readonly reason?: string;
  readonly readings?: number;
  readonly summary?: Readonly<Record<string, number>>;
  readonly process?: { readonly pid: number };
}

const parseLines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

describe('in a pipe', () => {
  test('leaks --watch prints one line per reading and stops after --count readings', async () => {
    const { run } = aHome();
    const { stdout, stderr, status } = await run(['leaks', '--watch', ...EVERY, '--count', '3']);
    // Zombies of other processes may come and go meanwhile.
    const lines = parseLines(stdout).filter(({ type }) => type !== 'change');
    expect(lines.map(({ type }) => type)).toEqual(['reading', 'reading', 'reading', 'end']);
    expect(lines[0]).toEqual({ ...leaksReport, type: 'reading', reading: 1, error: null });
    expect(lines[3]).toEqual({
      ...{ schemaVersion: 1, command: 'leaks', type: 'end' },
      ...{ readings: 3, reason: 'count', exitCode: 0 },
    });
    expect([status, stderr]).toEqual([0, '']);
  });

  test('leaks --watch prints a change for each new leak and each ended process', async () => {
    const { home, dataDir } = aHome();
    const args = [CLI, 'leaks', '--watch', ...EVERY];
    const child = spawn(process.execPath, args, {
      env: cleanEnvironment({ home }),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGTERM'));
    const exit = once(child, 'exit');
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async (isIt: (line: Line) => boolean): Promise<Line> => {
      for (;;) {
        const result = await lines.next();
        if (result.done === true) throw new Error('the stream ended');
        const line = JSON.parse(result.value) as Line;
        if (isIt(line)) return line;
      }
    };
    await next(({ type }) => type === 'reading');
    const left = await orphans(dataDir);
    const isOfThese = (line: Line) => left.pids.includes(line.process?.pid ?? 0);
    const appeared = await next(isOfThese);
    expect(appeared).toMatchObject({ type: 'change', process: reportedProcess });
    await next(({ summary }) => summary?.orphans === 2);
    await left.cleanup();
    await next((line) => isOfThese(line) && (line.change === 'ended' || line.to === 'zombie'));
    child.kill('SIGTERM');
    expect(await next(({ type }) => type === 'end')).toMatchObject({ reason: 'interrupted', exitCode: 130 });
    expect(await exit).toEqual([130, null]);
  });

  test.each([
    [0, false],
    [1, true],
  ])('leaks --watch exits quietly with %i if its reader goes away', async (code, isLeaking) => {
    const { home, dataDir } = aHome();
    if (isLeaking) await orphans(dataDir);
    const script = '"$@" | head -n 1; exit "${PIPESTATUS[0]}"';
    const { stdout, stderr, status } = await inShell(script, cli('leaks', '--watch', ...EVERY), { home });
    expect(parseLines(stdout)).toHaveLength(1);
    expect([status, stderr]).toEqual([code, '']);
  });

  test('leaks --watch marks an incomplete reading and exits with 4', async () => {
    const { run, dataDir } = aHome();
    writeTreeFile(dataDir, '11111111-2222-4333-8444-555555555555.json', 'torn');
    const { stdout, status } = await run(['leaks', '--watch', ...EVERY, '--count', '1']);
    expect(parseLines(stdout)[0]).toMatchObject({ complete: false });
    expect(status).toBe(4);
  });

  test.each([
    [['--watch', '--interval', '199ms'], 'between 200ms and 1d'],
    [['--watch', '--interval', '25h'], 'between 200ms and 1d'],
    [['--watch', '--interval', 'often'], 'not a duration'],
    [['--watch', '--count', '0'], 'not a number of readings'],
    [['--count', '1'], 'need --watch'],
    [['--watch', '--from', 'x.json'], 'cannot be used with'],
  ])('%j is wrong usage', async (args, message) => {
    const { status, stderr, stdout } = await aHome().run(['leaks', ...args]);
    expect(stderr).toContain(message);
    expect([status, stdout]).toEqual([2, '']);
  });
});

describe('in a terminal', () => {
  const watch = (home: string, extra: Partial<Parameters<typeof runCliInTerminal>[1]> = {}, args: string[] = []) =>
    runCliInTerminal(['leaks', '--watch', ...EVERY, ...args], { home, ...extra });

  test('leaks --watch --json streams in a terminal too', async () => {
    const { output, status } = await watch(aHome().home, {}, ['--json', '--count', '1']).ended;
    expect(parseLines(output.replaceAll('\r', '')).map(({ type }) => type)).toEqual(['reading', 'end']);
    expect(status).toBe(0);
  });

  test('q restores the screen and prints the last headline', async () => {
    const { home, dataDir } = aHome();
    await orphans(dataDir);
    const session = watch(home);
    await session.waitFor('Leaked: 1 chroma-mcp');
    session.type('q');
    const { output, status } = await session.ended;
    const [picture = '', after = ''] = output.split(LEAVE_SCREEN);
    expect(picture.split(ENTER_SCREEN)).toHaveLength(2);
    expect(after).toContain('Leaked: 1 chroma-mcp');
    expect(status).toBe(1);
  });

  test('Ctrl-C restores the screen and prints nothing', async () => {
    const session = watch(aHome().home);
    await session.waitFor('No leaks.');
    session.type(CTRL_C);
    const { output, status } = await session.ended;
    expect(output.split(LEAVE_SCREEN)[1]).toBe('');
    expect(status).toBe(130);
  });

  test('keys sort, pause and resume the watch', async () => {
    const session = watch(aHome().home);
    await session.waitFor('s sort: verdict');
    session.type('s');
    await session.waitFor('s sort: memory');
    session.type(' ');
    await session.waitFor('space resume');
    const paused = session.output().length;
    session.type('s');
    await session.waitFor('s sort: age');
    session.type(' ');
    await session.waitFor(() => session.output().slice(paused).includes('space pause'));
    session.type('q');
    expect((await session.ended).status).toBe(0);
  });

  test('r runs reap, which asks; no returns to the watch immediately, yes after a key', async () => {
    const { home, dataDir } = aHome();
    const left = await orphans(dataDir);
    const session = watch(home);
    await session.waitFor('Leaked: 1 chroma-mcp');
    session.type('r');
    await session.waitFor('End this chroma-mcp (2 processes)?');
    const before = session.output().length;
    session.type('n');
    await session.waitFor('No process was ended.');
    await session.waitFor(() => session.output().slice(before).includes(ENTER_SCREEN));
    expect(living(left)).toHaveLength(2);
    const back = session.output().length;
    await session.waitFor(() => session.output().slice(back).includes('Leaked: 1 chroma-mcp'));
    session.type('r');
    await session.waitFor(() => session.output().slice(back).includes('End this chroma-mcp (2 processes)?'));
    session.type('y');
    await session.waitFor('2 processes: 2 exited.');
    await expectGone(left);
    const reaped = session.output().length;
    await session.waitFor(() => session.output().slice(back).includes('Press any key'));
    session.type('x');
    await session.waitFor(() => session.output().slice(reaped).includes('No leaks.'));
    session.type('q');
    expect((await session.ended).status).toBe(0);
  });

  test('r and no redraw a paused watch', async () => {
    const { home, dataDir } = aHome();
    await orphans(dataDir);
    const session = watch(home);
    await session.waitFor('space pause');
    session.type(' ');
    await session.waitFor('space resume');
    const before = session.output().length;
    session.type('r');
    await session.waitFor('End this chroma-mcp (2 processes)?');
    session.type('n');
    await session.waitFor(() => session.output().slice(before).includes('space resume'));
    session.type('q');
    expect((await session.ended).status).toBe(1);
  });

  test('SIGTERM at the question of reap restores the terminal and ends the watch', async () => {
    const { home, dataDir } = aHome();
    const left = await orphans(dataDir);
    // Node sets the terminal back in any case; the shell shows whether the cursor and the lines are as before.
    const shell = `"$@" & pid=$!; echo "pid=$pid."; fg %1; echo "status=$?"; stty -a | tr ';' '\\n' | grep -- -icanon; echo end`;
    const session = runInTerminal('bash', ['-mc', shell, 'sh', ...cli('leaks', '--watch', ...EVERY)], { home });
    await session.waitFor('Leaked: 1 chroma-mcp');
    session.type('r');
    await session.waitFor('End this chroma-mcp (2 processes)?');
    process.kill(Number(/pid=(\d+)\./.exec(session.output())![1]), 'SIGTERM');
    await session.waitFor('status=130');
    const { output } = await session.ended;
    expect(output.slice(output.indexOf('status='))).not.toContain('-icanon');
    expect(output.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(output.lastIndexOf(HIDE_CURSOR));
    expect(living(left)).toHaveLength(2);
  });

  test('--count ends the watch on screen', async () => {
    const { output, status } = await watch(aHome().home, {}, ['--count', '2']).ended;
    expect(output).toContain(LEAVE_SCREEN);
    expect(status).toBe(0);
  });
});
