import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { freePort } from '../../test/helpers/free-port.ts';
import { type AvailableStack, prepareSemanticStack } from '../../test/helpers/prepare-semantic-stack.ts';
import { chromaArguments, uvxArguments } from '../leak/chroma-program.ts';
import { verdict, type Benchmark } from './benchmark.ts';
import { median, runToEnd, timeOf } from './timing.ts';
import { CLI } from './program.ts';

const ROUNDS = 7;
const FIRST_ANSWER_TARGET_MS = 2_800;
const STOP_TARGET_MS = 450;
/** A round that takes longer fails, in milliseconds. */
const ANSWER_WITHIN_MS = 60_000;
const POLL_MS = 20;

export const semantic: Benchmark = {
  title: 'A tree with live Chroma: the first answer by meaning, and stop',
  async run({ folder, say }) {
    const stack = await prepareSemanticStack(say);
    if (!stack.available) throw new Error(`the real Chroma is not available: ${stack.reason}`);
    const tree = new MeasuredTree(stack, folder, await freePort());
    const figures: Figures = {
      ...{ ready: [], claim: [], connect: [], query: [], answer: [], sum: [] },
      ...{ stop: [], sdkConnect: [], sdkClose: [] },
    };
    try {
      await tree.fill();
      for (let round = 0; round <= ROUNDS; round += 1) {
        say(`a tree with live Chroma, ${round} of ${ROUNDS} …`);
        const startedAt = performance.now();
        tree.run('start');
        const readyAt = performance.now();
        await tree.answersByMeaning();
        const answeredAt = performance.now();
        const stop = await timeOf(() => {
          tree.run('stop');
        });
        const { claimMs, connectMs } = tree.lastStartOfChroma();
        const sdk = await timeSdk(stack, join(folder, 'data', 'vectors'));
        if (round === 0) continue;
        figures.ready.push(readyAt - startedAt);
        figures.claim.push(claimMs);
        figures.connect.push(connectMs);
        figures.query.push(answeredAt - readyAt - claimMs - connectMs);
        figures.answer.push(answeredAt - readyAt);
        figures.sum.push(answeredAt - startedAt);
        figures.stop.push(stop);
        figures.sdkConnect.push(sdk.connectMs);
        figures.sdkClose.push(sdk.closeMs);
      }
    } finally {
      tree.run('stop');
    }
    return tableOf(figures);
  },
};

/** Times of all rounds, in milliseconds. */
type Figures = Record<
  'ready' | 'claim' | 'connect' | 'query' | 'answer' | 'sum' | 'stop' | 'sdkConnect' | 'sdkClose',
  number[]
>;

function tableOf(figures: Readonly<Figures>) {
  const row = (name: string, values: readonly number[], target?: number): string[] => [
    name,
    seconds(median(values)),
    seconds(Math.max(...values)),
    target === undefined ? '' : `≤ ${seconds(target)}`,
    target === undefined ? '' : verdict(median(values) <= target),
  ];
  return {
    columns: ['', 'median', 'longest', 'target', ''],
    rows: [
      row('`start`, to ready: answers by keyword from here on', figures.ready),
      row('then the first search: lock of the vectors, look for other processes that use them', figures.claim),
      row('then uv and the imports of Python, to the handshake', figures.connect),
      row('then the check of the vectors, the embedding model and the query', figures.query),
      row('the first answer by meaning, after `start` has returned', figures.answer, FIRST_ANSWER_TARGET_MS),
      row('the same, from the call of `start`', figures.sum),
      row('`stop` of the whole tree, with the proof that nothing is left', figures.stop, STOP_TARGET_MS),
      row('for comparison: the same chroma-mcp started by the MCP SDK, to the handshake', figures.sdkConnect),
      row("for comparison: the MCP SDK's own `close()` of chroma-mcp alone", figures.sdkClose),
    ],
    notes: [
      `Of ${ROUNDS} rounds, the real uvx and chroma-mcp, packages cached, 20 observations among the vectors. The first search, which wakes Chroma, is asked as soon as \`start\` returns.`,
      'chroma-mcp does not end when its standard input does, so the SDK waits 2 s for nothing before it sends SIGTERM.',
    ],
  };
}

/** A tree on one data dir with observations to find. */
class MeasuredTree {
  readonly #env: Readonly<Record<string, string>>;
  readonly #dataDir: string;
  readonly #port: number;

  constructor(stack: AvailableStack, folder: string, port: number) {
    const home = join(folder, 'home');
    mkdirSync(join(home, '.cache'), { recursive: true });
    symlinkSync(join(stack.home, '.cache', 'chroma'), join(home, '.cache', 'chroma'));
    this.#dataDir = join(folder, 'data');
    this.#port = port;
    this.#env = {
      ...stack.env,
      HOME: home,
      CLAUDE_MEM_DATA_DIR: this.#dataDir,
      CLAUDE_MEM_WORKER_PORT: String(port),
      CLAUDE_MEM_UVX: stack.uvx,
    };
  }

  run(command: 'start' | 'stop'): void {
    runToEnd(process.execPath, [CLI, command, '--json'], { env: this.#env });
  }

  /** The last start of Chroma, as the worker logged it. */
  lastStartOfChroma(): { readonly claimMs: number; readonly connectMs: number } {
    const lines = readFileSync(join(this.#dataDir, 'logs', 'worker.log'), 'utf8')
      .trim()
      .split('\n');
    const line = lines.findLast((text) => text.includes('"Chroma is ready"'));
    if (line === undefined) throw new Error('the worker logged no start of Chroma');
    return JSON.parse(line) as { claimMs: number; connectMs: number };
  }

  async fill(): Promise<void> {
    this.run('start');
    const { id } = (await this.#ask('POST', '/api/sessions', { project: 'p' })) as { id: string };
    const titles = [
      'the database query was slow',
      ...Array.from({ length: 19 }, (_, index) => `train ${index} was late`),
    ];
    for (const title of titles) {
      await this.#ask('POST', `/api/sessions/${id}/observations`, { type: 'note', title, text: '' });
    }
    await this.answersByMeaning();
    this.run('stop');
  }

  async answersByMeaning(): Promise<void> {
    const deadline = performance.now() + ANSWER_WITHIN_MS;
    for (;;) {
      const { mode, results } = (await this.#ask('GET', '/api/search?q=sql%20problem&limit=1')) as {
        mode: string;
        results: { title: string }[];
      };
      if (mode === 'semantic' && results[0]?.title === 'the database query was slow') return;
      if (performance.now() > deadline) throw new Error('no answer by meaning');
      await sleep(POLL_MS);
    }
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const token = readFileSync(join(this.#dataDir, 'token'), 'utf8').trim();
    const response = await fetch(`http://127.0.0.1:${this.#port}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', connection: 'close' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return response.json();
  }
}

/** The same chroma-mcp, connected and closed by the SDK. */
async function timeSdk({ uvx, constraints, env, home }: AvailableStack, directory: string) {
  const transport = new StdioClientTransport({
    command: uvx,
    args: ['--offline', ...uvxArguments(constraints), ...chromaArguments(directory)],
    env: { ...env },
    cwd: home,
    stderr: 'ignore',
  });
  const client = new Client({ name: 'bench', version: '1' });
  const connectMs = await timeOf(() => client.connect(transport));
  return { connectMs, closeMs: await timeOf(() => client.close()) };
}

function seconds(value: number): string {
  return `${(value / 1_000).toFixed(2)} s`;
}
