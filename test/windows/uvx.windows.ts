import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, parse, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findUvx, privateUvFolder, type UvxSource } from '../../src/chroma/uvx.ts';
import { createTempDir } from '../helpers/temp-dir.ts';

const STAND_IN = resolve(process.env.CLAUDE_MEM_TEST_PYTHON ?? '');

/** A machine of a user with a blank and an umlaut in the name. */
function machine() {
  const home = join(createTempDir().path, 'Ada Lövelace');
  const dataDir = join(home, '.claude-mem');
  const add = (folder: string, name: string): string => {
    mkdirSync(folder, { recursive: true });
    copyFileSync(STAND_IN, join(folder, name));
    return join(folder, name);
  };
  const find = (given: Partial<UvxSource>) => findUvx({ setting: undefined, env: {}, home, dataDir, ...given });
  return { home, dataDir, add, find };
}

test('uvx.exe is found on the PATH under each of its spellings, in a folder with a blank, in quotes or not', () => {
  const { home, add, find } = machine();
  const folder = join(home, 'My Programs');
  const file = add(folder, 'uvx.exe');
  for (const env of [{ PATH: `C:\\nowhere;${folder}` }, { Path: folder }, { PATH: `"${folder}";C:\\nowhere` }])
    expect(find({ env })).toEqual({ file, prefix: [] });
  expect(find({ env: { PATH: 'My Programs' } })).toMatchObject({ reason: expect.any(String) as unknown });
});

test('uv.exe alone runs as `uv tool run`, and uvx.exe comes first', () => {
  const { home, add, find } = machine();
  const folder = join(home, 'uv');
  const uv = add(folder, 'UV.EXE');
  expect(find({ env: { PATH: folder } })).toEqual({ file: join(folder, 'uv.exe'), prefix: ['tool', 'run'] });
  expect(find({ setting: uv })).toEqual({ file: uv, prefix: ['tool', 'run'] });
  add(folder, 'uvx.exe');
  expect(find({ env: { PATH: folder } })).toEqual({ file: join(folder, 'uvx.exe'), prefix: [] });
});

test('CLAUDE_MEM_UVX names a program with or without its extension, by path or by name', () => {
  const { home, add, find } = machine();
  const folder = join(home, 'My Programs');
  const file = add(folder, 'uvx.exe');
  // A script for another shell, as some installers add it.
  writeFileSync(join(folder, 'uvx'), '#!/bin/sh\n');
  const env = { PATH: folder };
  for (const setting of [file, join(folder, 'uvx'), `${folder.replaceAll('\\', '/')}/uvx`])
    expect(find({ setting })).toMatchObject({ file: expect.stringMatching(/uvx\.exe$/) as unknown, prefix: [] });
  for (const setting of ['uvx', 'uvx.exe']) expect(find({ setting, env })).toEqual({ file, prefix: [] });
  writeFileSync(join(folder, 'other.cmd'), '');
  expect(find({ setting: join(folder, 'other.cmd') })).toMatchObject({ reason: expect.any(String) as unknown });
});

test("uvx.exe is found in the installer's folder and in the private one, and not in a folder that any user can make", () => {
  const { home, dataDir, add, find } = machine();
  const { root } = parse(tmpdir());
  const shared = add(join(root, 'usr', 'local', 'bin'), 'uvx.exe');
  const workingDirectory = process.cwd();
  onTestFinished(() => {
    process.chdir(workingDirectory);
    rmSync(shared);
  });
  // A path without a drive is on the drive of the working directory.
  process.chdir(root);
  expect(find({})).toMatchObject({ reason: expect.any(String) as unknown });
  const ours = add(join(privateUvFolder(dataDir), 'Scripts'), 'uvx.exe');
  expect(find({})).toEqual({ file: ours, prefix: [] });
  const installed = add(join(home, '.local', 'bin'), 'uvx.exe');
  expect(find({})).toEqual({ file: installed, prefix: [] });
});
