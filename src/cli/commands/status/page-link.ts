import type { PageLink } from '../../../operations/tree/status-report.ts';
import { askSocket } from '../../../shared/ask-socket.ts';
import { messageOf } from '../../../shared/errors.ts';

/** A worker answers this at once; one that does not hangs. Milliseconds. */
const ANSWER_MS = 2_000;

export interface WorkerAccess {
  /** Where the worker of the data dir answers our own programs. @throws Error where there is none. */
  readonly findSocket: () => string;
  /** Undefined where there is none. */
  readonly readToken: () => string | undefined;
}

/** Asks the worker for a link that opens its page once. Never throws. */
export async function requestPageLink({ findSocket, readToken }: WorkerAccess): Promise<PageLink> {
  try {
    const token = readToken();
    if (token === undefined) return failed('the data dir has no token');
    const asked = { socketPath: findSocket(), path: '/api/page/codes', method: 'POST', withinMs: ANSWER_MS } as const;
    const { status, body } = await askSocket({ ...asked, token });
    const { code, origin, expiresInSeconds = 0 } = body as PageCode;
    if (code === undefined || origin === undefined) return failed(`the worker gave no link: it answers with ${status}`);
    const expiresAt = new Date(Date.now() + expiresInSeconds * 1000).toISOString();
    // Behind the # it reaches no server and no log before the page itself takes it out.
    return { url: `${origin}/#code=${code}`, expiresAt, error: null };
  } catch (error) {
    return failed(`the worker gave no link: ${messageOf(error)}`);
  }
}

/** Of `POST /api/page/codes`. */
interface PageCode {
  readonly code?: string;
  /** As browsers reach the worker. */
  readonly origin?: string;
  readonly expiresInSeconds?: number;
}

function failed(error: string): PageLink {
  return { url: null, expiresAt: null, error };
}
