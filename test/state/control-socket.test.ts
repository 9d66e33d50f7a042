import { chmodSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { askAnswering } from '../../src/state/control-socket.ts';
import { controlSocketPath, ensureSocketFolder } from '../../src/state/control-socket-path.ts';
import { writeLockHolder } from '../../src/state/lock-holder.ts';
import { createRecords } from '../../src/state/records.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { anError } from './an-error.ts';
import { TREE } from './manifests.ts';

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

/** Long enough that a socket in it would have its name cut. */
function longDataDir(): string {
  const dataDir = join(tempDir(), 'x'.repeat(90));
  mkdirSync(dataDir);
  return dataDir;
}

test('on a network file system the socket stands elsewhere', () => {
  const dataDir = tempDir();
  const env = { XDG_RUNTIME_DIR: '/run/user/1' };
  expect(controlSocketPath(dataDir, env, () => undefined)).toBe(join(dataDir, 'supervisor.sock'));
  expect(controlSocketPath(dataDir, env, () => 'fuse.sshfs')).toMatch(
    /^\/run\/user\/1\/claude-mem-\w+\/supervisor\.sock$/,
  );
});

describe('askAnswering', () => {
  test('hears the tree that greets', async () => {
    const dataDir = tempDir();
    await listen(join(dataDir, 'supervisor.sock'), (socket) => socket.write(GREETING));
    expect(await createRecords(dataDir).askAnswering()).toEqual([TREE]);
  });

  test('hears a greeting that comes in pieces, and one of a later version', async () => {
    const dataDir = tempDir();
    const later = GREETING.replace('"claudeMem":1', '"claudeMem":2,"more":[]');
    await listen(join(dataDir, 'supervisor.sock'), (socket) => {
      socket.write(later.slice(0, 20));
      setTimeout(() => socket.write(`${later.slice(20)}and more`), 20);
    });
    expect(await askAnswering(dataDir)).toEqual([TREE]);
  });

  test.each<[string, (socket: Socket) => void]>([
    ['says nothing', () => undefined],
    ['hangs up', (socket) => socket.end()],
    ['says something else', (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['says JSON that is no greeting', (socket) => socket.write('{"treeId":"x"}\n')],
    ['says null', (socket) => socket.write('null\n')],
    ['never comes to an end', (socket) => socket.write('x'.repeat(1_000_000))],
  ])('hears nobody in one who %s', async (_what, greet) => {
    const dataDir = tempDir();
    await listen(join(dataDir, 'supervisor.sock'), greet);
    expect(await askAnswering(dataDir)).toEqual([]);
  });

  test('hears nobody where there is no socket, a file in its place, or one that a killed supervisor left', async () => {
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

describe('controlSocketPath', () => {
  test('stands in the data dir where the path is short enough', () => {
    expect(controlSocketPath('/home/u/.claude-mem', {})).toBe('/home/u/.claude-mem/supervisor.sock');
    expect(controlSocketPath(`/${'x'.repeat(83)}`, {})).toBe(`/${'x'.repeat(83)}/supervisor.sock`);
  });

  test('counts bytes, not characters', () => {
    expect(controlSocketPath(`/${'é'.repeat(60)}`, { XDG_RUNTIME_DIR: '/run/user/7' })).toMatch(/^\/run\/user\/7\//);
  });

  test('else in the runtime folder, else in the temp dir, for each data dir its own and always the same', () => {
    const long = `/${'x'.repeat(84)}`;
    const first = controlSocketPath(long, { XDG_RUNTIME_DIR: '/run/user/7' });
    expect(first).toMatch(/^\/run\/user\/7\/claude-mem-[0-9a-f]{16}\/supervisor\.sock$/);
    expect(controlSocketPath(long, { XDG_RUNTIME_DIR: '/run/user/7' })).toBe(first);
    expect(controlSocketPath(`${long}y`, { XDG_RUNTIME_DIR: '/run/user/7' })).not.toBe(first);
    for (const env of [{}, { XDG_RUNTIME_DIR: 'relative' }, { XDG_RUNTIME_DIR: long }]) {
      const path = controlSocketPath(long, env);
      expect(path).toMatch(/claude-mem-[0-9a-f]{16}.supervisor\.sock$/);
      expect(Buffer.byteLength(path)).toBeLessThanOrEqual(100);
    }
  });

  test('its folder is for this user alone, or refused', (context) => {
    if (process.platform === 'win32') context.skip('Windows has no modes');
    const path = join(tempDir(), 'claude-mem-1', 'supervisor.sock');
    ensureSocketFolder(path);
    ensureSocketFolder(path);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    chmodSync(dirname(path), 0o755);
    expect(() => {
      ensureSocketFolder(path);
    }).toThrow(anError('io', 'only this user'));
    rmSync(dirname(path), { recursive: true });
    symlinkSync(tempDir(), dirname(path));
    expect(() => {
      ensureSocketFolder(path);
    }).toThrow(anError('io', 'only this user'));
  });
});
