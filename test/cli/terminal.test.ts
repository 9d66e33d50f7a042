import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { runCliInTerminal } from '../helpers/run-cli.ts';
import { aHome, cli, expectGone, inShell, living, orphans, recording } from './scene.ts';
import { expectToFit } from './terminal-width.ts';

const ESCAPE = '\u001B';
const CTRL_C = '\u0003';

describe('in a terminal', () => {
  test.each([80, 40])('no line is wider than a terminal of %i columns', async (columns) => {
    await expectToFit(columns);
  });

  test.each([
    [80, /^\d+ +orphan +chroma uv +9 s +120 MB$/m],
    [40, /^\d+ {2}orphan {2}chroma uv$/m],
  ])('a terminal of %i columns shows every fact', async (columns, row) => {
    const { home } = aHome();
    const args = ['leaks', '--verbose', '--from', recording('plugin-worker-killed')];
    const { output, status } = await runCliInTerminal(args, { home, columns }).ended;
    const text = stripVTControlCharacters(output).replaceAll('\r', '');
    expect(status).toBe(1);
    expect(text).toMatch(row);
    const words = text.replace(/\s+/g, '');
    for (const part of ['re-parented to pid 1 (systemd)', 'started by the orphaned wrapper', 'chroma-writer.lock'])
      expect(words).toContain(part.replace(/ /g, ''));
  });

  test('a terminal shows colors unless --no-color or NO_COLOR is set', async () => {
    const { home } = aHome();
    const args = ['leaks', '--from', recording('plugin-worker-killed')];
    const outputOf = async (more: string[], env: Record<string, string>) =>
      (await runCliInTerminal([...args, ...more], { home, env }).ended).output;
    expect(await outputOf([], {})).toContain(`${ESCAPE}[31m`);
    expect(await outputOf(['--no-color'], {})).not.toContain(ESCAPE);
    expect(await outputOf([], { NO_COLOR: '1' })).not.toContain(ESCAPE);
    expect(await outputOf([], { TERM: 'dumb' })).not.toContain(ESCAPE);
  });
});

test('a pipe receives colors only with FORCE_COLOR, which --no-color outweighs', async () => {
  const { home } = aHome();
  const inPipe = async (env: Record<string, string>, ...more: string[]) => {
    const terminal = { NO_COLOR: undefined, TERM: 'xterm-256color', COLORTERM: 'truecolor' };
    const args = cli('leaks', '--from', recording('plugin-worker-killed'), ...more);
    const { stdout } = await inShell('"$@" | cat', args, { home, env: { ...terminal, ...env } });
    expect(stripVTControlCharacters(stdout)).toContain('Leaked: 1 chroma-mcp');
    return stdout.includes(ESCAPE);
  };
  expect(await inPipe({})).toBe(false);
  expect(await inPipe({ FORCE_COLOR: '1', NO_COLOR: '1', TERM: 'dumb' })).toBe(true);
  expect(await inPipe({ FORCE_COLOR: '1' }, '--no-color')).toBe(false);
});

test('JSON has no colors, also with FORCE_COLOR', async () => {
  const { home } = aHome();
  const args = cli('leaks', '--json', '--from', recording('plugin-worker-killed'));
  const { stdout } = await inShell('"$@"', args, { home, env: { NO_COLOR: undefined, FORCE_COLOR: '1' } });
  expect(JSON.parse(stdout)).toMatchObject({ command: 'leaks' });
  expect(stdout).not.toContain(ESCAPE);
});

describe('the confirmation of reap', () => {
  const asked = 'End this chroma-mcp (2 processes)?';

  test.each([
    ['no', 'n', 0],
    ['enter', '\r', 0],
    ['Escape', ESCAPE, 0],
    ['Ctrl-C', CTRL_C, 130],
  ])('reap answered with %s ends nothing', async (_, keys, exit) => {
    const { home, dataDir } = aHome();
    const left = await orphans(dataDir);
    const session = runCliInTerminal(['reap'], { home });
    await session.waitFor(asked);
    session.type(keys);
    const { output, status } = await session.ended;
    expect(stripVTControlCharacters(output)).toContain('No process was ended.');
    expect(status).toBe(exit);
    expect(living(left)).toHaveLength(2);
  });

  test.each([
    ['--no-color', ['--no-color'], {}, false],
    ['FORCE_COLOR=0', [], { FORCE_COLOR: '0' }, false],
    ['FORCE_COLOR before NO_COLOR', [], { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
    ['nothing', [], {}, true],
  ])('the question on stderr obeys %s', async (_, more, env, hasColor) => {
    const { home, dataDir } = aHome();
    await orphans(dataDir);
    const session = runCliInTerminal(['reap', ...more], { home, env });
    await session.waitFor(asked);
    session.type('n');
    const { output } = await session.ended;
    const question = output.slice(output.indexOf(asked) - 40);
    // eslint-disable-next-line no-control-regex -- colors are control characters
    expect(/\u001B\[[39]\dm/.test(question)).toBe(hasColor);
    expect(output).not.toContain('Warning');
  });

  test('reap answered with yes ends the processes in the plan', async () => {
    const { home, dataDir } = aHome();
    const left = await orphans(dataDir);
    const session = runCliInTerminal(['reap'], { home });
    await session.waitFor(asked);
    const late = await orphans(dataDir);
    session.type('y');
    const { output, status } = await session.ended;
    await expectGone(left);
    expect(living(late)).toHaveLength(2);
    const text = stripVTControlCharacters(output);
    expect(text).toContain('2 processes: 2 exited.');
    expect(text).toContain('Still running: 1 chroma-mcp (uv + python), 2 processes');
    expect(status).toBe(1);
  });

  test('reap asks nothing if the plan is empty', async () => {
    const { home } = aHome();
    const { output, status } = await runCliInTerminal(['reap'], { home }).ended;
    expect([status, output]).toEqual([0, 'Nothing to reap.\r\n']);
  });

  test('reap asks about "this process" if the plan has only one', async () => {
    const { home, dataDir } = aHome();
    const left = await orphans(dataDir);
    const session = runCliInTerminal(['reap', '--pid', String(left.pids[1])], { home });
    await session.waitFor('End this process?');
    session.type('n');
    expect((await session.ended).status).toBe(0);
  });
});

describe('reap during its grace period', () => {
  test('reap shows its progress; Ctrl-C waits and kills no process', async () => {
    const { home, dataDir } = aHome();
    const left = await orphans(dataDir, { onSigterm: 'ignore' });
    const session = runCliInTerminal(['reap', '--yes', '--grace', '3s'], { home });
    await session.waitFor('Ended 0 of 2, waiting for the rest …');
    session.type(CTRL_C);
    await session.waitFor('Interrupted: waiting for processes that already received SIGTERM.');
    const { output, status } = await session.ended;
    expect(status).toBe(130);
    expect(stripVTControlCharacters(output)).toContain('still running: received SIGTERM, was not killed');
    expect(living(left)).toHaveLength(2);
  });

  test('a second Ctrl-C kills the remaining processes', async () => {
    const { home, dataDir } = aHome();
    const left = await orphans(dataDir, { onSigterm: 'ignore' });
    const session = runCliInTerminal(['reap', '--yes', '--grace', '1h'], { home });
    await session.waitFor('Ended 0 of 2');
    session.type(CTRL_C);
    await session.waitFor('Interrupted');
    session.type(CTRL_C);
    expect((await session.ended).status).toBe(130);
    await expectGone(left);
  });
});
