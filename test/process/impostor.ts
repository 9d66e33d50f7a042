import { spawn, spawnSync } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { eventually } from '../helpers/eventually.ts';

const NOBODY = 65534;

/**
 * A program of another user: takes the port as soon as it is free, answers like the worker, and reports everything it
 * receives. Ends by itself after two minutes.
 */
const PROGRAM = `
  const { createServer } = require('node:net');
  const { port, treeId } = JSON.parse(process.argv[1]);
  const answers = (text) => {
    const body = text.startsWith('GET') ? { treeId, pid: 1, version: '0.1.0', search: {}, searchServer: {} } : { code: 'x', matches: [], stored: true };
    const status = text.startsWith('GET') || text.includes('/vectors/') ? '200 OK' : '201 Created';
    return 'HTTP/1.1 ' + status + '\\r\\nConnection: close\\r\\nContent-Type: application/json\\r\\n\\r\\n' + JSON.stringify(body);
  };
  const server = createServer((socket) => {
    let text = '';
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      text += chunk;
      process.stdout.write(JSON.stringify(String(chunk)) + '\\n');
      if (text.includes('\\r\\n\\r\\n')) setTimeout(() => socket.end(answers(text)), 20);
    });
  });
  const listen = () => server.listen(port, '127.0.0.1');
  server.on('error', () => setTimeout(listen, 1));
  server.on('listening', () => process.stdout.write('"listening"\\n'));
  listen();
  setTimeout(() => process.exit(), 120_000);
`;

/** Why a second user is not available here; undefined if one is. */
export function noSecondUser(): string | undefined {
  if (process.geteuid?.() !== 0) return 'needs root, to run a program as another user';
  const { status } = spawnSync(process.execPath, ['-e', '0'], { uid: NOBODY, gid: NOBODY, cwd: '/' });
  return status === 0 ? undefined : 'another user cannot run this Node';
}

export interface Impostor {
  /** Resolves when it has the port. */
  listens(): Promise<void>;
  /** Everything it received on any connection. */
  received(): string;
}

/** Starts it as another user. */
export function startImpostor(port: number, treeId: string): Impostor {
  const child = spawn(process.execPath, ['-e', PROGRAM, JSON.stringify({ port, treeId })], {
    ...{ uid: NOBODY, gid: NOBODY, cwd: '/', env: {} },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    listens: () =>
      eventually('the impostor has the port', () => output.startsWith('"listening"')).then(() => undefined),
    received: () => output.replace('"listening"\n', ''),
  };
}
