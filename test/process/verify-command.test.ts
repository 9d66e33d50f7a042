import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { identify } from '../../scripts/leak/identity.mjs';
import { eventually } from '../helpers/eventually.ts';
import { runCliInTerminal } from '../helpers/run-cli.ts';
import { copyOfProgram, exitOf, launch, TestTree } from './tree-harness.ts';
import {
  endLater,
  expectToEndALeftoverOfDataDir,
  expectToSpareARecordedTree,
  type Report,
  verify,
} from './verify-scenes.ts';

/** Forks twice, with its own session and environment; ends by itself after a minute. */
const DAEMON = '(setsid env -i sleep 60 >/dev/null 2>&1 &)';

describe('the command', () => {
  test('receives stdin, and its stdout, stderr and exit code are passed through', async () => {
    const tree = await TestTree.create();
    const script = 'cat; echo err >&2; echo "$CLAUDE_MEM_VERIFY"';
    const { stdout, stderr, status } = await tree.run(['verify', '--', 'sh', '-c', script], { stdin: 'in\n' });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^in\n[0-9a-f-]{36}\n$/);
    expect(stderr).toBe('err\n✅ PASS: the command left no process behind\n');
  });

  test.each([
    ['the failure of the command takes precedence', `${DAEMON}; exit 7`, 7, 1],
    ['a signal gives 128 plus its number', 'kill -KILL $$', 137, 0],
  ])('%s', async (_, script, status, left) => {
    const result = await verify(['--settle', '100ms', '--reap'], script);
    expect([result.status, result.left.length, result.report.passed]).toEqual([status, left, false]);
  });

  test.each([
    ['the program does not exist', './nothing', 127, 'not-found'],
    ['the program is not executable', './file', 126, 'not-executable'],
  ])('%s', async (_, file, expected, code) => {
    const tree = await TestTree.create();
    writeFileSync(join(tree.home, 'file'), 'x');
    const { status, stderr } = await tree.run(['verify', '--json', '--', file]);
    expect(status).toBe(expected);
    const report = JSON.parse(stderr) as Report;
    expect(report).toMatchObject({ passed: false, error: { code } });
  });

  test('receives the signals sent to verify', async () => {
    const tree = await TestTree.create();
    const ready = join(tree.home, 'ready');
    const script = `trap 'echo got >${ready}.term; exit 9' TERM; echo >${ready}; while :; do sleep 0.05; done`;
    const command = launch(tree, ['verify', '--', 'sh', '-c', script]);
    await eventually('it runs', () => existsSync(ready));
    command.kill('SIGTERM');
    expect([await exitOf(command), existsSync(`${ready}.term`)]).toEqual([9, true]);
  });

  test('receives Ctrl-C once', async () => {
    const tree = await TestTree.create();
    const script = `trap 'echo one' INT; echo ready; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; done; echo end`;
    const terminal = runCliInTerminal(['verify', '--', 'sh', '-c', script], { home: tree.home, env: tree.env() });
    await terminal.waitFor('ready');
    terminal.type('\x03');
    const { output, status } = await terminal.ended;
    expect(output.match(/one/g)).toHaveLength(1);
    expect([status, output.includes('end\r\n')]).toEqual([0, true]);
  });
});

describe('a leftover of the command', () => {
  test('a leftover of the command is found and ended for each of 60 daemons that forked twice, called setsid and cleared their environment', async () => {
    const script = `for i in $(seq 60); do ${DAEMON}; done`;
    const { status, left, stdout } = await verify(['--settle', '0', '--reap'], script);
    expect([status, stdout]).toEqual([1, '']);
    const daemons = left.filter(({ command }) => command === 'sleep 60');
    expect(daemons).toHaveLength(60);
    expect(new Set(daemons.map(({ outcome }) => outcome))).toEqual(new Set(['exited']));
    expect(left.map(({ pid }) => identify(pid)).filter((identity) => identity !== undefined)).toEqual([]);
  });

  test('a leftover of the command is not reported if it ends in time', async () => {
    const { status, report } = await verify(['--settle', '20s'], '(setsid env -i sleep 0.3 &)');
    expect([status, report.passed]).toEqual([0, true]);
    expect(report.scenarios[0]?.settledMs).toBeGreaterThan(0);
  });

  test('may stay with its descendants if it is allowed', async () => {
    const script = `(setsid sh -c "sleep 61 & wait" >/dev/null 2>&1 &); ${DAEMON}`;
    const { status, left, report } = await verify(['--allow', '^sh -c .*61', '--settle', '300ms'], script);
    endLater(report.scenarios.flatMap(({ allowed }) => allowed.map(({ pid }) => pid)));
    expect([status, left.map(({ command }) => command)]).toEqual([1, ['sleep 60']]);
    expect(report.scenarios[0]?.allowed).toHaveLength(2);
  });

  test('a leftover of the command that ignores SIGTERM is killed by --reap after the grace period', async () => {
    const script = `(setsid sh -c 'trap "" TERM; sleep 60 & wait; sleep 60' >/dev/null 2>&1 &)`;
    const { left } = await verify(['--settle', '300ms', '--reap', '--grace', '200ms'], script);
    expect(left.some(({ outcome }) => outcome === 'killed')).toBe(true);
    expect(left.map(({ pid }) => identify(pid)).filter((identity) => identity !== undefined)).toEqual([]);
  });

  test('a leftover of the command is waited for if it ends while the command runs', async () => {
    const tree = await TestTree.create();
    const orphan = join(tree.home, 'orphan');
    const command = launch(tree, ['verify', '--', 'sh', '-c', `(sh -c 'echo $$ >${orphan}' &); exec sleep 60`]);
    const pid = await eventually('it has run', () => existsSync(orphan) && readFileSync(orphan, 'utf8').trim());
    await eventually('nothing is left of it, not even a zombie', () => !existsSync(`/proc/${pid}`));
    command.kill('SIGTERM');
    expect(await exitOf(command)).toBe(143);
  });
});

describe('--reap', () => {
  test('--reap never ends a recorded tree or its descendants', async () => {
    await expectToSpareARecordedTree();
  });

  test('--reap ends a leftover whose environment names the data dir $HOME/mem', async () => {
    await expectToEndALeftoverOfDataDir('$HOME/mem');
  });

  test('--reap ends nothing if records cannot be read', async () => {
    const tree = await TestTree.create();
    execFileSync('mkdir', ['-p', join(tree.dataDir, 'trees')]);
    writeFileSync(join(tree.dataDir, 'trees', '11111111-1111-4111-8111-111111111111.json'), '{');
    const output = join(tree.home, 'report.json');
    const { status } = await tree.run([
      'verify',
      '--json',
      '--output',
      output,
      '--settle',
      '0',
      '--reap',
      '--',
      'sh',
      '-c',
      DAEMON,
    ]);
    const report = JSON.parse(readFileSync(output, 'utf8')) as Report;
    const left = report.scenarios.flatMap((scenario) => scenario.left);
    endLater(left.map(({ pid }) => pid));
    expect([status, report.error?.code]).toEqual([1, 'manifest-unreadable']);
    expect(left.every(({ outcome, pid }) => outcome === null && identify(pid) !== undefined)).toBe(true);
  });
});

describe('without a subreaper', () => {
  test('a leftover is found by its mark, and the limits of the search are reported', async () => {
    const script = '(setsid sleep 60 >/dev/null 2>&1 &)';
    const { status, left, report } = await verify(['--settle', '0', '--reap'], script, copyOfProgram({ koffi: false }));
    expect([status, left.map(({ outcome }) => outcome)]).toEqual([1, ['exited']]);
    expect(report.blindSpot).toMatch(/clears its environment/);
  });
});
