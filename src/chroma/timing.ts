import { parseDuration } from '../shared/duration.ts';

/** Time limits and pauses, in milliseconds. */
export interface ChromaTiming {
  /** From the spawn to the end of the handshake: 1.4 s with a warm disk cache. */
  readonly connectMs: number;
  /** Downloading 109 packages from a distant registry. */
  readonly prewarmMs: number;
  /** A query: 0.2 to 0.5 s; the first one loads the model. */
  readonly queryMs: number;
  /** Any other call: a batch of documents is sized to take a quarter of a second. */
  readonly callMs: number;
  /** Pauses between attempts that cost a process. */
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
  /** Pause before the next request for vectors that another process holds. */
  readonly ownedRetryMs: number;
  /** After this long in health, a failure counts as the first again. */
  readonly healthyMs: number;
  /** Ending a failed Chroma. */
  readonly endMs: number;
}

const DEFAULTS: ChromaTiming = {
  connectMs: 30_000,
  prewarmMs: 600_000,
  queryMs: 10_000,
  callMs: 30_000,
  firstRetryMs: 1_000,
  longestRetryMs: 60_000,
  ownedRetryMs: 2_000,
  healthyMs: 30_000,
  endMs: 5_000,
};

/** Only the connect limit is configurable: a slow disk can exceed any default. */
const CONNECT_TIMEOUT = 'CLAUDE_MEM_CHROMA_CONNECT_TIMEOUT';

/** @throws ClaudeMemError `usage` if the setting is not a duration. */
export function chromaTiming(
  env: Readonly<Record<string, string | undefined>>,
  given: Partial<ChromaTiming> = {},
): ChromaTiming {
  const text = env[CONNECT_TIMEOUT];
  const set = text === undefined || text === '' ? {} : { connectMs: parseDuration(text, CONNECT_TIMEOUT) };
  return { ...DEFAULTS, ...set, ...given };
}
