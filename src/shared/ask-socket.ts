import { request, type RequestOptions } from 'node:http';
import { connectToPipe, type NamedPipes } from './named-pipes.ts';

export interface SocketRequest {
  readonly socketPath: string;
  /** On a system where `socketPath` names a pipe. */
  readonly pipes?: NamedPipes | undefined;
  readonly path: string;
  /** Default GET. */
  readonly method?: 'GET' | 'POST';
  readonly token?: string | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Limit for the whole answer, in milliseconds. */
  readonly withinMs: number;
  readonly signal?: AbortSignal;
}

export interface SocketAnswer {
  readonly status: number;
  /** Empty if the answer is not a JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
}

const MOST_ANSWER_BYTES = 1024 * 1024;

/** A server listens but did not answer in time. */
export class LateAnswer extends Error {
  constructor(withinMs: number) {
    super(`no answer within ${withinMs / 1000} s`);
    this.name = 'LateAnswer';
  }
}

/**
 * Sends an HTTP request to a server that listens on a Unix socket. The owner and mode of the socket's folder restrict
 * who can listen there; a TCP port has no such protection.
 * @throws LateAnswer if the answer takes too long; Error if no server listens or the answer exceeds 1 MiB.
 */
export function askSocket({ socketPath, pipes, path, method, token, body, withinMs, signal }: SocketRequest) {
  const limit = AbortSignal.timeout(withinMs);
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...(sent === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(sent) }),
  };
  return new Promise<SocketAnswer>((resolve, reject) => {
    const asked = request({
      ...{ path, headers, method: method ?? 'GET' },
      ...connectionTo(socketPath, pipes),
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
    asked.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MOST_ANSWER_BYTES) asked.destroy(new Error('the answer is longer than 1 MiB'));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: parseObject(Buffer.concat(chunks).toString()) });
      });
    });
    asked.on('error', (error) => {
      reject(limit.aborted ? new LateAnswer(withinMs) : error);
    });
    asked.end(sent);
  });
}

/** Without keep-alive: an idle connection would keep this process alive. */
function connectionTo(socketPath: string, pipes: NamedPipes | undefined): RequestOptions {
  if (pipes === undefined) return { socketPath, agent: false };
  return {
    createConnection: (_, done) => {
      connectToPipe(socketPath, pipes).then(
        (socket) => {
          done(null, socket);
        },
        (error: unknown) => {
          done(error as Error, undefined as never);
        },
      );
      return undefined;
    },
  };
}

function parseObject(text: string): SocketAnswer['body'] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // Another program's page, or an empty body.
    return {};
  }
}
