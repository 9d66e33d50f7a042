import type { PageHistory } from '../worker/page/page-history.ts';
import type { PageState } from '../worker/page/page-state.ts';

export type Answer =
  | { readonly kind: 'state'; readonly state: PageState }
  /** Nobody answers. */
  | { readonly kind: 'silent' }
  /** The worker answers that it could not look. */
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'session-over' };

/** A reading takes far less; a worker that needs more hangs. Milliseconds. */
const PATIENCE_MS = 8_000;
const RETRY_MS = 2_000;
/** After the worker's next reading is due, so that it is a new one. Milliseconds. */
const SLACK_MS = 50;
const SHORTEST_MS = 1_000;

/** Asks for the state whenever there is a new one, for as long as somebody looks at the page. */
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
 * What the supervisor sampled before the page was opened.
 * @param since a duration, such as `24h`.
 * @throws Error where it cannot be had.
 */
export async function fetchHistory(path: string, since: string): Promise<PageHistory> {
  const response = await fetch(`${path}/history?since=${since}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Error(`the worker answers with ${response.status}`);
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
    // It is on its way out, and in a moment nobody answers at all.
    if (body.error?.code === 'shutting-down') return { answer: { kind: 'silent' }, nextInMs: RETRY_MS };
    const message = body.error?.message ?? `it answers with ${response.status}`;
    return { answer: { kind: 'failed', message }, nextInMs: RETRY_MS };
  } catch {
    // Refused, timed out, or no JSON: whoever is there, it is not the worker.
    return { answer: { kind: 'silent' }, nextInMs: RETRY_MS };
  }
}

interface Failure {
  readonly error?: { readonly code: string; readonly message: string };
}
