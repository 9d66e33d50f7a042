/** The same function, of which one call runs at a time: whoever calls meanwhile gets the answer of that one. */
export function singleFlight<T>(act: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () =>
    (running ??= act().finally(() => {
      running = undefined;
    }));
}
