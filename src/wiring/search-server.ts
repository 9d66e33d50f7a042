import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { MARKS } from '../core/tree/marks.ts';
import type { Settings } from '../core/settings.ts';
import { terminateTree } from '../operations/terminate/terminate-tree.ts';
import type { Log } from '../shared/log.ts';
import { ClaudeMemError } from '../shared/errors.ts';
import { createFileLog } from '../shared/log.ts';
import { namedPipes } from '../platform/named-pipes.ts';
import { preferMemoryToSpeed } from '../shared/prefer-memory-to-speed.ts';
import { assertOwner, resolveDataDir } from '../state/files/data-dir.ts';
import { readSettings, readValidSettings } from '../state/settings/settings.ts';
import { readToken } from '../state/control/token.ts';
import { openTreeStore } from '../state/trees/trees.ts';
import { findWorkerSocket } from '../state/control/worker-socket.ts';
import { loadAdapters } from './services.ts';
import { collectionName } from '../chroma/document.ts';
import { ChromaManager } from '../chroma/chroma-manager.ts';
import { prepareEnd } from '../shared/end-of-program.ts';
import { SessionSearch } from '../memory/session-search.ts';
import { Shutdown } from '../shared/shutdown.ts';
import { StandaloneTree } from '../operations/tree/standalone-tree.ts';
import { OwnVectors } from '../search-server/own-vectors.ts';
import { startSearchServer } from '../search-server/start-search-server.ts';
import { WorkerVectors } from '../search-server/worker-vectors.ts';
import { VERSION } from '../shared/version.ts';
import { keepCompiledCode } from './entry/keep-compiled.ts';

/** The server closes its own Chroma after this time without a query, because a new worker needs the vectors. Milliseconds. */
const OWN_CHROMA_IDLE_MS = 30_000;
/** The part of the shutdown that is reserved to prove that no process of the tree is left, in milliseconds. */
const PROOF_RESERVE_MS = 500;

async function main(): Promise<void> {
  const starter = findStarter();
  const dataDir = resolveDataDir({ env: process.env });
  assertOwner(dataDir);
  const log = createFileLog(join(dataDir, 'logs', 'search-server.log'), {
    role: 'search',
    level: readValidSettings(dataDir, process.env).logLevel,
  });
  const shutdown = new Shutdown(log);
  const end = prepareEnd({
    shutdown,
    log,
    release: () => {
      process.stdin.destroy();
    },
  });
  const settings = readSettings(dataDir, process.env);
  const memory = new SessionSearch(dataDir);
  await startSearchServer({
    version: VERSION,
    startedBy: starter.startedBy,
    input: process.stdin,
    output: process.stdout,
    transport: new StdioServerTransport(),
    memory,
    worker: new WorkerVectors({
      findSocket: () => findWorkerSocket(dataDir, namedPipes),
      pipes: namedPipes,
      readToken: () => readToken(dataDir),
    }),
    own: starter.isInTree ? undefined : await ownVectors({ dataDir, treeId: starter.treeId, settings, memory, log }),
    shutdown,
    end,
    log,
  });
  keepCompiledCode();
  preferMemoryToSpeed();
}

interface Starter {
  readonly isInTree: boolean;
  readonly treeId: string;
  readonly startedBy: number;
}

/**
 * A worker identifies its search server by an argument, because environment variables are inherited. Without the argument, this process is
 * the root of its own tree and drops inherited marks.
 */
function findStarter(): Starter {
  const workerPid = /^[1-9]\d*$/.exec(process.argv[process.argv.indexOf('--worker-pid') + 1] ?? '')?.[0];
  const treeId = process.env[MARKS.tree];
  if (process.argv.includes('--worker-pid') && workerPid !== undefined && treeId !== undefined) {
    return { isInTree: true, treeId, startedBy: Number(workerPid) };
  }
  for (const mark of [MARKS.tree, MARKS.owner, MARKS.role]) Reflect.deleteProperty(process.env, mark);
  return { isInTree: false, treeId: randomUUID(), startedBy: process.ppid };
}

interface OwnParts {
  readonly dataDir: string;
  readonly treeId: string;
  readonly settings: Settings;
  readonly memory: SessionSearch;
  readonly log: Log;
}

async function ownVectors({ dataDir, treeId, settings, memory, log }: OwnParts) {
  const { own, clock, processPorts, vectorsGuard, takeReading, signaller } = await loadAdapters(dataDir, log);
  const tree = new StandaloneTree({
    role: 'search',
    treeId,
    dataDir,
    own,
    command: process.argv,
    now: () => clock.date(),
    writer: openTreeStore(dataDir),
  });
  const chroma = {
    ...{ dataDir, treeId, own, settings, log },
    role: 'chroma-search',
    env: process.env,
    constraintsFile: join(__dirname, 'chroma-constraints.txt'),
    platform: process.platform,
    processes: processPorts(tree),
    vectors: vectorsGuard('claude-mem search-server'),
  } as const;
  const vectors = new OwnVectors({
    log,
    open: () => {
      const databaseId = memory.databaseId();
      if (databaseId === undefined) return undefined;
      tree.begin();
      return new ChromaManager(chroma, { collection: collectionName(databaseId), idleMs: OWN_CHROMA_IDLE_MS });
    },
  });
  const isAllGone = async (): Promise<boolean> => {
    const result = await terminateTree({ takeReading, signaller, clock }, treeId, { graceMs: PROOF_RESERVE_MS });
    return result.isComplete && result.remaining.length === 0;
  };
  return {
    vectors,
    close: async (withinMs: number): Promise<void> => {
      await vectors.close(Math.max(0, withinMs - PROOF_RESERVE_MS));
      if (!(await tree.retire(isAllGone))) log.error('something of this tree may be left', { treeId });
    },
  };
}

main().catch((error: unknown) => {
  const isForeseen = error instanceof ClaudeMemError;
  const hint = isForeseen && error.hint !== undefined ? `\n${error.hint}` : '';
  const text = error instanceof Error ? (isForeseen ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`claude-mem search-server: ${text}${hint}\n`);
  process.exitCode = isForeseen && error.code !== 'io' ? 2 : 1;
  process.stdin.destroy();
});
