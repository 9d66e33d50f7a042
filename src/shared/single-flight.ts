/** Wraps a function so that only one call runs at a time: calls made meanwhile share its result. */
export function singleFlight<T>(act: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () =>
    (running ??= act().finally(() => {
      running = undefined;
    }));
}
