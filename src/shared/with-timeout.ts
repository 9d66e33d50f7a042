/**
 * Waits for a promise, but no longer than `limitMs` milliseconds.
 * @returns its result; undefined if it was not done in time. The work then continues, and a later error is ignored.
 */
export async function withTimeout<Result>(limitMs: number, work: Promise<Result>): Promise<Result | undefined> {
  // Prevents an unhandled rejection if the work fails after the timeout.
  work.catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, limitMs, undefined);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    // A pending timer would keep the process alive.
    clearTimeout(timer);
  }
}
