import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCliInTerminal } from '../helpers/run-cli.ts';
import { aHome } from './scene.ts';

function aLog() {
  const { home, dataDir, run } = aHome();
  mkdirSync(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'logs', 'worker.log');
  writeFileSync(file, 'first line\nsecond line\n', { mode: 0o600 });
  return { home, run, file };
}

test('logs -n 0 shows no line, and does not call the logs empty', async () => {
  const { run, file } = aLog();
  expect(await run(['logs', '-n', '0'])).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect((await run(['logs', '-n', '1'])).stdout).toMatch(/^[^\n]*second line\n$/);
  writeFileSync(file, '');
  expect((await run(['logs', '-n', '0'])).stderr).toBe('The logs are empty.\n');
});

test('logs -n 0 --follow shows only lines that are written later', async () => {
  const { home, file } = aLog();
  const session = runCliInTerminal(['logs', 'worker', '-n', '0', '--follow'], { home });
  // The program reads the old lines before it listens for the interrupt, so a line that appears proves that it follows.
  let written = 0;
  await session.waitFor(() => {
    written += 1;
    appendFileSync(file, `later line ${written}\n`);
    return session.output().includes('later line');
  }, 60_000);
  session.type('\x03');
  const { output, status } = await session.ended;
  expect(status).toBe(0);
  expect(output).not.toMatch(/first line|second line/);
});
