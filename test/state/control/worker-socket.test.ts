import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findWorkerSocket, noteWorkerSocket } from '../../../src/state/control/worker-socket.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

async function listen(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
}

async function aDataDir() {
  const dataDir = tempDir();
  const path = join(dataDir, 'worker.sock');
  await listen(path);
  return { dataDir, path };
}

const NOBODY_LISTENS = 'no worker listens on this data dir';
const NOT_CERTAIN = 'is not trusted';

test('finds the worker socket in the data dir', async () => {
  const { dataDir, path } = await aDataDir();
  expect(findWorkerSocket(dataDir)).toBe(path);
});

test('throws without a socket, and with a file, a folder or a link in its place', async () => {
  const dataDir = tempDir();
  const path = join(dataDir, 'worker.sock');
  const find = () => findWorkerSocket(dataDir);
  expect(find).toThrow(NOBODY_LISTENS);
  expect(() => findWorkerSocket(join(dataDir, 'missing'))).toThrow(NOBODY_LISTENS);
  writeFileSync(path, '');
  expect(find).toThrow(NOBODY_LISTENS);
  rmSync(path);
  mkdirSync(path);
  expect(find).toThrow(NOBODY_LISTENS);
  rmSync(path, { recursive: true });
  const { path: other } = await aDataDir();
  symlinkSync(other, path);
  expect(find).toThrow(NOBODY_LISTENS);
});

test.each([0o777, 0o770, 0o702])('refuses a data dir of mode %o, which others can write to', async (mode) => {
  const { dataDir, path } = await aDataDir();
  chmodSync(dataDir, mode);
  expect(() => findWorkerSocket(dataDir)).toThrow(NOT_CERTAIN);
  chmodSync(dataDir, 0o755);
  expect(findWorkerSocket(dataDir)).toBe(path);
});

test('refuses a socket of another user', async (context) => {
  if (process.geteuid?.() !== 0) context.skip('needs root, to give a socket to another user');
  const { dataDir, path } = await aDataDir();
  chownSync(path, 65534, 65534);
  expect(() => findWorkerSocket(dataDir)).toThrow(NOBODY_LISTENS);
});

test('finds a socket in another folder by the note in the data dir, unless others can enter that folder', async () => {
  const dataDir = tempDir();
  const folder = tempDir();
  const path = join(folder, 'worker.sock');
  await listen(path);
  noteWorkerSocket(dataDir, path);
  expect(findWorkerSocket(dataDir)).toBe(path);
  chmodSync(folder, 0o755);
  expect(() => findWorkerSocket(dataDir)).toThrow(NOT_CERTAIN);
});

test('removes the note once the socket is in the data dir', () => {
  const dataDir = tempDir();
  const note = join(dataDir, 'worker.sock.path');
  noteWorkerSocket(dataDir, '/run/user/7/claude-mem-1/worker.sock');
  expect(readFileSync(note, 'utf8')).toBe('/run/user/7/claude-mem-1/worker.sock\n');
  noteWorkerSocket(dataDir, join(dataDir, 'worker.sock'));
  expect(existsSync(note)).toBe(false);
});
