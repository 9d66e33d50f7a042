import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fixtureChroma, realChroma, type ChromaProgram } from '../../scripts/leak/chroma-program.ts';
import { makeLeak, startChromas, type LeakOptions, type StartedChromas } from '../../scripts/leak/make-leak.ts';
import { runMark } from './run-mark.ts';
import type { AvailableStack } from './semantic-stack.ts';
import { createTempDir } from './temp-dir.ts';

export type { ChromaPair, StartedChromas } from '../../scripts/leak/make-leak.ts';

/** Adopts the orphans of what it runs; needs Linux and python3. */
const SUBREAPER = ['python3', fileURLToPath(new URL('../fixtures/subreaper.py', import.meta.url))];

export interface PairOptions {
  /** Data dir of a claude-mem; the pairs run on a folder in it. */
  readonly dataDir: string;
  /** `vectors` (ours) unless told; `chroma` and `vector-db` are the plugin's. */
  readonly folder?: string;
  /** 1 unless told. */
  readonly count?: number;
  /** `true`: the marks of a new tree; absent: none, as the plugin starts them. */
  readonly marks?: boolean | { readonly treeId?: string; readonly role?: string };
  /** Whether a subreaper adopts them instead of what adopts on this machine. */
  readonly underSubreaper?: boolean;
  /** What the python of the imitation does on SIGTERM. */
  readonly onSigterm?: 'exit' | 'ignore' | 'slow';
  readonly watchdogSeconds?: number;
}

export interface Pairs extends StartedChromas {
  /** All wrappers and pythons. */
  readonly pids: readonly number[];
  /** Of the marks, if it bears any. */
  readonly treeId: string | undefined;
}

export interface OrphanPairs extends Pairs {
  /** Pid of their parent now. */
  readonly adopter: number;
}

/** Cheap processes that look like uv and chroma-mcp, below a living parent that leads its own session. */
export async function spawnPairs(options: PairOptions): Promise<Pairs> {
  return withImitation(options, async (program) => start(program, options));
}

/** The same with their parent killed: real orphans, a thousand of them in two seconds. */
export async function spawnOrphanPairs(options: PairOptions): Promise<OrphanPairs> {
  return withImitation(options, async (program) => leak(program, options));
}

/** The real chroma-mcp, after its handshake, below a living parent that leads its own session. */
export async function startRealChroma(stack: AvailableStack, options: PairOptions): Promise<Pairs> {
  return start(realChroma(stack), options);
}

/** The same with its parent killed by SIGKILL, which it outlives for ever. */
export async function leakRealChroma(stack: AvailableStack, options: PairOptions): Promise<OrphanPairs> {
  return leak(realChroma(stack), options);
}

async function start(program: ChromaProgram, options: PairOptions): Promise<Pairs> {
  const request = leakOptions(program, options);
  return describePairs(await startChromas(request), request);
}

async function leak(program: ChromaProgram, options: PairOptions): Promise<OrphanPairs> {
  const request = leakOptions(program, options);
  const made = await makeLeak(request);
  return { ...describePairs(made, request), adopter: made.adopter };
}

/** The imitation's programs live in a folder of their own until the last of its processes is gone. */
async function withImitation<T extends StartedChromas>(
  { onSigterm = 'exit' }: PairOptions,
  launch: (program: ChromaProgram) => Promise<T>,
): Promise<T> {
  const folder = createTempDir();
  try {
    const started = await launch(fixtureChroma(folder.path, { onSigterm }));
    const cleanup = async () => {
      await started.cleanup();
      folder.remove();
    };
    return { ...started, cleanup };
  } catch (error) {
    folder.remove();
    throw error;
  }
}

function leakOptions(program: ChromaProgram, options: PairOptions): LeakOptions {
  const { dataDir, folder = 'vectors', marks } = options;
  const directory = join(dataDir, folder);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return {
    program,
    directory,
    count: options.count ?? 1,
    env: runMark(),
    ...(options.watchdogSeconds === undefined ? {} : { watchdogSeconds: options.watchdogSeconds }),
    ...(options.underSubreaper === true ? { holder: SUBREAPER } : {}),
    ...(marks === undefined || marks === false
      ? {}
      : { marks: { treeId: randomUUID(), role: 'chroma-sync', dataDir, ...(marks === true ? {} : marks) } }),
  };
}

function describePairs(started: StartedChromas, { marks }: LeakOptions): Pairs {
  const pids = started.pairs.flatMap(({ wrapper, python }) => [wrapper.pid, python.pid]);
  return { ...started, pids, treeId: marks?.treeId };
}
