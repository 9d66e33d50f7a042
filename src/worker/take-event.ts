import type { HookEvent } from '../operations/hooks/hook-event.ts';
import type { Api } from './api.ts';

/** Stores what a hook told, and wakes who has to know; the same for one that comes over HTTP and one that waited on the disk. */
export function takeEvent(
  { store, sessionActive, observationsAdded }: Pick<Api, 'store' | 'sessionActive' | 'observationsAdded'>,
  event: HookEvent,
): { readonly isNew: boolean } {
  const stored = store.recordEvent(event);
  if (event.kind === 'session-start' || event.kind === 'prompt') sessionActive();
  if (event.kind === 'observation' && stored.isNew) observationsAdded();
  return stored;
}
