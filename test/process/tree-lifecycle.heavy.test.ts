import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../helpers/eventually.ts';
import { freePort } from '../helpers/free-port.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { exitOf, kill, launch, TestTree } from './tree-harness.ts';
import { expectToEndWithItsCommand, expectToSpareAnHeir, expectToStartAfterDeathOf, KEYWORD } from './tree-scenes.ts';

test('a process that only inherited the marks survives restart and is named', async () => {
  await expectToSpareAnHeir('restart', KEYWORD);
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

test('the death of the search server makes the worker start the next one', async () => {
  const tree = await TestTree.create();
  await tree.start(KEYWORD);
  const { pid } = tree.member('search');
  const worker = tree.member('worker');
  kill(tree.member('search'));
  await eventually('another one runs', () => tree.roles().includes('search') && tree.member('search').pid !== pid);
  expect(tree.member('worker')).toEqual(worker);
});

test('the death of supervisor and worker leaves nothing, and the next start works', async () => {
  await expectToStartAfterDeathOf(['supervisor', 'worker']);
});

test('SIGTERM to a command in the foreground ends the tree', async () => {
  await expectToEndWithItsCommand('SIGTERM');
});

test('a changed file restarts the worker of start --watch, an ignored one does not', async () => {
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
