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

/** A subreaper that runs a command. Needs Linux and python3. */
const SUBREAPER = ['python3', fileURLToPath(new URL('../fixtures/subreaper.py', import.meta.url))];

export interface PairOptions {
  /** A data dir of claude-mem. The pairs use a folder in it. */
  readonly dataDir: string;
  /** Default: `vectors`, of claude-mem. The plugin uses `chroma` and `vector-db`. */
  readonly folder?: string;
  /** Number of pairs (default: 1). */
  readonly count?: number;
  /** `true`: the marks of a new tree. Absent: no marks, as with the plugin. */
  readonly marks?: boolean | { readonly treeId?: string; readonly role?: string };
  /** True to re-parent the pairs to a separate subreaper instead of that of this machine. */
  readonly underSubreaper?: boolean;
  /** Reaction of the fake python to SIGTERM. */
  readonly onSigterm?: 'exit' | 'ignore' | 'slow';
  readonly watchdogSeconds?: number;
}

export interface Pairs extends StartedChromas {
  /** The pids of all wrappers and pythons. */
  readonly pids: readonly number[];
  /** The tree id in the marks, if any. */
  readonly treeId: string | undefined;
}

export interface OrphanPairs extends Pairs {
  /** Pid of their current parent. */
  readonly adopter: number;
}

/** Starts cheap processes that look like uv and chroma-mcp, below a living parent that is a session leader. */
export async function spawnPairs(options: PairOptions): Promise<Pairs> {
  return withImitation(options, async (program) => start(program, options));
}

/** Starts fake pairs and kills their parent: real orphans, a thousand in two seconds. */
export async function spawnOrphanPairs(options: PairOptions): Promise<OrphanPairs> {
  return withImitation(options, async (program) => leak(program, options));
}

/** Starts the real chroma-mcp, up to its handshake, below a living parent that is a session leader. */
export async function startRealChroma(stack: AvailableStack, options: PairOptions): Promise<Pairs> {
  return start(realChroma(stack), options);
}

/** Starts the real chroma-mcp and kills its parent with SIGKILL. The orphan then runs forever. */
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

/** Keeps the programs of the fake pairs in a separate folder until the last process is gone. */
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
