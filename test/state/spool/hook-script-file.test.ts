import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { HOOK_SCRIPT } from '../../../src/core/hooks/hook-script.ts';
import { hookScriptPath, writeHookScript } from '../../../src/state/spool/hook-script-file.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

/** A data dir whose script has this text. */
function withScript(text: string) {
  const dataDir = tempDir();
  const path = join(dataDir, 'bin', 'hook');
  mkdirSync(dirname(path));
  writeFileSync(path, text, { mode: 0o700 });
  return { dataDir, path, written: () => (writeHookScript(dataDir, 'linux'), readFileSync(path, 'utf8')) };
}

test('the script is written with its folder, private and executable', () => {
  const dataDir = tempDir();
  writeHookScript(dataDir, 'linux');
  const path = join(dataDir, 'bin', 'hook');
  expect(readFileSync(path, 'utf8')).toBe(HOOK_SCRIPT);
  expect([statSync(path).mode & 0o777, statSync(dirname(path)).mode & 0o777]).toEqual([0o700, 0o700]);
});

test('a second write changes nothing', () => {
  const { path, written } = withScript('');
  written();
  const { ino, mtimeNs } = statSync(path, { bigint: true });
  written();
  expect(statSync(path, { bigint: true })).toMatchObject({ ino, mtimeNs });
});

test('a script of a newer claude-mem stays', () => {
  const newer = HOOK_SCRIPT.replace(/version \d+/, 'version 999');
  expect(withScript(newer).written()).toBe(newer);
});

test.each([
  ['an older script', HOOK_SCRIPT.replace(/version \d+/, 'version 0')],
  ['a damaged script', HOOK_SCRIPT.slice(0, -1)],
  ['another file', 'echo'],
])('%s is replaced', (_, text) => {
  expect(withScript(text).written()).toBe(HOOK_SCRIPT);
});

test('a script that cannot be run is replaced', () => {
  const { path, written } = withScript(HOOK_SCRIPT);
  chmodSync(path, 0o600);
  written();
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

test('a link in place of the script is replaced and not followed', () => {
  const dataDir = tempDir();
  const target = join(dataDir, 'target');
  mkdirSync(join(dataDir, 'bin'));
  symlinkSync(target, join(dataDir, 'bin', 'hook'));
  writeHookScript(dataDir, 'linux');
  expect(lstatSync(join(dataDir, 'bin', 'hook')).isFile()).toBe(true);
  expect(existsSync(target)).toBe(false);
});

test('a file in place of the folder is an error that names the path', () => {
  const dataDir = tempDir();
  writeFileSync(join(dataDir, 'bin'), '');
  expect(() => {
    writeHookScript(dataDir, 'linux');
  }).toThrow(join(dataDir, 'bin'));
});

test('Windows has no script', () => {
  const dataDir = tempDir();
  writeHookScript(dataDir, 'win32');
  expect([hookScriptPath(dataDir, 'win32'), existsSync(join(dataDir, 'bin'))]).toEqual([undefined, false]);
});
