import type { Server as HttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { listenPrivately } from '../shared/private-socket.ts';

/** Of our own programs at once. */
const MAX_CONNECTIONS = 512;

/**
 * A second way in to an HTTP server: a socket of the file system, for our own programs. Its folder says who may listen there and who may
 * connect, which a port does not.
 */
export class LocalListener {
  readonly #connections = new WeakSet<Socket>();
  #server: Server | undefined;

  /** Whether a connection came in here: no web page can have made it. */
  isLocal(socket: Socket): boolean {
    return this.#connections.has(socket);
  }

  /** @throws ClaudeMemError `io`. */
  async listen(path: string, http: HttpServer): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#connections.add(socket);
      // Node's documented way to give a connection to an HTTP server: it then bounds and closes it like its own.
      http.emit('connection', socket);
    });
    server.maxConnections = MAX_CONNECTIONS;
    this.#server = server;
    await listenPrivately(server, path);
  }

  /** Takes nobody in any more; resolves when the last one is gone. */
  async close(): Promise<void> {
    const server = this.#server;
    if (server?.listening === true) await new Promise((resolve) => server.close(resolve));
  }
}
