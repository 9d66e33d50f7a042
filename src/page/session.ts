const KEY = 'claude-mem-page';

/**
 * Where this browser may read, or why it may not. A link bears its code behind the `#`, which no server and no log ever sees; it is
 * taken out of the address bar before it is used.
 */
export async function findSession(): Promise<{ readonly path: string } | { readonly refused: string }> {
  const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
  if (location.hash !== '') history.replaceState(null, '', location.pathname);
  if (code !== undefined) return openSession(code);
  const path = localStorage.getItem(KEY);
  return path === null ? { refused: 'This page is opened by a link that works once.' } : { path };
}

export function forgetSession(): void {
  localStorage.removeItem(KEY);
}

async function openSession(code: string): Promise<{ readonly path: string } | { readonly refused: string }> {
  const response = await fetch('/page/sessions', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ code }),
  });
  const body = (await response.json()) as { readonly path?: string };
  if (response.ok && body.path !== undefined) {
    // Worthless without the cookie, which no script can read.
    localStorage.setItem(KEY, body.path);
    return { path: body.path };
  }
  if (response.status === 429) return { refused: 'There were too many wrong links; wait a minute.' };
  return { refused: 'This link was used before, or is too old.' };
}
