import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { Log } from '../operations/tree-ports.ts';

/** A request is one short line. */
const MAX_LINE_CHARS = 64 * 1024;

/** Answers one method; what it throws becomes the error of the answer. */
export type ControlMethods = Readonly<Record<string, (params: Record<string, unknown>) => unknown>>;

export interface ControlGreeting {
  readonly claudeMem: 1;
  readonly version: string;
  readonly treeId: string;
}

/**
 * Listens on the control socket: a greeting, then newline-delimited JSON, `{id, method, params}` → `{id, result}` or `{id, error}`.
 * The socket is this user's alone.
 */
export async function listenForControl(
  path: string,
  {
    greeting,
    methods,
    log,
  }: { readonly greeting: ControlGreeting; readonly methods: ControlMethods; readonly log: Log },
): Promise<{ close(): Promise<void> }> {
  // Whoever holds the supervisor's lock is the only one who may listen here; a socket file that is there was left by the dead.
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.write(`${JSON.stringify(greeting)}\n`);
    readLines(socket, (line) => void answer(line, methods, log).then((text) => socket.write(text)));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, resolve);
  });
  // A data dir that somebody else made may be open to others.
  chmodSync(path, 0o600);
  return {
    close: async () => {
      server.close();
      // Whoever asked for the end gets the answer first.
      await turn();
      for (const socket of sockets) socket.end();
    },
  };
}

function readLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_CHARS) socket.destroy();
    for (const line of lines) if (line.trim() !== '') onLine(line);
  });
}

async function answer(line: string, methods: ControlMethods, log: Log): Promise<string> {
  let id: unknown = null;
  try {
    const request = JSON.parse(line) as Record<string, unknown>;
    id = request.id ?? null;
    const method = typeof request.method === 'string' ? methods[request.method] : undefined;
    if (method === undefined) throw new Error(`no such method: ${String(request.method)}`);
    const params = typeof request.params === 'object' && request.params !== null ? request.params : {};
    return `${JSON.stringify({ id, result: await method(params as Record<string, unknown>) })}\n`;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    log.warn('a request on the control socket failed', { message });
    return `${JSON.stringify({ id, error: { message } })}\n`;
  }
}
