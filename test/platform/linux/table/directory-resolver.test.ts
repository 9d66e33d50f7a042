import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { DirectoryResolver } from '../../../../src/platform/linux/table/directory-resolver.ts';
import { useTempDir } from '../../../helpers/temp-dir.ts';

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

describe('of a process in another mount namespace', () => {
  const proc = (pid: number | 'self') => join(directory(), 'proc', String(pid));

  function setView(pid: number | 'self', { namespace, root }: { namespace: string; root: string }): void {
    mkdirSync(join(proc(pid), 'ns'), { recursive: true });
    symlinkSync(namespace, join(proc(pid), 'ns', 'mnt'));
    symlinkSync(root, join(proc(pid), 'root'));
  }

  /** A folder that holds what another mount namespace shows at `/`; `home` is where this test's data dir would be in it. */
  function anotherRoot(): { root: string; home: string } {
    const root = join(directory(), 'their-root');
    const home = join(root, directory());
    mkdirSync(home, { recursive: true });
    return { root, home };
  }

  test('the same path is another directory, whether or not it exists there', () => {
    const { root, home } = anotherRoot();
    setView('self', { namespace: 'mnt:[1]', root: '/' });
    setView(PID, { namespace: 'mnt:[2]', root });
    const theirs = join(proc(PID), 'root') + dataDir;
    expect(resolver.dataDirMark(PID, dataDir)).toBe(theirs);
    expect(resolver.roleDirectory(PID, join(dataDir, 'vectors'))).toBe(`${theirs}/vectors`);
    mkdirSync(join(home, '.claude-mem', 'vectors'), { recursive: true });
    const fresh = new DirectoryResolver(join(directory(), 'proc'), dataDir);
    expect(fresh.dataDirMark(PID, dataDir)).toBe(theirs);
    expect(fresh.roleDirectory(PID, join(dataDir, 'vectors'))).toBe(`${theirs}/vectors`);
  });

  test('a directory that is mounted in both is ours', () => {
    const { root, home } = anotherRoot();
    symlinkSync(dataDir, join(home, '.claude-mem'));
    setView('self', { namespace: 'mnt:[1]', root: '/' });
    setView(PID, { namespace: 'mnt:[2]', root });
    expect(resolver.dataDirMark(PID, dataDir)).toBe(dataDir);
    expect(resolver.roleDirectory(PID, join(dataDir, 'vectors'))).toBeUndefined();
  });

  test('with the same root in the same namespace the path says it all', () => {
    setView('self', { namespace: 'mnt:[1]', root: '/' });
    setView(PID, { namespace: 'mnt:[1]', root: '/' });
    expect(resolver.dataDirMark(PID, '/absent')).toBe('/absent');
    expect(resolver.roleDirectory(PID, join(dataDir, 'vectors'))).toBeUndefined();
  });

  test('with another root in the same namespace (chroot) the same path is another directory', () => {
    const { root } = anotherRoot();
    setView('self', { namespace: 'mnt:[1]', root: '/' });
    setView(PID, { namespace: 'mnt:[1]', root });
    expect(resolver.dataDirMark(PID, dataDir)).toBe(join(proc(PID), 'root') + dataDir);
  });
});
