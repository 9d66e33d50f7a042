import type { PageLink } from '../operations/status-report.ts';

/** A worker answers this at once; one that does not hangs. Milliseconds. */
const ANSWER_MS = 2_000;

export interface WorkerAddress {
  readonly host: string;
  readonly port: number;
  /** Of the tree that this data dir's supervisor runs. */
  readonly treeId: string;
  readonly readToken: () => string | undefined;
}

/** Asks the worker for a link that opens its page once. Never throws. */
export async function requestPageLink(address: WorkerAddress): Promise<PageLink> {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  const origin = `http://${host}:${address.port}`;
  try {
    // A port is not an identity, and the token is for nobody else.
    const health = await fetch(`${origin}/health`, { redirect: 'error', signal: AbortSignal.timeout(ANSWER_MS) });
    const { treeId } = (await health.json()) as { readonly treeId?: unknown };
    if (treeId !== address.treeId) return failed(`${origin} is not the worker of this tree`);
    return await requestCode(origin, address.readToken());
  } catch (error) {
    return failed(`the worker gave no link: ${reasonOf(error)}`);
  }
}

async function requestCode(origin: string, token: string | undefined): Promise<PageLink> {
  if (token === undefined) return failed('the data dir has no token');
  const response = await fetch(`${origin}/api/page/codes`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
    redirect: 'error',
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const { code, expiresInSeconds = 0 } = (await response.json()) as {
    readonly code?: string;
    readonly expiresInSeconds?: number;
  };
  // A worker of an older version has no page.
  if (code === undefined) return failed(`the worker gave no link: it answers with ${response.status}`);
  const expiresAt = new Date(Date.now() + expiresInSeconds * 1000).toISOString();
  // Behind the # it reaches no server and no log before the page itself takes it out.
  return { url: `${origin}/#code=${code}`, expiresAt, error: null };
}

function failed(error: string): PageLink {
  return { url: null, expiresAt: null, error };
}

function reasonOf(error: unknown): string {
  const { cause, message } = error instanceof Error ? error : new Error(String(error));
  return cause instanceof Error ? cause.message : message;
}
