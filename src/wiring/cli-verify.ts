import { OFF_BY_SETTING } from '../core/health/chroma-off.ts';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopTrees } from '../operations/tree/stop-trees.ts';
import type { LifecycleAnswer, StagePorts } from '../operations/verify/stage.ts';
import type { VerifyCommandPorts } from '../operations/verify/verify-command.ts';
import { loadPlatform } from '../platform/index.ts';
import { namedPipes } from '../platform/named-pipes.ts';
import { runCommand } from '../platform/run-command.ts';
import { modelProblem } from '../chroma/embedding-model.ts';
import { findUvx } from '../chroma/uvx.ts';
import type { Settings } from '../core/settings.ts';
import { readSettings } from '../state/settings/settings.ts';
import { readToken } from '../state/control/token.ts';
import { findWorkerSocket } from '../state/control/worker-socket.ts';
import { askSocket } from '../shared/ask-socket.ts';
import type { Context, ScenarioStage } from '../cli/context.ts';
import { createContext, usualDataDir } from './context.ts';
import { createTreeContext } from './cli-tree.ts';

/**
 * The ports of `verify -- COMMAND`. Makes this process a subreaper, if the system supports it. Windows puts it into a job, which lists all
 * that it starts.
 */
export async function commandPorts(context: Context): Promise<VerifyCommandPorts> {
  const platform = await loadPlatform();
  const adoption = platform.loadAdoption();
  const adopts = adoption?.become() === true;
  const listDescendants = platform.trackDescendants();
  const { table, identify, signaller } = platform;
  return {
    table,
    findMarkHolders: async (variable, value) => {
      const holders = await platform.findMarkHolders(variable, value);
      return listDescendants === null ? holders : new Set([...holders, ...listDescendants()]);
    },
    identify,
    signaller,
    clock: context.clock,
    adopts: adopts || listDescendants !== null,
    waitFor:
      adoption === null || !adopts
        ? null
        : (pid) => {
            adoption.waitFor(pid);
          },
    run: runCommand,
    usualDataDir: usualDataDir(),
    observe: (dataDir) => {
      // A data dir that does not exist has no records, and its name may be invalid.
      const isOther = dataDir !== undefined && existsSync(dataDir);
      return (isOther ? createContext({ dataDir, acts: false }) : context).observe({ memory: false });
    },
  };
}

/** Time limit for an answer of the worker, in milliseconds. */
const ASK_WITHIN_MS = 60_000;
const HOST = '127.0.0.1';

/**
 * Creates a temporary data dir and finds a free port. The run uses the user's uvx, its cache and the embedding model, and downloads nothing.
 * @param context of the user's data dir, which is only read.
 */
export async function createStage(context: Context, interrupted: AbortSignal): Promise<ScenarioStage> {
  const settings = readSettings(context.dataDir, process.env);
  const found = findUvx({ setting: settings.uvx, env: process.env, home: homedir(), dataDir: context.dataDir });
  const uvx = 'reason' in found ? null : found.file;
  const port = await freePort();
  const dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'claude-mem-verify-')));
  try {
    const ports = await stagePorts({
      dataDir,
      env: stageEnvironment({ dataDir, port, settings, uvx }),
      interrupted,
    });
    return { ports, uvx, whyNoChroma: whyNoChroma(settings.chromaEnabled, found), remove: () => removeFolder(dataDir) };
  } catch (error) {
    removeFolder(dataDir);
    throw error;
  }
}

interface ScenarioSite {
  readonly dataDir: string;
  readonly port: number;
}

function stageEnvironment({
  dataDir,
  port,
  settings,
  uvx,
}: ScenarioSite & { readonly settings: Settings; readonly uvx: string | null }): NodeJS.ProcessEnv {
  return {
    ...process.env,
    CLAUDE_MEM_DATA_DIR: dataDir,
    CLAUDE_MEM_WORKER_HOST: HOST,
    CLAUDE_MEM_WORKER_PORT: String(port),
    CLAUDE_MEM_CHROMA_ENABLED: String(settings.chromaEnabled),
    // A remote Chroma server must not be tested, and it has no processes here.
    CLAUDE_MEM_CHROMA_MODE: 'local',
    CLAUDE_MEM_PYTHON_VERSION: settings.pythonVersion,
    ...(uvx === null ? {} : { CLAUDE_MEM_UVX: uvx }),
    UV_OFFLINE: '1',
  };
}

async function stagePorts({
  dataDir,
  env,
  interrupted,
}: Pick<ScenarioSite, 'dataDir'> & {
  readonly env: NodeJS.ProcessEnv;
  readonly interrupted: AbortSignal;
}): Promise<StagePorts> {
  const own = createContext({ dataDir, acts: true });
  const lifecycle = await createTreeContext(own).lifecycle();
  return {
    ...lifecycle,
    dataDir,
    interrupted,
    runCli: (args) => runOwnCli(args, env, interrupted),
    // Runs after Ctrl-C too: the tree must end.
    stopNow: (graceMs) =>
      own.underOperationLock(
        'claude-mem verify',
        new AbortController().signal,
        () => stopTrees(lifecycle, { graceMs }),
        ({ code }) => code === 'io',
      ),
    ask: (method, path, body) => askWorker({ method, path, body, dataDir, interrupted }),
  };
}

function whyNoChroma(isEnabled: boolean, uvx: ReturnType<typeof findUvx>): string | null {
  if (!isEnabled) return OFF_BY_SETTING;
  return 'reason' in uvx ? uvx.reason : (modelProblem(homedir()) ?? null);
}

/** Runs the built program. An interruption sends SIGTERM to it, and it ends the processes that it started. */
function runOwnCli(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  interrupted: AbortSignal,
): Promise<LifecycleAnswer | undefined> {
  const child = spawn(process.execPath, [join(__dirname, 'cli.js'), ...args, '--json'], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
    signal: interrupted,
    killSignal: 'SIGTERM',
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  // An interruption raises `error` too. Only `close` counts.
  child.on('error', () => undefined);
  return new Promise((resolve) => {
    child.once('close', () => {
      resolve(parseAnswer(Buffer.concat(chunks).toString()));
    });
  });
}

/** An error document has no `ok`. */
function parseAnswer(text: string): LifecycleAnswer | undefined {
  try {
    return {
      ok: false,
      treeId: null,
      alreadyRunning: false,
      ...(JSON.parse(text) as Partial<LifecycleAnswer>),
    } as LifecycleAnswer;
  } catch {
    // The program was ended before it printed anything.
    return undefined;
  }
}

interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: unknown;
  readonly dataDir: string;
  readonly interrupted: AbortSignal;
}

async function askWorker({ method, path, body, dataDir, interrupted }: Question): Promise<number> {
  const { status } = await askSocket({
    ...{ socketPath: findWorkerSocket(dataDir, namedPipes), pipes: namedPipes, method, path, body },
    token: readToken(dataDir),
    withinMs: ASK_WITHIN_MS,
    signal: interrupted,
  });
  return status;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, HOST, resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function removeFolder(path: string): string | undefined {
  try {
    // A process that is just exiting may still write files.
    rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  } catch (error) {
    return `could not remove ${path}: ${String(error)}`;
  }
  return existsSync(path) ? `${path} still exists` : undefined;
}
