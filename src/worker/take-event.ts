import type { HookEvent } from '../operations/hooks/hook-event.ts';
import type { SpooledFile } from '../memory/session-store.ts';
import type { Api } from './api.ts';

type Taker = Pick<Api, 'store' | 'sessionActive' | 'observationsAdded'>;

/** Stores a hook event and notifies the services that depend on it. */
export function takeEvent(api: Taker, event: HookEvent): { readonly isNew: boolean } {
  const stored = api.store.recordEvent(event);
  notify(api, [event], [stored.isNew]);
  return stored;
}

/** The same for files of the spool, in one transaction. */
export function takeSpooled(api: Taker, files: readonly SpooledFile[], isAll: boolean): void {
  const areNew = api.store.recordSpooled(files, isAll);
  notify(
    api,
    files.map(({ event }) => event),
    areNew,
  );
}

function notify(
  { sessionActive, observationsAdded }: Taker,
  events: readonly (HookEvent | undefined)[],
  areNew: readonly boolean[],
): void {
  if (events.some((event) => event?.kind === 'session-start' || event?.kind === 'prompt')) sessionActive();
  if (events.some((event, index) => isAnObservation(event) && areNew[index] === true)) observationsAdded();
}

/** The answer of a stop becomes one, too. */
function isAnObservation(event: HookEvent | undefined): boolean {
  return event?.kind === 'observation' || (event?.kind === 'stop' && event.answer !== undefined);
}
