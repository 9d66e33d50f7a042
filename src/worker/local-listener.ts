import type { Server as HttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { NamedPipes } from '../shared/named-pipes.ts';
import { listenPrivately } from '../shared/private-socket.ts';

/** Maximum number of simultaneous connections from claude-mem processes. */
const MAX_CONNECTIONS = 512;

export interface LocalPlace {
  readonly path: string;
  /** On a system where the path names a pipe. */
  readonly pipes?: NamedPipes | undefined;
}

/**
 * A second entry to an HTTP server: a Unix socket for claude-mem processes. The permissions of its folder restrict who
 * may listen and connect, which a port cannot.
 */
export class LocalListener {
  readonly #connections = new WeakSet<Socket>();
  #server: Server | undefined;

  /** Whether a connection uses this socket, which no web page can reach. */
  isLocal(socket: Socket): boolean {
    return this.#connections.has(socket);
  }

  /** @throws ClaudeMemError `io`. */
  async listen({ path, pipes }: LocalPlace, http: HttpServer): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#connections.add(socket);
      // Node's documented way to pass a connection to an HTTP server, which then limits and closes it like its own.
      http.emit('connection', socket);
    });
    server.maxConnections = MAX_CONNECTIONS;
    this.#server = server;
    await listenPrivately(server, path, pipes);
  }

  /** Stops accepting; resolves when the last connection is closed. */
  async close(): Promise<void> {
    const server = this.#server;
    if (server?.listening === true) await new Promise((resolve) => server.close(resolve));
  }
}
