const TICK_MS = 50;

/**
 * Calls back after that much running time of this process, in milliseconds and to the next 50. A process that is stopped, or that a
 * loaded machine does not run, uses none of it up: each tick counts once, and input that arrived meanwhile is read between two ticks.
 * @returns cancels it.
 */
export function afterRunning(limitMs: number, callback: () => void): () => void {
  let leftMs = limitMs;
  const timer = setInterval(() => {
    leftMs -= TICK_MS;
    if (leftMs > 0) return;
    clearInterval(timer);
    callback();
  }, TICK_MS);
  return () => {
    clearInterval(timer);
  };
}
