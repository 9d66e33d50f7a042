import { request } from 'node:http';

export interface SocketRequest {
  readonly socketPath: string;
  readonly path: string;
  /** GET unless told. */
  readonly method?: 'GET' | 'POST';
  readonly token?: string | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** For the whole answer, in milliseconds. */
  readonly withinMs: number;
  readonly signal?: AbortSignal;
}

export interface SocketAnswer {
  readonly status: number;
  /** Empty if the answer is no JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
}

const MOST_ANSWER_BYTES = 1024 * 1024;

/**
 * Asks an HTTP server that listens on a socket of the file system: whoever may listen there is told by the owner and the mode of its
 * folder, which the port of a machine does not have.
 * @throws Error when nobody listens, or the answer takes too long or is longer than 1 MiB.
 */
export function askSocket({ socketPath, path, method, token, body, withinMs, signal }: SocketRequest) {
  const limit = AbortSignal.timeout(withinMs);
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...(sent === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(sent) }),
  };
  return new Promise<SocketAnswer>((resolve, reject) => {
    const asked = request({
      ...{ socketPath, path, headers, method: method ?? 'GET' },
      // A connection of its own: a kept one would keep this process alive.
      agent: false,
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
    asked.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MOST_ANSWER_BYTES) asked.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: parseObject(Buffer.concat(chunks).toString()) });
      });
    });
    asked.on('error', (error) => {
      reject(limit.aborted ? new Error(`no answer within ${withinMs / 1000} s`) : error);
    });
    asked.end(sent);
  });
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
