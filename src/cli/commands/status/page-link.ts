import type { PageLink } from '../../../operations/tree/status-report.ts';
import { askSocket } from '../../../shared/ask-socket.ts';
import type { NamedPipes } from '../../../shared/named-pipes.ts';
import { messageOf } from '../../../shared/errors.ts';

/** A healthy worker answers immediately. Milliseconds. */
const ANSWER_MS = 2_000;

export interface WorkerAccess {
  /** Path of the worker's socket in the data dir. @throws Error if there is none. */
  readonly findSocket: () => string;
  readonly pipes?: NamedPipes | undefined;
  /** Undefined if there is no token. */
  readonly readToken: () => string | undefined;
}

/** Asks the worker for a link that opens its page once. Never throws. */
export async function requestPageLink({ findSocket, pipes, readToken }: WorkerAccess): Promise<PageLink> {
  try {
    const token = readToken();
    if (token === undefined) return failed('the data dir has no token');
    const asked = { socketPath: findSocket(), path: '/api/page/codes', method: 'POST', withinMs: ANSWER_MS } as const;
    const { status, body } = await askSocket({ ...asked, pipes, token });
    const { code, origin, expiresInSeconds = 0 } = body as PageCode;
    if (code === undefined || origin === undefined) return failed(`the worker gave no link: it answered ${status}`);
    const expiresAt = new Date(Date.now() + expiresInSeconds * 1000).toISOString();
    // Browsers do not send the part after `#`, so the code reaches no server log. The page removes it from the URL.
    return { url: `${origin}/#code=${code}`, expiresAt, error: null };
  } catch (error) {
    return failed(`the worker gave no link: ${messageOf(error)}`);
  }
}

/** The answer of `POST /api/page/codes`. */
interface PageCode {
  readonly code?: string;
  /** The origin at which browsers reach the worker. */
  readonly origin?: string;
  readonly expiresInSeconds?: number;
}

function failed(error: string): PageLink {
  return { url: null, expiresAt: null, error };
}
