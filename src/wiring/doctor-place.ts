import { ClaudeMemError } from '../shared/errors.ts';
import type { Context } from '../cli/context.ts';
import { createContext } from './context.ts';

/** The data dir, which `doctor` looks at also where nothing else could be done with it. */
export interface Place {
  /** Resolved; as written where it cannot be used. */
  readonly dataDir: string;
  readonly problem: { readonly message: string; readonly hint: string | undefined } | undefined;
  /** Undefined where the data dir cannot be used. */
  readonly context: Context | undefined;
}

export function findPlace(flag: string | undefined): Place {
  try {
    const context = createContext({ dataDir: flag, acts: false });
    return { dataDir: context.dataDir, problem: undefined, context };
  } catch (error) {
    if (!(error instanceof ClaudeMemError)) throw error;
    const { message, hint } = error;
    return { dataDir: flag ?? process.env.CLAUDE_MEM_DATA_DIR ?? '', problem: { message, hint }, context: undefined };
  }
}
