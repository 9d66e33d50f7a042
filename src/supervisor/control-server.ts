import { createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { Log } from '../shared/log.ts';
import type { NamedPipes } from '../shared/named-pipes.ts';
import { listenPrivately } from '../shared/private-socket.ts';
import { messageOf } from '../shared/errors.ts';

/** Limit for a request, which is one short line. */
const MAX_LINE_CHARS = 128 * 1024;
/** Unanswered requests per connection. */
const MAX_REQUESTS = 32;
/** Bytes of answers that a peer has not read; one answer has some kilobytes. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** Failed requests per connection, after which the peer is assumed not to be claude-mem. */
const MAX_FAILURES = 32;
const MAX_CONNECTIONS = 256;
const MAX_ID_CHARS = 64;
const MAX_MESSAGE_CHARS = 200;

/** Handles one method; an exception becomes the error of the answer. */
export type ControlMethods = Readonly<Record<string, (params: Record<string, unknown>) => unknown>>;

export interface ControlGreeting {
  readonly claudeMem: 1;
  readonly version: string;
  readonly treeId: string;
}

interface ControlOptions {
  readonly greeting: ControlGreeting;
  readonly methods: ControlMethods;
  readonly log: Log;
  readonly pipes?: NamedPipes | undefined;
}

/**
 * Listens on the control socket: a greeting, then newline-delimited JSON, `{id, method, params}` → `{id, result}` or
 * `{id, error}`. Only this user can connect. The memory a peer can occupy is limited; a connection beyond a limit is
 * closed.
 */
export async function listenForControl(path: string, options: ControlOptions): Promise<{ close(): Promise<void> }> {
  const peers = new Set<Peer>();
  const server = createServer((socket) => {
    if (peers.size >= MAX_CONNECTIONS) dropLongestIdle(peers);
    const peer = new Peer(socket, options, peers);
    peers.add(peer);
    socket.on('close', () => peers.delete(peer));
  });
  // Only the holder of the supervisor's lock may listen here.
  await listenPrivately(server, path, options.pipes);
  return {
    close: async () => {
      server.close();
      // The client that requested the end receives its answer first.
      await turn();
      for (const { socket } of peers) {
        // A peer that never closes its end must not keep this process alive.
        socket.destroySoon();
        socket.unref();
      }
    },
  };
}

/**
 * Closes the longest-idle connection instead of refusing a new one: a refused client would assume that no supervisor
 * runs.
 */
function dropLongestIdle(peers: ReadonlySet<Peer>): void {
  const [oldest] = peers;
  const idle = [...peers].find((peer) => peer.requests === 0) ?? oldest;
  idle?.socket.destroy();
}

/** The peer of one connection. */
class Peer {
  readonly socket: Socket;
  readonly #options: ControlOptions;
  /** Ordered by last request. */
  readonly #peers: Set<Peer>;
  #rest = '';
  #failures = 0;
  /** Number of running requests. */
  requests = 0;

  constructor(socket: Socket, options: ControlOptions, peers: Set<Peer>) {
    this.socket = socket;
    this.#options = options;
    this.#peers = peers;
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: string) => {
      this.#receive(chunk);
    });
    this.#write(JSON.stringify(options.greeting));
  }

  #receive(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (this.socket.destroyed) return;
      if (line.length > MAX_LINE_CHARS) this.#cutOff('a line is too long');
      else if (line.trim() !== '') void this.#serve(line);
    }
    if (this.#rest.length > MAX_LINE_CHARS) this.#cutOff('a line is too long');
  }

  async #serve(line: string): Promise<void> {
    if (this.requests >= MAX_REQUESTS) {
      this.#cutOff('too many unanswered requests');
      return;
    }
    this.requests += 1;
    this.#peers.delete(this);
    this.#peers.add(this);
    const answer = await answerTo(line, this.#options.methods);
    this.requests -= 1;
    if (answer.problem !== undefined) {
      this.#options.log.warn('control request failed', { message: answer.problem });
      this.#failures += 1;
    }
    this.#write(answer.line);
    if (this.#failures > MAX_FAILURES) this.#cutOff('too many failed requests');
  }

  #write(line: string): void {
    if (this.socket.destroyed) return;
    this.socket.write(`${line}\n`);
    if (this.socket.writableLength > MAX_UNREAD_BYTES) this.#cutOff('the peer does not read its answers');
  }

  #cutOff(reason: string): void {
    if (this.socket.destroyed) return;
    this.#options.log.warn('closed a control connection', { reason });
    this.socket.destroy();
  }
}

interface Answer {
  readonly line: string;
  /** Error message of a failed request. */
  readonly problem?: string;
}

/** Never rejects. */
async function answerTo(line: string, methods: ControlMethods): Promise<Answer> {
  let id: string | number | null = null;
  try {
    const request = asRecord(JSON.parse(line));
    id = idOf(request.id);
    const name = typeof request.method === 'string' ? request.method : '';
    // Own properties only: every object inherits `constructor`.
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
    if (method === undefined) throw new Error(`no such method: ${name}`);
    return { line: JSON.stringify({ id, result: await method(asRecord(request.params)) }) };
  } catch (error) {
    const problem = messageOf(error).slice(0, MAX_MESSAGE_CHARS);
    return { line: JSON.stringify({ id, error: { message: problem } }), problem };
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Echoes only short ids. */
function idOf(id: unknown): string | number | null {
  if (typeof id === 'string' && id.length <= MAX_ID_CHARS) return id;
  return typeof id === 'number' ? id : null;
}
