/**
 * Waits for some work, but no longer than `limitMs` milliseconds.
 * @returns what it came to; undefined if it was not done in time. It goes on then, and what it throws later is nobody's any more.
 */
export async function withTimeout<Result>(limitMs: number, work: Promise<Result>): Promise<Result | undefined> {
  // Handled here too: the race may be over when it fails.
  work.catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, limitMs, undefined);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    // A timer left behind would keep the process alive for nothing.
    clearTimeout(timer);
  }
}
