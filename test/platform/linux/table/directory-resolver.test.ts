import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { DirectoryResolver } from '../../../../src/platform/linux/table/directory-resolver.ts';
import { useTempDir } from '../../../helpers/temp-dir.ts';

const PID = 4242;
const directory = useTempDir();
let dataDir = '';
let resolver = new DirectoryResolver('', '');

/** A data dir with `vectors`, another directory, and a process whose working directory is `cwd`. */
beforeEach(() => {
  dataDir = join(directory(), '.claude-mem');
  mkdirSync(join(dataDir, 'vectors'), { recursive: true });
  mkdirSync(join(directory(), 'chroma-backup'));
  mkdirSync(join(directory(), 'proc', String(PID)), { recursive: true });
  symlinkSync(dataDir, join(directory(), 'proc', String(PID), 'cwd'));
  resolver = new DirectoryResolver(join(directory(), 'proc'), dataDir);
});

describe('roleDirectory', () => {
  test.each(['vectors', 'chroma', 'vector-db', 'vectors/', './vectors'])(
    '%s in the data dir needs no resolving',
    (name) => {
      expect(resolver.roleDirectory(PID, `${dataDir}/${name}`)).toBeUndefined();
    },
  );

  test('resolves a relative path from the working directory of the process', () => {
    expect(resolver.roleDirectory(PID, 'vectors')).toBe(join(dataDir, 'vectors'));
    expect(resolver.roleDirectory(PID, '../chroma-backup')).toBe(join(directory(), 'chroma-backup'));
  });

  test('leaves a relative path unresolved if the working directory is hidden', () => {
    expect(resolver.roleDirectory(PID + 1, 'vectors')).toBeUndefined();
  });

  test('recognizes the Chroma directory under another name', () => {
    symlinkSync(dataDir, join(directory(), 'link'));
    expect(resolver.roleDirectory(PID, join(directory(), 'link', 'vectors'))).toBe(join(dataDir, 'vectors'));
  });

  test('keeps the name of the data dir if it is a link', () => {
    symlinkSync(dataDir, join(directory(), 'home'));
    const linked = new DirectoryResolver(join(directory(), 'proc'), join(directory(), 'home'));
    expect(linked.roleDirectory(PID, join(dataDir, 'vectors'))).toBe(join(directory(), 'home', 'vectors'));
  });

  test('resolves an unrelated directory to its real path', () => {
    expect(resolver.roleDirectory(PID, join(directory(), 'chroma-backup'))).toBeUndefined();
    expect(resolver.roleDirectory(PID, `${dataDir}/vectors-old`)).toBeUndefined();
  });

  test('makes the relative path of a removed directory absolute', () => {
    expect(resolver.roleDirectory(PID, 'chroma')).toBe(join(dataDir, 'chroma'));
  });
});

describe('dataDirMark', () => {
  test('resolves a data dir mark whose directory exists', () => {
    symlinkSync(dataDir, join(directory(), 'link'));
    expect(resolver.dataDirMark(PID, join(directory(), 'link'))).toBe(dataDir);
    expect(resolver.dataDirMark(PID, '.')).toBe(dataDir);
  });

  test('keeps a data dir mark as written if its directory does not exist', () => {
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

  /**
   * A folder with the contents that another mount namespace shows at `/`; `home` is the data dir of this test in it.
   */
  function anotherRoot(): { root: string; home: string } {
    const root = join(directory(), 'their-root');
    const home = join(root, directory());
    mkdirSync(home, { recursive: true });
    return { root, home };
  }

  test('the same path in another mount namespace is another directory, even if it does not exist there', () => {
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

  test('a directory mounted in both namespaces is recognized', () => {
    const { root, home } = anotherRoot();
    symlinkSync(dataDir, join(home, '.claude-mem'));
    setView('self', { namespace: 'mnt:[1]', root: '/' });
    setView(PID, { namespace: 'mnt:[2]', root });
    expect(resolver.dataDirMark(PID, dataDir)).toBe(dataDir);
    expect(resolver.roleDirectory(PID, join(dataDir, 'vectors'))).toBeUndefined();
  });

  test('a path of a process with the same root in the same namespace is used as written', () => {
    setView('self', { namespace: 'mnt:[1]', root: '/' });
    setView(PID, { namespace: 'mnt:[1]', root: '/' });
    expect(resolver.dataDirMark(PID, '/absent')).toBe('/absent');
    expect(resolver.roleDirectory(PID, join(dataDir, 'vectors'))).toBeUndefined();
  });

  test('the same path of a process with another root (chroot) is another directory', () => {
    const { root } = anotherRoot();
    setView('self', { namespace: 'mnt:[1]', root: '/' });
    setView(PID, { namespace: 'mnt:[1]', root });
    expect(resolver.dataDirMark(PID, dataDir)).toBe(join(proc(PID), 'root') + dataDir);
  });
});
