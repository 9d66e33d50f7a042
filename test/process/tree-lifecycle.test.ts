import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isAlive } from '../../scripts/leak/identity.mjs';
import { eventually } from '../helpers/eventually.ts';
import { startFixtureProcess } from '../helpers/fixture-process.ts';
import { freePort } from '../helpers/free-port.ts';
import { runCliInTerminal } from '../helpers/run-cli.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { exitOf, kill, launch, TestTree } from './tree-harness.ts';

const ALL = ['search', 'supervisor', 'worker'];
const KEYWORD = '--no-chroma';

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

  test.each([
    ['restart', [KEYWORD]],
    ['stop', []],
  ])('a process that only inherited the marks survives %s and is named', async (command, args) => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    const inherited = readFileSync(`/proc/${tree.member('worker').pid}/environ`, 'utf8').split('\0');
    const env = Object.fromEntries(
      inherited.filter((entry) => entry.startsWith('CLAUDE_MEM_')).map((entry) => entry.split('=')),
    ) as Record<string, string>;
    const daemon = await startFixtureProcess({ env, detached: true });
    const { status, report } = await tree.json([command, ...args]);
    expect([status, report.left.map(({ pid }) => pid)]).toEqual([0, [daemon.pid]]);
    expect(daemon.chain.every(isAlive)).toBe(true);
    // It belongs to an old tree now, which the next stop ignores.
    expect((await tree.run(['stop'])).stderr).toBe('');
    await daemon.end();
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
    expect(await tree.search('slow')).toEqual({ mode: 'keyword', titles: ['slow query'] });
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

  test('an invalid setting is named with its file, and affects neither stop nor status', async () => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    writeFileSync(join(tree.dataDir, 'config.json'), '{"chromaIdleSeconds": "soon"}');
    const { status, stderr } = await tree.run(['restart', KEYWORD]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/CLAUDE_MEM_CHROMA_IDLE_SECONDS is "soon" \(from .*config\.json\)/);
    expect((await tree.run(['status'])).status).toBe(0);
    await tree.stop();
  });

  test('a data dir whose path is too long for a socket works', async () => {
    const home = tempDir();
    const tree = await TestTree.create({ home, dataDir: join(home, 'd'.repeat(120)) });
    await tree.start(KEYWORD);
    expect(existsSync(join(tree.dataDir, 'supervisor.sock'))).toBe(false);
    expect(await tree.start(KEYWORD)).toMatchObject({ alreadyRunning: true });
    await tree.stop();
  });

  test('config.json sets the address, and the environment overrides it', async () => {
    const tree = await TestTree.create();
    mkdirSync(tree.dataDir, { mode: 0o700 });
    const [inFile, inEnvironment] = [await freePort(), await freePort()];
    writeFileSync(join(tree.dataDir, 'config.json'), JSON.stringify({ workerPort: inFile, chromaEnabled: false }));
    const port = async (env: Record<string, string | undefined>) => {
      expect((await tree.json(['restart'], { env })).report.error).toBe(null);
      const { report } = await tree.json(['status'], { env });
      expect(report.search.reason).toContain('switched off');
      return (report as { port?: number }).port;
    };
    expect(await port({ CLAUDE_MEM_WORKER_PORT: undefined })).toBe(inFile);
    expect(await port({ CLAUDE_MEM_WORKER_PORT: String(inEnvironment) })).toBe(inEnvironment);
    await tree.stop();
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

  test('a death of the search server makes the worker start the next one', async () => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    const { pid } = tree.member('search');
    const worker = tree.member('worker');
    kill(tree.member('search'));
    await eventually('another one runs', () => tree.roles().includes('search') && tree.member('search').pid !== pid);
    expect(tree.member('worker')).toEqual(worker);
  });

  test.each([[['supervisor']], [['supervisor', 'worker']]])(
    'a death of %j leaves nothing, and the next start works',
    async (roles) => {
      const tree = await TestTree.create();
      await tree.start(KEYWORD);
      for (const member of roles.map((role) => tree.member(role))) kill(member);
      await tree.expectRoles([]);
      expect((await tree.json(['status'])).status).toBe(3);
      await tree.start(KEYWORD);
      expect(tree.roles()).toEqual(ALL);
      const trees = readdirSync(join(tree.dataDir, 'trees')).filter((name) => name.endsWith('.json'));
      const retired = trees.filter((name) =>
        readFileSync(join(tree.dataDir, 'trees', name), 'utf8').includes('retiredAt'),
      );
      expect([trees.length, retired.length]).toEqual([2, 1]);
    },
  );
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

  test.each(['SIGTERM', 'SIGKILL'] as const)('%s to the command ends the tree', async (signal) => {
    const tree = await TestTree.create();
    const command = launch(tree, ['start', KEYWORD, '--foreground']);
    await eventually('it runs', async () => (await tree.json(['status'])).report.state === 'running');
    command.kill(signal);
    await exitOf(command);
    await tree.expectRoles([]);
  });

  test('a changed file restarts the worker, an ignored one does not', async () => {
    const tree = await TestTree.create();
    const folder = tempDir();
    mkdirSync(join(folder, 'node_modules'));
    const command = launch(tree, ['start', KEYWORD, '--foreground', '--watch'], folder);
    await eventually('it runs', async () => (await tree.json(['status'])).report.state === 'running');
    const before = tree.member('worker').pid;
    writeFileSync(join(folder, 'node_modules', 'x.js'), '');
    writeFileSync(join(folder, 'a.log'), '');
    writeFileSync(join(folder, 'code.js'), '');
    await eventually('another worker is ready', async () => {
      const { report } = await tree.json(['status']);
      const worker = report.processes.find(({ role }) => role === 'worker');
      return report.state === 'running' && worker !== undefined && worker.pid !== before;
    });
    expect(tree.log()).toContain('code.js changed');
    expect(tree.log()).not.toMatch(/(?:x\.js|a\.log) changed/);
    command.kill('SIGTERM');
    expect(await exitOf(command)).toBe(0);
    expect(tree.members()).toEqual([]);
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
