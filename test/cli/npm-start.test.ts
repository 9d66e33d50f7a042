import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runProgram } from '../helpers/run-cli.ts';
import { TestTree } from '../process/tree-harness.ts';

const START = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url));

test('npm start passes the data dir to setup and start, and the other options to start alone', async () => {
  const tree = await TestTree.create();
  const args = ['--no-color', '--data-dir', tree.dataDir, '--port', String(tree.port)];
  // Setup is then done immediately. It would reject an option that it does not know.
  const env = { CLAUDE_MEM_CHROMA_ENABLED: 'false' };
  const { stdout, stderr, status } = await runProgram(process.execPath, [START, ...args], { home: tree.home, env });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain("Chroma's packages: switched off by CLAUDE_MEM_CHROMA_ENABLED");
  expect(stdout).toContain(`claude-mem is running, http://127.0.0.1:${tree.port},`);
  expect(stdout).toContain('Next steps:');
  expect(tree.roles()).toEqual(['search', 'supervisor', 'worker']);
  await tree.stop();
});

test('npm start fails with the exit code of start', async () => {
  const tree = await TestTree.create();
  const { stdout, status } = await runProgram(process.execPath, [START, '--port', 'nope'], {
    home: tree.home,
    env: { CLAUDE_MEM_CHROMA_ENABLED: 'false' },
  });
  expect([status, stdout.includes('Next steps:')]).toEqual([2, false]);
  expect(tree.members()).toEqual([]);
});
