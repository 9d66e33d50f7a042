const TICK_MS = 50;

/**
 * Calls back after `limitMs` of running time of this process, rounded up to 50 ms. Time does not count while the process is stopped or a
 * loaded machine does not schedule it: each tick counts once, and input that arrived meanwhile is read between two ticks.
 * @returns a function that cancels the callback.
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
