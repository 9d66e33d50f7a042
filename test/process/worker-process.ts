import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { identify, isAlive, type Identity, signalIfSame } from '../../scripts/leak/identity.mjs';
import type { SupervisorMessage, WorkerMessage } from '../../src/operations/tree/tree-messages.ts';
import { identifySelf, loadPlatform } from '../../src/platform/index.ts';
import { openTreeStore } from '../../src/state/trees/trees.ts';
import { eventually } from '../helpers/eventually.ts';
import { freePort } from '../helpers/free-port.ts';
import { cleanEnvironment } from '../helpers/run-cli.ts';
import { marked } from './chroma-harness.ts';

const WORKER = fileURLToPath(new URL('../../dist/worker.js', import.meta.url));

export interface WorkerOptions {
  readonly dataDir: string;
  readonly home?: string;
  readonly port?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Without an IPC channel to a supervisor. */
  readonly isAlone?: boolean;
  /** Recorded as by a supervisor, so that other programs recognize the tree as one of this data dir. */
  readonly hasManifest?: boolean;
}

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface WorkerUnderTest {
  readonly child: ChildProcess;
  readonly identity: Identity;
  readonly treeId: string;
  readonly port: number;
  /** Messages to its supervisor, which is this test. */
  readonly messages: WorkerMessage[];
  readonly ended: Promise<Ended>;
  send(message: SupervisorMessage): void;
  /** Resolves when it reports that it is ready. */
  ready(): Promise<void>;
  request(method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Command lines of processes with its tree's mark, by pid. */
  tree(): ReadonlyMap<number, string>;
  /** Waits until nothing of its tree is left. */
  isOver(withinMs?: number): Promise<void>;
}

/** Starts the built worker and acts as its supervisor: answers each record with "recorded". */
export async function startWorker(options: WorkerOptions): Promise<WorkerUnderTest> {
  const { dataDir, home = dataDir, isAlone = false } = options;
  const treeId = randomUUID();
  const port = options.port ?? (await freePort());
  if (options.hasManifest === true) await writeManifest(dataDir, treeId);
  const child = spawn(process.execPath, [WORKER], {
    cwd: home,
    env: cleanEnvironment({
      home,
      env: {
        CLAUDE_MEM_DATA_DIR: dataDir,
        CLAUDE_MEM_WORKER_PORT: String(port),
        CLAUDE_MEM_TREE: treeId,
        CLAUDE_MEM_ROLE: 'worker',
        ...options.env,
      },
    }),
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', ...(isAlone ? [] : ['ipc' as const])],
  });
  const messages: WorkerMessage[] = [];
  child.on('message', (message: WorkerMessage) => {
    messages.push(message);
    if ('id' in message && child.connected) child.send({ type: 'recorded', id: message.id });
  });
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ended = new Promise<Ended>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal });
    });
  });
  const identity = identify(child.pid ?? 0);
  if (identity === undefined) throw new Error('the worker could not be started');
  const tree = () => marked(treeId);
  const dump = () => ({ messages, errors, tree: tree(), log: logOf(dataDir) });
  onTestFinished(async () => {
    signalIfSame(identity, 'SIGTERM');
    await eventually('the tree is over', () => tree().size === 0, { withinMs: 6_000, dump }).catch((error: unknown) => {
      for (const pid of tree().keys()) signalIfSame(identify(pid) ?? identity, 'SIGKILL');
      throw error;
    });
  });
  return {
    child,
    identity,
    treeId,
    port,
    messages,
    ended,
    send: (message) => child.send(message),
    ready: async () => {
      await eventually('the worker is ready', () => messages.some(({ type }) => type === 'ready'), { dump });
    },
    request: requester(dataDir, port),
    tree,
    isOver: async (withinMs = 5_000) => {
      await eventually('nothing of the tree is left', () => !isAlive(identity) && tree().size === 0, {
        withinMs,
        dump,
      });
    },
  };
}

/** Of a tree whose root is this test. */
async function writeManifest(dataDir: string, treeId: string): Promise<void> {
  const own = identifySelf(await loadPlatform());
  const { pid, startTicks = 0, startedAt } = own;
  const { machineId = 'unknown', bootId = '', pidNamespace = '' } = own.scope;
  openTreeStore(dataDir).create({
    schemaVersion: 1,
    treeId,
    state: 'running',
    machineId,
    bootId,
    pidNamespace,
    dataDir,
    startedAt,
    entries: [
      { role: 'supervisor', identity: { pid, startTicks, startedAt }, command: ['test'], registeredAt: startedAt },
    ],
  });
}

function requester(dataDir: string, port: number): WorkerUnderTest['request'] {
  return async (method, path, body) => {
    const token = readFileSync(join(dataDir, 'token'), 'utf8').trim();
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        Connection: 'close',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
}

function logOf(dataDir: string): string {
  try {
    return readFileSync(join(dataDir, 'logs', 'worker.log'), 'utf8');
  } catch {
    return '(no log)';
  }
}
