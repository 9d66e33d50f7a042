import { type IpcChannel, type SearchMode, sendToSupervisor } from '../operations/tree/tree-messages.ts';
import type { Log } from '../shared/log.ts';
import type { VectorStatus } from '../chroma/vector-index.ts';
import type { Shutdown } from '../shared/shutdown.ts';

export interface CurrentSearchMode {
  readonly mode: SearchMode;
  readonly reason: string | null;
}

/** How searches are answered now. Semantic also if Chroma is asleep and would start on demand. */
export function searchModeOf({ reason }: VectorStatus): CurrentSearchMode {
  return { mode: reason === null ? 'semantic' : 'keyword', reason };
}

export interface SearchModeReport {
  readonly status: () => VectorStatus;
  readonly channel: IpcChannel;
  readonly log: Log;
  readonly shutdown: Shutdown;
  readonly everyMs?: number;
}

/** A check costs a few file lookups at most. */
const LOOK_EVERY_MS = 1_000;

/**
 * Reports the search mode to the supervisor and the log, now and after each change.
 * @returns a function that checks immediately, for callers that have just noticed a change.
 */
export function reportSearchMode({
  status,
  channel,
  log,
  shutdown,
  everyMs = LOOK_EVERY_MS,
}: SearchModeReport): () => void {
  let last = '';
  const look = (): void => {
    if (shutdown.isBegun) return;
    const current = searchModeOf(status());
    const key = JSON.stringify(current);
    if (key === last) return;
    last = key;
    log.info('search mode', { ...current });
    sendToSupervisor(channel, { type: 'search-mode', ...current });
  };
  look();
  const timer = setInterval(look, everyMs);
  shutdown.add('search mode', () => {
    clearInterval(timer);
  });
  return look;
}
