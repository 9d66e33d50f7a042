import type { Socket } from 'node:net';
import { findControlSocket } from './control-socket.ts';

/** How long the greeting may take, in milliseconds; a frozen supervisor's socket still accepts. */
const GREETING_MS = 500;

/** A supervisor that answers. */
export interface ControlConnection {
  readonly treeId: string;
  readonly version: string;
  /**
   * @throws Error when it answers with an error, not in time, or goes away.
   */
  request(method: string, params: Record<string, unknown>, timeoutMs: number): Promise<unknown>;
  close(): void;
}

/** Connects to the supervisor of a data dir; undefined if none answers. Never throws. */
export async function connectToSupervisor(dataDir: string): Promise<ControlConnection | undefined> {
  const path = findControlSocket(dataDir);
  if (path === undefined) return undefined;
  const { createConnection } = await import('node:net');
  const lines = new LineReader(createConnection(path));
  const greeting = await lines.next(GREETING_MS).catch(() => undefined);
  if (greeting === undefined || typeof greeting.treeId !== 'string') {
    lines.close();
    return undefined;
  }
  let lastId = 0;
  return {
    treeId: greeting.treeId,
    version: typeof greeting.version === 'string' ? greeting.version : '?',
    request: async (method, params, timeoutMs) => {
      const id = (lastId += 1);
      lines.write({ id, method, params });
      for (;;) {
        const answer = await lines.next(timeoutMs);
        if (answer.id !== id) continue;
        if (answer.error !== undefined) throw new Error(messageOf(answer.error));
        return answer.result;
      }
    },
    close: () => {
      lines.close();
    },
  };
}

type Line = Record<string, unknown>;

/** The JSON lines of a socket, one at a time. */
class LineReader {
  readonly #socket: Socket;
  readonly #lines: Line[] = [];
  #rest = '';
  #isClosed = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      this.#receive(chunk);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#isClosed = true;
      this.#wake?.();
    });
  }

  write(line: Line): void {
    this.#socket.write(`${JSON.stringify(line)}\n`);
  }

  async next(timeoutMs: number): Promise<Line> {
    const line = this.#lines.shift();
    if (line !== undefined) return line;
    if (this.#isClosed) throw new Error('the supervisor went away');
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`the supervisor did not answer within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return this.next(timeoutMs);
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const value = parseLine(line);
      if (value !== undefined) this.#lines.push(value);
    }
    if (this.#lines.length > 0) this.#wake?.();
  }
}

function parseLine(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Line) : undefined;
  } catch {
    // Whoever speaks no JSON is none of ours; the waiting ends by its deadline.
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}
