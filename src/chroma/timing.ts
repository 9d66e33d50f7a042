import { parseDuration } from '../shared/duration.ts';

/** How long things may take, all in milliseconds. */
export interface ChromaTiming {
  /** From the spawn to the end of the handshake: 1.4 s with a warm disk. */
  readonly connectMs: number;
  /** Fetching 109 packages from a far registry. */
  readonly prewarmMs: number;
  /** A query: 0.2 to 0.5 s, the first one loads the model. */
  readonly queryMs: number;
  /** Anything else: a batch of documents is made to take a quarter of a second. */
  readonly callMs: number;
  /** Pauses between attempts that cost a process. */
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
  /** Pause before the vectors are asked for again while another process has them. */
  readonly ownedRetryMs: number;
  /** After so long in health a failure counts as the first again. */
  readonly healthyMs: number;
  /** Ending a Chroma that went wrong. */
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

/** Only a connect is worth a setting: a slow disk can make it take longer than anybody foresaw. */
const CONNECT_TIMEOUT = 'CLAUDE_MEM_CHROMA_CONNECT_TIMEOUT';

/** @throws ClaudeMemError `usage` for a setting that is no duration. */
export function chromaTiming(
  env: Readonly<Record<string, string | undefined>>,
  given: Partial<ChromaTiming> = {},
): ChromaTiming {
  const text = env[CONNECT_TIMEOUT];
  const set = text === undefined || text === '' ? {} : { connectMs: parseDuration(text, CONNECT_TIMEOUT) };
  return { ...DEFAULTS, ...set, ...given };
}
