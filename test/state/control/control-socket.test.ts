import { chmodSync, chownSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { askAnswering, findControlSocket } from '../../../src/state/control/control-socket.ts';
import { claimSocketPath } from '../../../src/state/control/control-socket-path.ts';
import { writeLockHolder } from '../../../src/state/locks/lock-holder.ts';
import { createRecords } from '../../../src/state/trees/records.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { TREE } from '../manifests.ts';

const GREETING = `${JSON.stringify({ claudeMem: 1, version: '0.1.0', treeId: TREE })}\n`;

async function listen(path: string, greet: (socket: Socket) => void): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    greet(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
}

/** Too long for a socket path, which would be truncated. */
function longDataDir(): string {
  const dataDir = join(tempDir(), 'x'.repeat(90));
  mkdirSync(dataDir);
  return dataDir;
}

describe('askAnswering', () => {
  test('returns the tree id of a greeting', async () => {
    const dataDir = tempDir();
    await listen(join(dataDir, 'supervisor.sock'), (socket) => socket.write(GREETING));
    expect(await createRecords(dataDir).askAnswering()).toEqual([TREE]);
  });

  test('accepts a greeting in pieces and one of a later version', async () => {
    const dataDir = tempDir();
    const later = GREETING.replace('"claudeMem":1', '"claudeMem":2,"more":[]');
    await listen(join(dataDir, 'supervisor.sock'), (socket) => {
      socket.write(later.slice(0, 20));
      setTimeout(() => socket.write(`${later.slice(20)}and more`), 20);
    });
    expect(await askAnswering(dataDir)).toEqual([TREE]);
  });

  test.each<[string, (socket: Socket) => void]>([
    ['sends nothing', () => undefined],
    ['disconnects', (socket) => socket.end()],
    ['sends another protocol', (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['sends JSON that is not a greeting', (socket) => socket.write('{"treeId":"x"}\n')],
    ['sends null', (socket) => socket.write('null\n')],
    ['sends a path as tree id', (socket) => socket.write(GREETING.replace(TREE, '../../etc'))],
    ['sends a line without end', (socket) => socket.write('x'.repeat(1_000_000))],
  ])('returns nothing for a peer that %s', async (_what, greet) => {
    const dataDir = tempDir();
    await listen(join(dataDir, 'supervisor.sock'), greet);
    expect(await askAnswering(dataDir)).toEqual([]);
  });

  test('returns nothing without a socket, with a file in its place, or with the socket of a killed supervisor', async () => {
    const dataDir = tempDir();
    expect(await askAnswering(dataDir)).toEqual([]);
    expect(await askAnswering(join(dataDir, 'missing'))).toEqual([]);
    writeFileSync(join(dataDir, 'supervisor.sock'), GREETING);
    expect(await askAnswering(dataDir)).toEqual([]);
  });

  test('finds the socket of a long data dir through the holder of its lock', async () => {
    const dataDir = longDataDir();
    const path = join(tempDir(), 'supervisor.sock');
    await listen(path, (socket) => socket.write(GREETING));
    expect(await askAnswering(dataDir)).toEqual([]);
    writeLockHolder(join(dataDir, 'supervisor.lock'), {
      pid: 7,
      command: 'claude-mem start',
      since: 'now',
      socket: path,
    });
    expect(await askAnswering(dataDir)).toEqual([TREE]);
  });
});

describe('claimSocketPath', () => {
  const NOWHERE = { networkTypeOf: () => undefined };

  test('uses the data dir if the path is short enough', () => {
    const claim = (dataDir: string) => claimSocketPath(dataDir, 'supervisor.sock', NOWHERE);
    expect(claim('/home/u/.claude-mem')).toBe('/home/u/.claude-mem/supervisor.sock');
    expect(claim(`/${'x'.repeat(83)}`)).toBe(`/${'x'.repeat(83)}/supervisor.sock`);
  });

  test('counts bytes, not characters', () => {
    const base = tempDir();
    const path = claimSocketPath(`/${'é'.repeat(60)}`, 'supervisor.sock', {
      ...NOWHERE,
      env: { XDG_RUNTIME_DIR: base },
    });
    expect(dirname(dirname(path))).toBe(base);
  });

  test('otherwise uses the runtime folder, else the temp dir, with one stable path per data dir', () => {
    const long = `${tempDir()}/${'x'.repeat(84)}`;
    const base = tempDir();
    const claim = (dataDir: string, runtime?: string) =>
      claimSocketPath(dataDir, 'worker.sock', { ...NOWHERE, env: { XDG_RUNTIME_DIR: runtime } });
    const first = claim(long, base);
    expect(first).toMatch(/claude-mem-[0-9a-f]{16}\/worker\.sock$/);
    expect(dirname(dirname(first))).toBe(base);
    expect(claim(long, base)).toBe(first);
    expect(claim(`${long}y`, base)).not.toBe(first);
    for (const runtime of [undefined, 'relative', long, join(base, 'missing')]) {
      const path = claim(long, runtime);
      onTestFinished(() => {
        rmSync(dirname(path), { recursive: true, force: true });
      });
      expect(path).toMatch(/claude-mem-[0-9a-f]{16}.worker\.sock$/);
      expect(Buffer.byteLength(path)).toBeLessThanOrEqual(100);
    }
  });

  test('uses another folder if the data dir is on a network file system', () => {
    const base = tempDir();
    const surroundings = { networkTypeOf: () => 'fuse.sshfs', env: { XDG_RUNTIME_DIR: base } };
    const path = claimSocketPath(tempDir(), 'supervisor.sock', surroundings);
    expect(path.startsWith(`${base}/claude-mem-`)).toBe(true);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  });

  test.each<[string, (folder: string) => void]>([
    [
      'a folder that others can enter',
      (folder) => {
        mkdirSync(folder);
        chmodSync(folder, 0o755);
      },
    ],
    [
      'a file',
      (folder) => {
        writeFileSync(folder, '');
      },
    ],
    [
      'a link to a folder',
      (folder) => {
        symlinkSync(tempDir(), folder);
      },
    ],
    [
      'a link without a target',
      (folder) => {
        symlinkSync('/nonexistent', folder);
      },
    ],
  ])('uses a folder with another name if its place is taken by %s', (_what, occupy) => {
    const base = tempDir();
    const long = `${tempDir()}/${'x'.repeat(84)}`;
    const claim = () => claimSocketPath(long, 'supervisor.sock', { ...NOWHERE, env: { XDG_RUNTIME_DIR: base } });
    const usual = dirname(claim());
    rmSync(usual, { recursive: true });
    occupy(usual);
    const path = claim();
    onTestFinished(() => {
      rmSync(dirname(path), { recursive: true, force: true });
    });
    expect(dirname(path)).not.toBe(usual);
    expect(statSync(dirname(path))).toMatchObject({ uid: process.geteuid?.() });
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  });

  test('skips a base in which any user can replace the folder', () => {
    const base = tempDir();
    chmodSync(base, 0o777);
    const long = `${tempDir()}/${'x'.repeat(84)}`;
    const path = claimSocketPath(long, 'supervisor.sock', { ...NOWHERE, env: { XDG_RUNTIME_DIR: base } });
    onTestFinished(() => {
      rmSync(dirname(path), { recursive: true, force: true });
    });
    expect(path.startsWith(base)).toBe(false);
  });
});

describe('findControlSocket', () => {
  test('ignores a socket of another user', async (context) => {
    if (process.geteuid?.() !== 0) context.skip('needs root, to give a socket to another user');
    const dataDir = tempDir();
    await listen(join(dataDir, 'supervisor.sock'), (socket) => socket.write(GREETING));
    expect(findControlSocket(dataDir)).toBe(join(dataDir, 'supervisor.sock'));
    chownSync(join(dataDir, 'supervisor.sock'), 65534, 65534);
    expect([findControlSocket(dataDir), await askAnswering(dataDir)]).toEqual([undefined, []]);
  });

  test('ignores a link to a socket', async () => {
    const dataDir = tempDir();
    const other = join(tempDir(), 'other.sock');
    await listen(other, (socket) => socket.write(GREETING));
    symlinkSync(other, join(dataDir, 'supervisor.sock'));
    expect(await askAnswering(dataDir)).toEqual([]);
  });

  test('ignores a socket in a folder that others can enter, even if the lock holder names it', async () => {
    const dataDir = longDataDir();
    const folder = tempDir();
    const path = join(folder, 'supervisor.sock');
    await listen(path, (socket) => socket.write(GREETING));
    const holder = { pid: 7, command: 'claude-mem start', since: 'now', socket: path };
    writeLockHolder(join(dataDir, 'supervisor.lock'), holder);
    expect(await askAnswering(dataDir)).toEqual([TREE]);
    chmodSync(folder, 0o755);
    expect(await askAnswering(dataDir)).toEqual([]);
  });
});
