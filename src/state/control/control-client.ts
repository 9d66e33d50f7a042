import type { Socket } from 'node:net';
import { errnoOf, isLateAnswer, LateAnswerError } from '../../shared/errors.ts';
import type { NamedPipes } from '../../shared/named-pipes.ts';
import { findControlSocket, openSocket, readGreeting } from './control-socket.ts';

/** Deadline for the greeting, in milliseconds. The kernel still accepts connections for a frozen supervisor. */
const GREETING_MS = 500;
/** Limits on buffered input. A peer answers with one line, and only one request is pending at a time. */
const MAX_LINE_CHARS = 128 * 1024;
const MAX_WAITING_LINES = 64;
/** How many answers to other requests one request skips. A late answer to an earlier request is not an error. */
const MAX_OTHER_ANSWERS = 64;

/** A connection to a supervisor that answers. */
export interface ControlConnection {
  readonly treeId: string;
  readonly version: string;
  /**
   * @throws LateAnswerError if the supervisor does not answer in time; Error if it answers with an error or
   * disconnects.
   */
  request(method: string, params: Record<string, unknown>, timeoutMs: number): Promise<unknown>;
  close(): void;
}

/**
 * Connects to the supervisor of a data dir. Returns undefined if no process listens. Returns `late` if one listens but
 * does not greet within `withinMs` milliseconds: the supervisor is frozen, or the machine is busy. Never throws.
 */
export async function connectToSupervisor(
  dataDir: string,
  { withinMs = GREETING_MS, pipes }: { readonly withinMs?: number; readonly pipes?: NamedPipes | undefined } = {},
): Promise<ControlConnection | 'late' | undefined> {
  const path = findControlSocket(dataDir, pipes);
  if (path === undefined) return undefined;
  const socket = await openSocket(path, pipes).catch((error: unknown) => errnoOf(error));
  if (socket === undefined || typeof socket === 'string') return socket === 'EAGAIN' ? 'late' : undefined;
  const lines = new LineReader(socket);
  const first = await lines
    .next(deadlineOf(withinMs))
    .catch((error: unknown) => (isLateAnswer(error) ? ('late' as const) : undefined));
  const greeting = first === 'late' ? undefined : readGreeting(first);
  if (greeting === undefined) {
    lines.close();
    return first === 'late' || lines.isCrowded ? 'late' : undefined;
  }
  let lastId = 0;
  return {
    ...greeting,
    request: async (method, params, timeoutMs) => {
      const id = (lastId += 1);
      const deadline = deadlineOf(timeoutMs);
      lines.write({ id, method, params });
      for (let others = 0; others < MAX_OTHER_ANSWERS; others += 1) {
        const answer = await lines.next(deadline);
        if (answer.id !== id) continue;
        if (answer.error !== undefined) throw new Error(messageOf(answer.error));
        return answer.result;
      }
      lines.close();
      throw new Error(`the supervisor sent ${MAX_OTHER_ANSWERS} answers that match no request`);
    },
    close: () => {
      lines.close();
    },
  };
}

type Line = Record<string, unknown>;

interface Deadline {
  /** Milliseconds on the monotonic clock. */
  readonly at: number;
  readonly limitMs: number;
}

function deadlineOf(limitMs: number): Deadline {
  return { at: performance.now() + limitMs, limitMs };
}

/** Reads the JSON lines of a socket, one at a time. */
class LineReader {
  readonly #socket: Socket;
  readonly #lines: Line[] = [];
  #rest = '';
  /** Why no more lines follow. */
  #end: string | undefined;
  /** The listen queue of the socket is full, so a process listens. */
  isCrowded = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      this.#receive(chunk);
    });
    socket.on('error', (error) => {
      this.isCrowded = errnoOf(error) === 'EAGAIN';
      socket.destroy();
    });
    socket.on('close', () => {
      this.#giveUp('the supervisor closed the connection');
    });
  }

  write(line: Line): void {
    this.#socket.write(`${JSON.stringify(line)}\n`);
  }

  /** One deadline covers the whole wait: a peer that keeps sending cannot extend it. */
  async next(deadline: Deadline): Promise<Line> {
    const line = this.#lines.shift();
    if (line !== undefined) return line;
    if (this.#end !== undefined) throw new Error(this.#end);
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => {
          // If this process itself was frozen, the answer is already in the socket and is read before an immediate
          // runs.
          setImmediate(() => {
            reject(new LateAnswerError(`the supervisor did not answer within ${deadline.limitMs} ms`));
          });
        },
        Math.max(0, deadline.at - performance.now()),
      );
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return this.next(deadline);
  }

  close(): void {
    this.#giveUp('the connection is closed');
  }

  #receive(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.length > MAX_LINE_CHARS) this.#giveUp(TOO_MUCH);
      if (this.#end !== undefined) return;
      const value = parseLine(line);
      if (value !== undefined) this.#lines.push(value);
    }
    if (this.#rest.length > MAX_LINE_CHARS || this.#lines.length > MAX_WAITING_LINES) this.#giveUp(TOO_MUCH);
    else if (this.#lines.length > 0) this.#wake?.();
  }

  #giveUp(reason: string): void {
    this.#end ??= reason;
    this.#socket.destroy();
    this.#wake?.();
  }
}

const TOO_MUCH = 'the answer of the supervisor is too long';

function parseLine(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Line) : undefined;
  } catch {
    // A peer that sends no JSON is not a supervisor. The wait ends at its deadline.
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}
