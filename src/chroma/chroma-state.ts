import type { ChromaConnection } from './connection.ts';

/**
 * The manager is in exactly one of these states.
 *
 *     asleep → starting → ready → asleep
 *
 * A failed start leads back to `asleep`. `closed` can follow every state and is never left.
 */
export type ChromaState =
  /** No Chroma runs. The next use starts one, unless a failure has to wait. */
  | { readonly name: 'asleep' }
  /** Chroma starts. `isFetching` is true on a first start, which downloads packages. */
  | { readonly name: 'starting'; readonly opening: Promise<ChromaConnection>; isFetching: boolean }
  /** Chroma answers. The timer closes an idle Chroma. */
  | {
      readonly name: 'ready';
      readonly connection: ChromaConnection;
      readonly readyAt: number;
      idleTimer?: NodeJS.Timeout;
    }
  /** The program ends. `gone` resolves when nothing of Chroma is left. */
  | { readonly name: 'closed'; readonly gone: Promise<unknown> };

/** The connection of a Chroma that answers. */
export function connectionOf(state: ChromaState): ChromaConnection | undefined {
  return state.name === 'ready' ? state.connection : undefined;
}

/** Stops the timer that belongs to a state. */
export function leave(state: ChromaState): void {
  if (state.name === 'ready') clearTimeout(state.idleTimer);
}
