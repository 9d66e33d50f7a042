import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RotatingFile } from '../../src/shared/rotating-file.ts';
import { tempDir } from '../helpers/temp-dir.ts';

function openFile(options = { maxBytes: 10, keep: 2 }) {
  const folder = join(tempDir(), 'logs');
  const path = join(folder, 'worker.log');
  const read = (name = 'worker.log') => readFileSync(join(folder, name), 'utf8');
  return { folder, path, read, file: new RotatingFile(path, options), another: () => new RotatingFile(path, options) };
}

test('creates its folder and file for this user only', () => {
  const { folder, path, file } = openFile();
  file.write('one\n');
  expect([statSync(folder).mode & 0o777, statSync(path).mode & 0o777]).toEqual([0o700, 0o600]);
});

test('keeps the newest lines in the plain file and a limited number of older files', () => {
  const { folder, file, read } = openFile();
  for (const line of ['1111\n', '2222\n', '3333\n', '4444\n', '5555\n', '6666\n', '7777\n']) file.write(line);
  expect(readdirSync(folder).sort()).toEqual(['worker.log', 'worker.log.1', 'worker.log.2']);
  expect([read(), read('worker.log.1'), read('worker.log.2')]).toEqual(['7777\n', '5555\n6666\n', '3333\n4444\n']);
});

test('appends to the file of an earlier run', () => {
  const { file, another, read } = openFile();
  file.write('1111\n');
  another().write('2222\n');
  expect(read()).toBe('1111\n2222\n');
});

test('writes a line larger than the limit into a file of its own', () => {
  const { file, read } = openFile();
  for (const line of ['a\n', `${'b'.repeat(50)}\n`, 'c\n']) file.write(line);
  expect([read(), read('worker.log.1'), read('worker.log.2')]).toEqual(['c\n', `${'b'.repeat(50)}\n`, 'a\n']);
});

test('loses no line when two writers rotate', () => {
  const { file, another, folder, read } = openFile({ maxBytes: 20, keep: 9 });
  const other = another();
  const lines = Array.from({ length: 12 }, (_, index) => `line ${index}\n`);
  lines.forEach((line, index) => {
    (index % 2 === 0 ? file : other).write(line);
  });
  const names = readdirSync(folder);
  const written = names.map(read).join('').split('\n').filter(Boolean);
  expect(written.sort()).toEqual(lines.map((line) => line.trim()).sort());
});

test('continues after the file or its folder was moved or removed', () => {
  const { file, folder, path, read } = openFile({ maxBytes: 1000, keep: 2 });
  file.write('1\n');
  renameSync(path, `${path}.moved`);
  file.write('2\n');
  expect([read(), read('worker.log.moved')]).toEqual(['2\n', '1\n']);
  rmSync(folder, { recursive: true });
  file.write('3\n');
  expect(read()).toBe('3\n');
});

test('never throws and creates no more than its own folder', () => {
  const { path } = openFile();
  const deep = new RotatingFile(join(path, 'a', 'b', 'x.log'), { maxBytes: 10, keep: 1 });
  deep.write('lost\n');
  expect(existsSync(path)).toBe(false);
  mkdirSync(path, { recursive: true });
  const folder = new RotatingFile(path, { maxBytes: 10, keep: 1 });
  folder.write('lost\n');
  folder.close();
});
