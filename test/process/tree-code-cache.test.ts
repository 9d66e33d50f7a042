import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { expect, test } from 'vitest';
import { readCode } from '../../src/wiring/entry/code-cache.ts';
import { eventually } from '../helpers/eventually.ts';
import { CLI } from '../helpers/run-cli.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { TestTree } from './tree-harness.ts';
import { KEYWORD } from './tree-scenes.ts';

const PROGRAMS = ['search-server', 'supervisor', 'worker'];

test('the programs of a tree keep their code once they are ready, and the next tree accepts it', async () => {
  const cache = tempDir();
  const folder = join(cache, 'claude-mem-cli', 'code');
  const files = () => (existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')) : []);
  const writtenAt = () => files().map((name) => [name, statSync(join(folder, name)).mtimeMs]);
  const codeOf = (program: string) => files().filter((name) => name.startsWith(`${program}-`));
  const tree = await TestTree.create({ env: { NODE_COMPILE_CACHE: cache } });
  await tree.start(KEYWORD);
  await eventually('all programs have kept their code', () => PROGRAMS.every((name) => codeOf(name).length === 1), {
    dump: files,
  });
  const before = writtenAt();
  await tree.run(['restart', KEYWORD]);
  expect(writtenAt()).toEqual(expect.arrayContaining(before));
  for (const program of PROGRAMS) {
    const source = readFileSync(join(dirname(CLI), 'lib', `${program}.js`), 'latin1');
    const cachedData = readCode(join(folder, codeOf(program)[0]!));
    expect(new Script(source, { cachedData }).cachedDataRejected, program).toBe(false);
  }
  await tree.stop();
});
