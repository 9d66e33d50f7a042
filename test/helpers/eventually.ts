import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 200;

export interface EventuallyOptions {
  /** Time limit in milliseconds on the monotonic clock (default: 10,000). */
  readonly withinMs?: number;
  /** Additional output on failure: process table, state files, logs. */
  readonly dump?: () => unknown;
}

type Falsy = undefined | null | false | 0 | '';

/**
 * Polls with backoff until the answer is truthy, and returns it. A probe that throws (a failing `expect`) counts as "not yet".
 * @throws Error with the last answer and the dump after the time limit.
 */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  { withinMs = 10_000, dump }: EventuallyOptions = {},
): Promise<Exclude<T, Falsy>> {
  const startedAt = performance.now();
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const attempt = await ask(probe);
    if ('answer' in attempt && isTruthy(attempt.answer)) return attempt.answer;
    const leftMs = withinMs - (performance.now() - startedAt);
    if (leftMs <= 0) throw await tooLate(`${what}: not within ${withinMs} ms`, attempt, dump);
    await sleep(Math.min(pauseMs, leftMs));
  }
}

type Attempt<T> = { readonly answer: T } | { readonly thrown: unknown };

async function ask<T>(probe: () => T | Promise<T>): Promise<Attempt<T>> {
  try {
    return { answer: await probe() };
  } catch (error) {
    return { thrown: error };
  }
}

function isTruthy<T>(answer: T): answer is Exclude<T, Falsy> {
  return Boolean(answer);
}

async function tooLate(title: string, attempt: Attempt<unknown>, dump: (() => unknown) | undefined): Promise<Error> {
  const last = 'thrown' in attempt ? `last error: ${text(attempt.thrown)}` : `last answer: ${text(attempt.answer)}`;
  const lines = [title, last];
  if (dump !== undefined) {
    const dumped = await ask(dump);
    lines.push('thrown' in dumped ? `dump failed: ${text(dumped.thrown)}` : text(dumped.answer));
  }
  return new Error(lines.join('\n'), 'thrown' in attempt ? { cause: attempt.thrown } : undefined);
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  return value instanceof Error ? value.message : inspect(value, { depth: 6 });
}
