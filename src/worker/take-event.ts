import type { HookEvent } from '../operations/hooks/hook-event.ts';
import type { Api } from './api.ts';

/** Stores a hook event and notifies the services that depend on it. Used for events from HTTP and from the spool. */
export function takeEvent(
  { store, sessionActive, observationsAdded }: Pick<Api, 'store' | 'sessionActive' | 'observationsAdded'>,
  event: HookEvent,
): { readonly isNew: boolean } {
  const stored = store.recordEvent(event);
  if (event.kind === 'session-start' || event.kind === 'prompt') sessionActive();
  if (event.kind === 'observation' && stored.isNew) observationsAdded();
  return stored;
}
