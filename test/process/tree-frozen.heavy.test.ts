// Frozen processes, other boots and machines: they wait for time limits, so they take minutes.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAlive, signalIfSame } from '../../scripts/leak/identity.mjs';
import { eventually } from '../helpers/eventually.ts';
import { runCliInTerminal } from '../helpers/run-cli.ts';
import { copyOfProgram, exitOf, kill, launch, TestTree } from './tree-harness.ts';

const ALL = ['search', 'supervisor', 'worker'];
const KEYWORD = '--no-chroma';

describe('a frozen process', () => {
  test('stop ends a frozen worker within the grace period', async () => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    kill(tree.member('worker'), 'SIGSTOP');
    await tree.stop('--grace', '1s');
  });

  test('start waits for a frozen supervisor until its timeout, names it and ends nothing; restart ends it', async () => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    const supervisor = tree.member('supervisor');
    kill(supervisor, 'SIGSTOP');
    const { status, stderr } = await tree.run(['start', KEYWORD, '--timeout', '1s']);
    expect(status).toBe(1);
    expect(stderr).toContain(`(pid ${supervisor.pid}) did not answer for`);
    expect(tree.roles()).toEqual(ALL);
    expect((await tree.run(['status'])).status).toBe(1);
    const { report } = await tree.json(['restart', KEYWORD, '--grace', '1s']);
    expect(report.ok).toBe(true);
    expect(isAlive(supervisor)).toBe(false);
    expect(tree.roles()).toEqual(ALL);
  });

  test('a start killed while it waits for a frozen supervisor leaves nothing', async () => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    const supervisor = tree.member('supervisor');
    kill(supervisor, 'SIGSTOP');
    const start = launch(tree, ['start', KEYWORD]);
    const holder = join(tree.dataDir, 'operation.lock.holder');
    await eventually('it had the turn', () => existsSync(holder));
    await eventually('it gave the turn back to wait', () => !existsSync(holder));
    start.kill('SIGKILL');
    await exitOf(start);
    await tree.expectRoles(ALL);
    kill(supervisor, 'SIGCONT');
    expect(await tree.start(KEYWORD)).toMatchObject({ alreadyRunning: true });
    expect(tree.member('supervisor').pid).toBe(supervisor.pid);
  });

  test('a start killed while it ends a frozen worker leaves no supervisor', async () => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    const worker = tree.member('worker');
    kill(worker, 'SIGSTOP');
    kill(tree.member('supervisor'));
    const start = launch(tree, ['start', KEYWORD]);
    // It has one ready, which waits for its command.
    await eventually('it has spawned one', () => tree.roles().includes('supervisor'));
    start.kill('SIGKILL');
    await exitOf(start);
    await eventually('the one that waited has ended', () => !tree.roles().includes('supervisor'));
    expect(await tree.start(KEYWORD)).toMatchObject({ alreadyRunning: false });
    expect(isAlive(worker)).toBe(false);
    expect(tree.roles()).toEqual(ALL);
  });

  test('a supervisor resumed after a stop that was killed halfway restarts nothing', async () => {
    const tree = await TestTree.create();
    const { treeId } = await tree.start(KEYWORD);
    const supervisor = tree.member('supervisor');
    kill(supervisor, 'SIGSTOP');
    const stop = launch(tree, ['stop', '--grace', '30s']);
    const intent = join(tree.dataDir, 'trees', `${treeId ?? ''}.stop`);
    await eventually('the stop has written its intent', () => existsSync(intent));
    await eventually('the worker is gone', () => !tree.roles().includes('worker'));
    stop.kill('SIGKILL');
    await exitOf(stop);
    kill(supervisor, 'SIGCONT');
    await tree.expectRoles([]);
    expect(await tree.start(KEYWORD)).toMatchObject({ alreadyRunning: false });
    expect(tree.roles()).toEqual(ALL);
  });

  test('start finishes a recorded stop that did nothing yet', async () => {
    const tree = await TestTree.create();
    const { treeId } = await tree.start(KEYWORD);
    writeFileSync(join(tree.dataDir, 'trees', `${treeId ?? ''}.stop`), '{}');
    const next = await tree.start(KEYWORD);
    expect(next.alreadyRunning).toBe(false);
    expect(next.treeId).not.toBe(treeId);
    expect(tree.roles()).toEqual(ALL);
  });

  test('a suspended stop (Ctrl-Z) keeps the lock; after it resumes, both commands finish', async () => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    kill(tree.member('supervisor'), 'SIGSTOP');
    const stop = launch(tree, ['stop', '--grace', '5s']);
    const holder = join(tree.dataDir, 'operation.lock.holder');
    await eventually('it has the turn', () => existsSync(holder));
    stop.kill('SIGSTOP');
    const start = tree.json(['start', KEYWORD]);
    expect((JSON.parse(readFileSync(holder, 'utf8')) as { pid: number }).pid).toBe(stop.pid);
    expect((await tree.json(['status'])).report.running).toBe(true);
    stop.kill('SIGCONT');
    expect(await exitOf(stop)).toBe(0);
    expect((await start).report).toMatchObject({ ok: true, alreadyRunning: false });
    expect(tree.roles()).toEqual(ALL);
  });
});

describe('other boots and machines', () => {
  test('an upgraded program classifies, stops and restarts the tree of the old version', async () => {
    const tree = await TestTree.create();
    const old = copyOfProgram({ version: '0.0.7' });
    expect((await tree.json(['start', KEYWORD], { cli: old })).report.ok).toBe(true);
    expect(await tree.json(['status'])).toMatchObject({ status: 0, report: { version: '0.0.7', state: 'running' } });
    expect((await tree.run(['leaks'])).status).toBe(0);
    expect(await tree.start(KEYWORD)).toMatchObject({ alreadyRunning: true });
    const { report } = await tree.json(['restart', KEYWORD]);
    expect([report.ok, tree.roles()]).toEqual([true, ALL]);
    expect((await tree.json(['status'])).report.version).not.toBe('0.0.7');
    await tree.stop();
  });

  test.each([
    ['after a reboot', { bootId: 'another-boot' }],
    ['after the container was recreated on the same volume', { pidNamespace: '4026539999' }],
    [
      'after the volume was moved to a container of another machine',
      { machineId: 'another-machine', bootId: 'another-boot', pidNamespace: '4026539999' },
    ],
  ])('%s start works and nothing is reported as a leak', async (_, changes) => {
    const tree = await TestTree.create();
    const { treeId } = await tree.start(KEYWORD);
    for (const member of tree.members()) signalIfSame(member, 'SIGKILL');
    await tree.expectRoles([]);
    const file = join(tree.dataDir, 'trees', `${treeId ?? ''}.json`);
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...manifest, ...changes }));
    await tree.start(KEYWORD);
    expect(tree.roles()).toEqual(ALL);
    const { stdout, status } = await tree.run(['leaks', '--json']);
    expect((JSON.parse(stdout) as { summary: unknown }).summary).toMatchObject({
      orphans: 0,
      excess: 0,
      unverified: 0,
    });
    expect(status).toBe(0);
  });

  test('simultaneous starts, stops and reaps end in a consistent state', async () => {
    const tree = await TestTree.create();
    const commands = [
      ['start', KEYWORD],
      ['stop'],
      ['start', KEYWORD],
      ['reap', '--yes'],
      ['stop'],
      ['start', KEYWORD],
    ];
    const results = await Promise.all(commands.map((command) => tree.run(command)));
    // A start that waits for readiness may have its tree stopped meanwhile; nothing else may fail.
    for (const { status, stderr } of results) expect([0, 1], stderr).toContain(status);
    const { report } = await tree.json(['status']);
    if (report.running) expect(tree.roles()).toEqual(ALL);
    else expect(tree.members()).toEqual([]);
    await tree.stop();
  });

  test('an open prompt of reap does not block stop', async () => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    kill(tree.member('search'), 'SIGSTOP');
    for (const role of ['supervisor', 'worker']) kill(tree.member(role));
    await tree.expectRoles(['search']);
    const terminal = runCliInTerminal(['reap'], { home: tree.home, env: tree.env() });
    await terminal.waitFor(/end .*\?|y\/N|Yes/i);
    await tree.stop('--grace', '100ms');
    terminal.type('\x03');
    await terminal.ended;
  });

  test('a tree starts and stops without koffi and setpriv', async () => {
    const tree = await TestTree.create({ cli: copyOfProgram({ koffi: false }) });
    await tree.start(KEYWORD);
    expect(tree.log()).toContain('"adoptsOrphans":false');
    kill(tree.member('worker'));
    await eventually(
      'the next one runs',
      async () => (await tree.json(['status'])).report.processes[1]?.restarts === 1,
    );
    await tree.expectRoles(ALL);
    await tree.stop();
  });
});
