import { ClaudeMemError } from '../shared/errors.ts';
import type { Context } from '../cli/context.ts';
import { createContext } from './context.ts';

/** The data dir for `doctor`, which also examines one that is unusable. */
export interface ResolvedTarget {
  /** Resolved; as written if it cannot be used. */
  readonly dataDir: string;
  readonly problem: { readonly message: string; readonly hint: string | undefined } | undefined;
  /** Undefined if the data dir cannot be used. */
  readonly context: Context | undefined;
}

export function resolveTarget(flag: string | undefined): ResolvedTarget {
  try {
    const context = createContext({ dataDir: flag, acts: false });
    return { dataDir: context.dataDir, problem: undefined, context };
  } catch (error) {
    if (!(error instanceof ClaudeMemError)) throw error;
    const { message, hint } = error;
    return { dataDir: flag ?? process.env.CLAUDE_MEM_DATA_DIR ?? '', problem: { message, hint }, context: undefined };
  }
}
