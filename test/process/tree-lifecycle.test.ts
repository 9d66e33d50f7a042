import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isAlive } from '../../scripts/leak/identity.mjs';
import { eventually } from '../helpers/eventually.ts';
import { runCliInTerminal } from '../helpers/run-cli.ts';
import { kill, TestTree } from './tree-harness.ts';
import {
  ALL,
  expectToEndWithItsCommand,
  expectToSpareAnHeir,
  expectToStartAfterDeathOf,
  KEYWORD,
} from './tree-scenes.ts';

describe('start and stop', () => {
  test('a tree starts, is shown by status, and ends without a trace', async () => {
    const tree = await TestTree.create();
    const started = await tree.start(KEYWORD);
    expect(tree.roles()).toEqual(ALL);
    expect(started.processes.map(({ role }) => role)).toEqual(['supervisor', 'worker', 'search']);
    const again = await tree.start(KEYWORD);
    expect(again).toMatchObject({ alreadyRunning: true, treeId: started.treeId });

    const { status, report } = await tree.json(['status']);
    expect(status).toBe(0);
    expect(report).toMatchObject({ running: true, state: 'running', search: { mode: 'keyword' } });
    expect((await tree.run(['leaks'])).status).toBe(0);
    const metrics = await tree.metrics();
    for (const role of ALL) expect(metrics).toContain(`claude_mem_processes{verdict="managed",role="${role}"} 1\n`);

    const { report: stopped } = await tree.stop();
    expect(stopped.ended.map(({ pid }) => pid).sort()).toEqual(started.processes.map(({ pid }) => pid).sort());
    expect((await tree.json(['status'])).status).toBe(3);
    expect(await tree.json(['stop'])).toMatchObject({ status: 0, report: { treeId: null } });
  });

  test('a process that only inherited the marks survives stop and is named', async () => {
    await expectToSpareAnHeir('stop');
  });

  test('two simultaneous starts share one tree', async () => {
    const tree = await TestTree.create();
    const [first, second] = await Promise.all([tree.start(KEYWORD), tree.start(KEYWORD)]);
    expect(first.treeId).toBe(second.treeId);
    expect([first.alreadyRunning, second.alreadyRunning].sort()).toEqual([false, true]);
    expect(tree.roles()).toEqual(ALL);
  });

  test('observations are found after a restart, which ends the old tree first', async () => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    const before = tree.members();
    await tree.observe(await tree.session(), 'slow query', 'the database query was slow');
    const { status, report } = await tree.json(['restart', KEYWORD]);
    expect(status).toBe(0);
    expect(report.ended.map(({ pid }) => pid).sort()).toEqual(before.map(({ pid }) => pid).sort());
    expect(before.filter(isAlive)).toEqual([]);
    expect(tree.roles()).toEqual(ALL);
    expect(await tree.search('slow')).toMatchObject({ mode: 'keyword', titles: ['slow query'] });
  });

  test('a taken port is named with its holder, which survives', async () => {
    const tree = await TestTree.create();
    const server = createServer((_, response) => response.end());
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(tree.port, '127.0.0.1', resolve));
    const { status, stderr } = await tree.run(['start', KEYWORD]);
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`port ${tree.port} is taken by pid ${process.pid} \\(.*node`));
    expect([tree.members(), server.listening]).toEqual([[], true]);
  });

  test('a tree that does not get ready is reported with the last log lines and leaves nothing', async () => {
    const tree = await TestTree.create();
    mkdirSync(join(tree.dataDir, 'memory.db'), { recursive: true });
    const { status, stderr } = await tree.run(['start', KEYWORD]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/Start failed:.*memory\.db/);
    expect(stderr).toMatch(/Last lines of the log:\n.*\n/);
    expect(tree.members()).toEqual([]);
  });

  test('a log that cannot be written is reported and prevents the start', async () => {
    const tree = await TestTree.create();
    const crashLog = join(tree.dataDir, 'logs', 'crash.log');
    mkdirSync(crashLog, { recursive: true, mode: 0o700 });
    const { status, stderr } = await tree.run(['start', KEYWORD]);
    expect([status, stderr.split('\n')[0]]).toEqual([
      1,
      `claude-mem: cannot write ${crashLog}: it is a folder, not a file`,
    ]);
    expect(tree.members()).toEqual([]);
  });

  test('a start that exceeds --timeout ends everything it started', async () => {
    const tree = await TestTree.create();
    const { status, report } = await tree.json(['start', KEYWORD, '--timeout', '1ms']);
    expect(status).toBe(1);
    expect(report.error).toMatchObject({ code: 'not-ready' });
    expect(tree.members()).toEqual([]);
  });

  test('logs -f shows existing lines, then new ones, until Ctrl-C', async () => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    const terminal = runCliInTerminal(['logs', '-f'], { home: tree.home, env: tree.env() });
    await terminal.waitFor('supervisor started');
    const seen = terminal.output().length;
    kill(tree.member('search'));
    await eventually('the new line is shown', () => /search server/i.test(terminal.output().slice(seen)), {
      dump: () => terminal.output(),
    });
    terminal.type('\x03');
    expect((await terminal.ended).status).toBe(0);
    const lines = (await tree.run(['logs', 'worker', '-n', '2', '--json'])).stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ role: 'worker' }, { role: 'worker' }]);
  });

  test('status and logs create nothing', async () => {
    const tree = await TestTree.create();
    expect((await tree.run(['status'])).status).toBe(3);
    expect((await tree.run(['logs'])).status).toBe(0);
    expect(readdirSync(tree.home)).toEqual([]);
  });
});

describe('a death', () => {
  test('a death of the worker makes the supervisor start the next one, without a zombie', async () => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    const before = tree.members();
    kill(tree.member('worker'));
    await eventually('the next generation is ready', async () => {
      const { report } = await tree.json(['status']);
      return (
        report.state === 'running' && report.processes.some(({ role, restarts }) => role === 'worker' && restarts === 1)
      );
    });
    await tree.expectRoles(ALL);
    expect(tree.member('supervisor').pid).toBe(before.find(({ role }) => role === 'supervisor')?.pid);
    expect(before.filter(isAlive)).toHaveLength(1);
    await eventually('no zombie is left', () => zombiesUnder(tree.member('supervisor').pid).length === 0);
    const leaks = JSON.parse((await tree.run(['leaks', '--json'])).stdout) as { summary: Record<string, number> };
    expect(leaks.summary).toMatchObject({ orphans: 0, excess: 0, unverified: 0, staleEntries: 0 });
  });

  test('a death of the supervisor leaves nothing, and the next start works', async () => {
    await expectToStartAfterDeathOf(['supervisor']);
  });
});

describe('in the foreground', () => {
  test('Ctrl-C in a terminal ends the tree', async () => {
    const tree = await TestTree.create();
    const terminal = runCliInTerminal(['start', KEYWORD, '--foreground'], { home: tree.home, env: tree.env() });
    await terminal.waitFor('by keyword');
    expect(tree.roles()).toEqual(ALL);
    terminal.type('\x03');
    expect((await terminal.ended).status).toBe(0);
    expect(tree.members()).toEqual([]);
  });

  test('SIGKILL to the command ends the tree', async () => {
    await expectToEndWithItsCommand('SIGKILL');
  });
});

/** Exited children of a process that have not been waited for. */
function zombiesUnder(parent: number): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return state === 'Z' && Number(ppid) === parent;
    } catch {
      return false;
    }
  });
}
