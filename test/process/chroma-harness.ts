import { readProcText } from '../../scripts/leak/proc-text.mjs';
import { readdirSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { ChromaSync } from '../../src/chroma/chroma-sync.ts';
import type { ChromaTiming } from '../../src/chroma/timing.ts';
import type { VectorState } from '../../src/chroma/vector-index.ts';
import { SessionStore } from '../../src/memory/session-store.ts';
import { eventually } from '../helpers/eventually.ts';
import type { AvailableStack } from '../helpers/semantic-stack.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { chromaDependencies, type HarnessOptions } from './chroma-dependencies.ts';

/** A ChromaSync on its own memory, closed at the end of the test. */
export async function syncHarness(stack: AvailableStack, options: Partial<HarnessOptions> & SyncOptions = {}) {
  const dataDir = options.dataDir ?? tempDir();
  const harness = await chromaDependencies({ env: stack.env, constraintsFile: stack.constraints, ...options, dataDir });
  const store = new SessionStore(dataDir);
  onTestFinished(() => {
    store.close();
  });
  const session = store.createSession({ project: 'alpha' });
  const remember = (title: string, sessionId = session.id): number => {
    const stored = store.addObservation(sessionId, { type: 'note', title, text: '' });
    if (stored === undefined) throw new Error(`no session ${sessionId}`);
    return stored.id;
  };
  const open = (): ChromaSync => {
    const sync = new ChromaSync(harness.dependencies, store, options.timing);
    onTestFinished(() => sync.close(5_000));
    return sync;
  };
  const dump = { dump: () => harness.logged.filter((line) => !line.startsWith('debug')) };
  return {
    ...harness,
    harness,
    dataDir,
    store,
    remember,
    open,
    running: () => marked(harness.dependencies.treeId),
    /** Waits for a state of that ChromaSync; prints the log on failure. */
    state: (sync: ChromaSync, state: VectorState) =>
      eventually(state, () => sync.status().state === state, { ...dump, withinMs: 60_000 }),
    filled: (sync: ChromaSync) =>
      eventually('all is among the vectors', () => sync.status().pending === 0, { ...dump, withinMs: 60_000 }),
    gone: () => eventually('nothing is left', () => marked(harness.dependencies.treeId).size === 0, dump),
  };
}

export interface SyncOptions {
  readonly timing?: Partial<ChromaTiming>;
}

/** Ids of the observations that a query finds, nearest first. */
export async function found(sync: ChromaSync, text: string, limit = 1): Promise<readonly number[]> {
  const answer = await sync.query({ text, limit, waitMs: 20_000 });
  if (!answer.available) throw new Error(answer.reason);
  return answer.matches.map(({ observationId }) => observationId);
}

/** Command lines of processes with this tree's mark, by pid, without zombies. */
export function marked(treeId: string): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const environment = readProcText(`/proc/${name}/environ`).split('\0');
      if (!environment.includes(`CLAUDE_MEM_TREE=${treeId}`)) continue;
      found.set(Number(name), readProcText(`/proc/${name}/cmdline`).split('\0').join(' ').trim());
    } catch {
      // Gone, or another user's. A zombie has no environment.
    }
  }
  return found;
}
