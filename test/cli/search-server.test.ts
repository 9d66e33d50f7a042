import { expect, test } from 'vitest';
import { runCliInTerminal } from '../helpers/run-cli.ts';
import { aHome } from './scene.ts';

test('search-server in a terminal says that it waits for a client and how to add it, and Ctrl-C ends it', async () => {
  const { home, dataDir } = aHome();
  const session = runCliInTerminal(['search-server', '--data-dir', dataDir], { home, columns: 300 });
  await session.waitFor(`claude mcp add memory -- claude-mem search-server --data-dir ${dataDir}`, 60_000);
  await session.waitFor('Ctrl-C', 60_000);
  session.type('\x03');
  // 130 before the server has loaded.
  expect([0, 130]).toContain((await session.ended).status);
});

test('search-server prints nothing for a client that connects a pipe', async () => {
  expect(await aHome().run(['search-server'])).toMatchObject({ status: 0, stdout: '', stderr: '' });
});
