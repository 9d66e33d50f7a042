import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { DirectoryResolver } from '../../../src/platform/linux/directory-resolver.ts';
import { useTempDir } from '../../helpers/temp-dir.ts';

const PID = 4242;
const directory = useTempDir();
let dataDir = '';
let resolver = new DirectoryResolver('', '');

/** A data dir with `vectors`, a bystander's directory, and a process that stands in `cwd`. */
beforeEach(() => {
  dataDir = join(directory(), '.claude-mem');
  mkdirSync(join(dataDir, 'vectors'), { recursive: true });
  mkdirSync(join(directory(), 'chroma-backup'));
  mkdirSync(join(directory(), 'proc', String(PID)), { recursive: true });
  symlinkSync(dataDir, join(directory(), 'proc', String(PID), 'cwd'));
  resolver = new DirectoryResolver(join(directory(), 'proc'), dataDir);
});

describe('roleDirectory', () => {
  test.each(['vectors', 'chroma', 'vector-db', 'vectors/', './vectors'])('%s as written needs no resolving', (name) => {
    expect(resolver.roleDirectory(PID, `${dataDir}/${name}`)).toBeUndefined();
  });

  test('a relative one is taken from where the process stands', () => {
    expect(resolver.roleDirectory(PID, 'vectors')).toBe(join(dataDir, 'vectors'));
    expect(resolver.roleDirectory(PID, '../chroma-backup')).toBe(join(directory(), 'chroma-backup'));
  });

  test('a relative one of a process that hides where it stands stays open', () => {
    expect(resolver.roleDirectory(PID + 1, 'vectors')).toBeUndefined();
  });

  test('a directory of ours under another name is ours', () => {
    symlinkSync(dataDir, join(directory(), 'link'));
    expect(resolver.roleDirectory(PID, join(directory(), 'link', 'vectors'))).toBe(join(dataDir, 'vectors'));
  });

  test('our way of naming it is kept when the data dir is a link itself', () => {
    symlinkSync(dataDir, join(directory(), 'home'));
    const linked = new DirectoryResolver(join(directory(), 'proc'), join(directory(), 'home'));
    expect(linked.roleDirectory(PID, join(dataDir, 'vectors'))).toBe(join(directory(), 'home', 'vectors'));
  });

  test("a bystander's directory stays what it is", () => {
    expect(resolver.roleDirectory(PID, join(directory(), 'chroma-backup'))).toBeUndefined();
    expect(resolver.roleDirectory(PID, `${dataDir}/vectors-old`)).toBeUndefined();
  });

  test('a relative one that no longer exists is still told where it was', () => {
    expect(resolver.roleDirectory(PID, 'chroma')).toBe(join(dataDir, 'chroma'));
  });
});

describe('dataDirMark', () => {
  test('is resolved if it exists', () => {
    symlinkSync(dataDir, join(directory(), 'link'));
    expect(resolver.dataDirMark(PID, join(directory(), 'link'))).toBe(dataDir);
    expect(resolver.dataDirMark(PID, '.')).toBe(dataDir);
  });

  test('stays as written if it does not', () => {
    expect(resolver.dataDirMark(PID, '/absent/.claude-mem')).toBe('/absent/.claude-mem');
    expect(resolver.dataDirMark(PID + 1, 'relative')).toBe('relative');
  });
});
