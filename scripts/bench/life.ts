import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { freePort } from '../../test/helpers/free-port.ts';
import { askSocket } from '../../src/shared/ask-socket.ts';
import { type Benchmark, type BenchmarkTools, verdict } from './benchmark.ts';
import { type Footprint, footprintOf } from './footprint.ts';
import { CLI } from './program.ts';
import { median, runToEnd } from './timing.ts';

/** Spread over the run. A run too short for all of them makes as many as the same pace allows. */
const COUNTS = { events: 10_000, neighbors: 1_000, searches: 3_000 };
const MINUTES_FOR_ALL = 15;
const CLIENTS = 8;
/** Long enough to be seen by one look of the supervisor. */
const NEIGHBOR_SECONDS = 6;
/** Between two requests of one client, in milliseconds. */
const CLIENT_PAUSE_MS = 100;
/** The memory of a quarter is the median of this many looks at its end. */
const LOOKS = 15;
const LOOK_EVERY_MS = 1_000;
/** From the first quarter to the last one. */
const FLAT = 1.1;
/** From the start to the end, the first searches included. */
const SEARCH_SERVER_GROWTH = 1.5;
const TEXT = 'the database query was slow because of a missing index '.repeat(20);

/** The processes of a tree and an external search server over a long time of use. */
export const life: Benchmark = {
  title: 'Memory and descriptors over a long time of use',
  async run({ folder, say, minutes }) {
    const dataDir = join(folder, 'life');
    const env = {
      CLAUDE_MEM_DATA_DIR: dataDir,
      CLAUDE_MEM_WORKER_PORT: String(await freePort()),
      CLAUDE_MEM_CHROMA_ENABLED: 'false',
    };
    const run = (...args: readonly string[]): string => runToEnd(process.execPath, [CLI, ...args, '--json'], { env });
    const { processes } = JSON.parse(run('start', '--no-chroma')) as { processes: { role: string; pid: number }[] };
    const pidOf = (role: string): number => processes.find((found) => found.role === role)?.pid ?? 0;
    const server = await connectServer(env);
    try {
      const pids = { supervisor: pidOf('supervisor'), worker: pidOf('worker'), 'search server': server.pid };
      const quarters = await live({ dataDir, pids, server, say, minutes });
      return tableOf(quarters, minutes);
    } finally {
      await server.close();
      run('stop');
    }
  },
};

type Subject = 'supervisor' | 'worker' | 'search server';
type Footprints = Readonly<Record<Subject, Footprint>>;

interface Life extends Pick<BenchmarkTools, 'say' | 'minutes'> {
  readonly dataDir: string;
  readonly pids: Readonly<Record<Subject, number>>;
  readonly server: Awaited<ReturnType<typeof connectServer>>;
}

/** @returns the footprints at the start and at the end of each quarter. */
async function live({ dataDir, pids, server, say, minutes }: Life): Promise<readonly Footprints[]> {
  const durationMs = minutes * 60_000;
  const until = performance.now() + durationMs;
  const ask = asker(dataDir);
  const found = [await look(pids)];
  const started: Promise<unknown>[] = [];
  const { events, neighbors, searches } = countsFor(minutes);
  const spread = async (count: number, work: (number: number) => unknown): Promise<void> => {
    const startedAt = performance.now();
    for (let number = 0; number < count; number += 1) {
      await work(number);
      await sleep(Math.max(0, startedAt + ((number + 1) * durationMs) / count - performance.now()));
    }
  };
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      await ask('GET', '/api/search?q=slow%20query%20index');
      await ask('GET', '/api/context?project=p');
      await sleep(CLIENT_PAUSE_MS);
    }
  };
  const work = Promise.all([
    spread(events, (number) => ask('POST', '/api/hook-events', eventOf(number))),
    spread(neighbors, () => {
      started.push(startNeighbor());
    }),
    spread(searches, (number) => server.search(`slow database query ${number % 97}`)),
    ...Array.from({ length: CLIENTS }, client),
  ]);
  const quarters = async (): Promise<void> => {
    for (let quarter = 1; quarter <= 4; quarter += 1) {
      await sleep(durationMs / 4 - LOOKS * LOOK_EVERY_MS);
      found.push(await look(pids));
      say(`quarter ${quarter} of ${minutes} minutes: ${describe(found.at(-1)!)}`);
    }
  };
  await Promise.all([work, quarters()]);
  await Promise.all(started);
  return found;
}

function countsFor(minutes: number): typeof COUNTS {
  const scaled = (count: number): number => Math.round(count * Math.min(1, minutes / MINUTES_FOR_ALL));
  return { events: scaled(COUNTS.events), neighbors: scaled(COUNTS.neighbors), searches: scaled(COUNTS.searches) };
}

/** The median of several looks: between two garbage collections a heap grows. */
async function look(pids: Life['pids']): Promise<Footprints> {
  const looks: Footprints[] = [];
  for (let number = 0; number < LOOKS; number += 1) {
    const each = Object.entries(pids).map(([subject, pid]) => [subject, footprintOf(pid)]);
    looks.push(Object.fromEntries(each) as Footprints);
    await sleep(LOOK_EVERY_MS);
  }
  const middle = (subject: Subject): Footprint => ({
    pssBytes: median(looks.map((one) => one[subject].pssBytes)),
    ownBytes: median(looks.map((one) => one[subject].ownBytes)),
    descriptors: Math.min(...looks.map((one) => one[subject].descriptors)),
  });
  return { supervisor: middle('supervisor'), worker: middle('worker'), 'search server': middle('search server') };
}

function asker(dataDir: string) {
  const token = readFileSync(join(dataDir, 'token'), 'utf8').trim();
  const socketPath = join(dataDir, 'worker.sock');
  return async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<void> => {
    const { status } = await askSocket({ socketPath, method, path, token, body, withinMs: 30_000 });
    if (status >= 300) throw new Error(`${method} ${path} was answered with ${status}`);
  };
}

function eventOf(number: number) {
  return {
    kind: 'observation',
    id: `event-${number}`,
    at: new Date().toISOString(),
    sessionId: `session-${Math.floor(number / 100)}`,
    project: 'p',
    observation: { type: 'note', title: `slow query ${number}`, text: TEXT, files: [] },
  };
}

/** A process with a name and marks that the supervisor has to read, of another data dir. It ends by itself. */
function startNeighbor(): Promise<unknown> {
  const env = { PATH: process.env.PATH, CLAUDE_MEM_TREE: 'a-neighbor', CLAUDE_MEM_DATA_DIR: '/nonexistent' };
  const child = spawn('bash', ['-c', `exec -a uvx sleep ${NEIGHBOR_SECONDS}`], { env, stdio: 'ignore' });
  return once(child, 'exit');
}

async function connectServer(env: Readonly<Record<string, string>>) {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(dirname(CLI), 'search-server.js')],
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', ...env },
    stderr: 'inherit',
  });
  const client = new Client({ name: 'bench', version: '1' });
  await client.connect(transport);
  return {
    pid: transport.pid ?? 0,
    search: (query: string) => client.callTool({ name: 'search', arguments: { query } }),
    close: () => client.close(),
  };
}

function tableOf(quarters: readonly Footprints[], minutes: number) {
  const start = quarters[0]!;
  const last = quarters.at(-1)!;
  const { events, neighbors, searches } = countsFor(minutes);
  const subjects: readonly Subject[] = ['supervisor', 'worker', 'search server'];
  const rows = subjects.map((subject) => {
    const from = subject === 'search server' ? start[subject] : quarters[1]![subject];
    const most = subject === 'search server' ? SEARCH_SERVER_GROWTH : FLAT;
    const growth = last[subject].ownBytes / from.ownBytes;
    const isMet = growth <= most && last[subject].descriptors <= quarters[1]![subject].descriptors;
    return [
      subject,
      ...quarters.map((found) => cell(found[subject])),
      `own memory ≤ ${most} × ${subject === 'search server' ? 'its start' : 'the first quarter'}, no more descriptors`,
      `${growth.toFixed(2)} ×: ${verdict(isMet)}`,
    ];
  });
  return {
    columns: ['own memory / PSS / descriptors', 'start', '1st quarter', '2nd', '3rd', '4th', 'target', ''],
    rows,
    notes: [
      `\`npm run bench -- --minutes ${minutes} life\`. Spread over ${minutes} minutes: ${events} hook events, ${neighbors} starts and ends of neighbors named uvx with marks of another data dir, ${searches} searches of one MCP client, and ${CLIENTS} clients that search and read the context every ${CLIENT_PAUSE_MS} ms, with a new connection each time. Search is by keyword.`,
      'Own memory is what no file backs, swapped or not. The PSS also counts the shares in program files, which change with the number of other Node.js processes. Each figure is the median of looks over 15 s.',
    ],
  };
}

function cell({ ownBytes, pssBytes, descriptors }: Footprint): string {
  return `${mb(ownBytes)} / ${mb(pssBytes)} / ${descriptors}`;
}

function describe(found: Footprints): string {
  return Object.entries(found)
    .map(([subject, footprint]: [string, Footprint]) => `${subject} ${cell(footprint)}`)
    .join(', ');
}

function mb(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`;
}
