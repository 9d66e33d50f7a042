import { Agent, request } from 'node:http';

export interface WorkerClientOptions {
  readonly host: string;
  readonly port: number;
  /** @throws ClaudeMemError when it cannot be read; undefined where no worker has ever run. */
  readonly readToken: () => string | undefined;
  /** Whether that tree is one of this data dir: a port is not an identity, and what is told is for nobody else. */
  readonly isOurTree: (treeId: string) => boolean;
  /** For both questions together; milliseconds. */
  readonly withinMs: number;
}

/** An answer of the worker is short. */
const MOST_ANSWER_CHARACTERS = 64 * 1024;

/**
 * Delivers an event to the worker of this data dir.
 * @throws Error unless the worker has said within the time that it is stored; it may be stored all the same.
 */
export async function deliverToWorker(event: unknown, options: WorkerClientOptions): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const signal = AbortSignal.timeout(options.withinMs);
  const ask = (path: string, extra: Extra = {}) => askWorker({ ...options, agent, signal, path, ...extra });
  try {
    const token = options.readToken();
    if (token === undefined) throw new Error('there is no token yet: no worker has run on this data dir');
    const { status, body } = await ask('/health');
    const treeId = treeIdOf(body);
    if (status !== 200 || treeId === undefined || !options.isOurTree(treeId)) {
      throw new Error(`what listens on port ${options.port} is no worker of this data dir`);
    }
    const answer = await ask('/api/hook-events', { token, body: JSON.stringify(event) });
    if (answer.status !== 201) throw new Error(`the worker answered ${answer.status}`);
  } finally {
    agent.destroy();
  }
}

interface Extra {
  readonly token?: string;
  readonly body?: string;
}

interface Question extends Extra, Pick<WorkerClientOptions, 'host' | 'port'> {
  readonly agent: Agent;
  readonly signal: AbortSignal;
  readonly path: string;
}

function askWorker({ host, port, agent, signal, path, token, body }: Question) {
  return new Promise<{ readonly status: number; readonly body: string }>((resolve, reject) => {
    const asked = request(
      {
        ...{ host, port, agent, signal, path },
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...(body === undefined
            ? {}
            : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (text.length > MOST_ANSWER_CHARACTERS) asked.destroy(new Error('the answer is too long'));
        });
        response.on('error', reject);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: text });
        });
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

function treeIdOf(body: string): string | undefined {
  try {
    const { treeId } = JSON.parse(body) as { treeId?: unknown };
    return typeof treeId === 'string' ? treeId : undefined;
  } catch {
    // Another program's page.
    return undefined;
  }
}
