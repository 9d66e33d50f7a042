import type { PageHistory } from '../worker/page/page-history.ts';
import type { PageState } from '../worker/page/page-state.ts';

export type Answer =
  | { readonly kind: 'state'; readonly state: PageState }
  /** No worker answers. */
  | { readonly kind: 'silent' }
  /** The worker answers that it cannot read the processes. */
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'session-over' };

/** In milliseconds. A reading takes far less, so a worker that needs longer hangs. */
const PATIENCE_MS = 8_000;
const RETRY_MS = 2_000;
/** Delay after the worker's next reading is due, so that the answer is new. In milliseconds. */
const SLACK_MS = 50;
const SHORTEST_MS = 1_000;

/** Fetches the state whenever a new one is available, as long as the page is visible. */
export function poll(path: string, onAnswer: (answer: Answer) => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isAsking = false;

  const askLater = (ms: number): void => {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(() => void ask(), ms);
  };
  const ask = async (): Promise<void> => {
    if (isAsking) return;
    isAsking = true;
    const { answer, nextInMs } = await fetchState(path);
    isAsking = false;
    onAnswer(answer);
    if (answer.kind !== 'session-over') askLater(nextInMs);
  };
  document.addEventListener('visibilitychange', () => {
    askLater(0);
  });
  void ask();
}

/**
 * Fetches the samples from before the page was opened.
 * @param since a duration, such as `24h`.
 * @throws Error if they are not available.
 */
export async function fetchHistory(path: string, since: string): Promise<PageHistory> {
  const response = await fetch(`${path}/history?since=${since}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Error(`the worker answered with status ${response.status}`);
  return (await response.json()) as PageHistory;
}

async function fetchState(path: string): Promise<{ readonly answer: Answer; readonly nextInMs: number }> {
  try {
    const response = await fetch(`${path}/state`, { signal: AbortSignal.timeout(PATIENCE_MS), cache: 'no-store' });
    if (response.status === 401) return { answer: { kind: 'session-over' }, nextInMs: 0 };
    const body = (await response.json()) as PageState & Failure & { readonly nextInMs?: number };
    if (response.ok) {
      return {
        answer: { kind: 'state', state: body },
        nextInMs: Math.max(SHORTEST_MS, (body.nextInMs ?? 0) + SLACK_MS),
      };
    }
    // The worker is shutting down and will soon stop answering.
    if (body.error?.code === 'shutting-down') return { answer: { kind: 'silent' }, nextInMs: RETRY_MS };
    const message = body.error?.message ?? `the worker answered with status ${response.status}`;
    return { answer: { kind: 'failed', message }, nextInMs: RETRY_MS };
  } catch {
    // Refused, timed out, or not JSON: not an answer of the worker.
    return { answer: { kind: 'silent' }, nextInMs: RETRY_MS };
  }
}

interface Failure {
  readonly error?: { readonly code: string; readonly message: string };
}
