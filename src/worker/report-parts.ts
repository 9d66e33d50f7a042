import { type IpcChannel, sendToSupervisor, type WorkerParts } from '../operations/tree/tree-messages.ts';
import type { Shutdown } from '../shared/shutdown.ts';
import type { Vectors } from './database-manager.ts';
import type { SearchClient } from './search-client.ts';

export interface PartsReport {
  readonly searchClient: Pick<SearchClient, 'status'>;
  readonly vectors: Pick<Vectors, 'status'>;
  readonly channel: IpcChannel;
  readonly shutdown: Pick<Shutdown, 'isBegun' | 'add'>;
  readonly everyMs?: number;
}

/** A check costs a few file lookups at most. */
const LOOK_EVERY_MS = 2_500;

/** Reports the states of search server and Chroma to the supervisor, now and after each change. */
export function reportParts({ searchClient, vectors, channel, shutdown, everyMs = LOOK_EVERY_MS }: PartsReport): void {
  let last = '';
  const look = (): void => {
    if (shutdown.isBegun) return;
    const { state, reason } = vectors.status();
    const parts: WorkerParts = { searchServer: searchClient.status.state, vectors: state, reason };
    // Only the state counts: a reason may contain a countdown.
    const key = `${parts.searchServer} ${state}`;
    if (key === last) return;
    last = key;
    sendToSupervisor(channel, { type: 'parts', ...parts });
  };
  look();
  const timer = setInterval(look, everyMs);
  shutdown.add('parts', () => {
    clearInterval(timer);
  });
}
