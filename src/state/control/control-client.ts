import type { Socket } from 'node:net';
import { errnoOf, isLateAnswer, LateAnswerError } from '../../shared/errors.ts';
import { findControlSocket, readGreeting } from './control-socket.ts';

/** How long the greeting may take, in milliseconds; a frozen supervisor's socket still accepts. */
const GREETING_MS = 500;
/** Of what a peer may have us keep: an answer is one line, and one request is asked at a time. */
const MAX_LINE_CHARS = 128 * 1024;
const MAX_WAITING_LINES = 64;
/** Answers to something else that a request passes over; a late one of an earlier request is no fault. */
const MAX_OTHER_ANSWERS = 64;

/** A supervisor that answers. */
export interface ControlConnection {
  readonly treeId: string;
  readonly version: string;
  /**
   * @throws LateAnswerError when it does not answer in time; Error when it answers with an error or goes away.
   */
  request(method: string, params: Record<string, unknown>, timeoutMs: number): Promise<unknown>;
  close(): void;
}

/**
 * Connects to the supervisor of a data dir. Undefined if nobody listens there; `late` if somebody listens and has not greeted within
 * `withinMs` milliseconds: a supervisor that is frozen, or that waits for its turn on a busy machine. Never throws.
 */
export async function connectToSupervisor(
  dataDir: string,
  { withinMs = GREETING_MS } = {},
): Promise<ControlConnection | 'late' | undefined> {
  const path = findControlSocket(dataDir);
  if (path === undefined) return undefined;
  const { createConnection } = await import('node:net');
  const lines = new LineReader(createConnection(path));
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
      throw new Error('the supervisor answers what was not asked');
    },
    close: () => {
      lines.close();
    },
  };
}

type Line = Record<string, unknown>;

interface Deadline {
  /** Of the monotonic clock. */
  readonly at: number;
  readonly limitMs: number;
}

function deadlineOf(limitMs: number): Deadline {
  return { at: performance.now() + limitMs, limitMs };
}

/** The JSON lines of a socket, one at a time. */
class LineReader {
  readonly #socket: Socket;
  readonly #lines: Line[] = [];
  #rest = '';
  /** Why nothing more comes. */
  #end: string | undefined;
  /** As many clients wait to be accepted as the kernel lets wait: somebody listens. */
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
      this.#giveUp('the supervisor went away');
    });
  }

  write(line: Line): void {
    this.#socket.write(`${JSON.stringify(line)}\n`);
  }

  /** One deadline for all that is waited for: a peer that keeps sending must not keep us waiting. */
  async next(deadline: Deadline): Promise<Line> {
    const line = this.#lines.shift();
    if (line !== undefined) return line;
    if (this.#end !== undefined) throw new Error(this.#end);
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => {
          // If this process itself was frozen, the answer waits in the socket, and is read before an immediate runs.
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

const TOO_MUCH = 'the supervisor sends more than an answer may be long';

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
