import type { Socket } from 'node:net';

/**
 * Named pipes, which Windows has in the place of sockets. Their names belong to the whole machine, so no folder protects
 * them: the pipe itself admits one user, and a client checks the owner before it connects.
 */
export interface NamedPipes {
  /** @throws ClaudeMemError `usage` if this installation cannot check the owner of a pipe. */
  assertUsable(): Promise<void>;
  /** A new name that cannot be guessed. */
  newPath(): string;
  isPath(text: string): boolean;
  /** Lets only this user open the pipe on which this process listens. @throws Error. */
  restrict(path: string): Promise<void>;
  /**
   * Checks that a process of this user listens on a pipe, without sending it anything.
   * @returns a function that ends the check. Until then no other user can listen under that name.
   * @throws Error with `code`: `ENOENT` if no process listens, `EACCES` if another user may, `EAGAIN` if the server is busy.
   */
  hold(path: string): Promise<() => void>;
}

/** Connects to a program of this user. @throws Error if another user may listen on the pipe, or if no process does. */
export async function connectToPipe(path: string, pipes: NamedPipes): Promise<Socket> {
  const { createConnection } = await import('node:net');
  const release = await pipes.hold(path);
  try {
    return await new Promise<Socket>((resolve, reject) => {
      const socket = createConnection(path);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(socket);
      });
    });
  } finally {
    release();
  }
}
