import { expect, test } from 'vitest';
import { runProgram } from '../helpers/run-cli.ts';
import { aProject, COUNT, expectToPassInVitest, IMPORTED, PLAY, REQUIRED } from './testing-project.ts';

test.each([
  ['CommonJS', 'a.test.cjs', `const { test } = require('node:test'); ${REQUIRED} ${PLAY}`],
  ['ESM', 'a.test.mjs', `import { test } from 'node:test'; ${IMPORTED} ${PLAY}`],
])('works in node:test, %s', async (_, name, text) => {
  const cwd = aProject({ [name]: text });
  const { stdout, status } = await runProgram(process.execPath, ['--test', name], { home: cwd, cwd });
  expect(stdout).toContain(`pass ${COUNT}`);
  expect(status, stdout).toBe(0);
});

test('works in vitest, pool forks', async () => {
  await expectToPassInVitest('forks', PLAY, COUNT);
});
