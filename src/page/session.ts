const KEY = 'claude-mem-page';

/**
 * Returns the path that this browser may read, or why access is refused. A link carries its code after the `#`, which
 * no server or log ever sees. The code is removed from the address bar before it is used.
 */
export async function findSession(): Promise<{ readonly path: string } | { readonly refused: string }> {
  const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
  if (location.hash !== '') history.replaceState(null, '', location.pathname);
  if (code !== undefined) return openSession(code);
  const path = localStorage.getItem(KEY);
  return path === null ? { refused: 'This page needs a one-time link.' } : { path };
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
    // Useless without the cookie, which no script can read.
    localStorage.setItem(KEY, body.path);
    return { path: body.path };
  }
  if (response.status === 429) return { refused: 'Too many invalid links were tried. Wait a minute.' };
  return { refused: 'This link was already used or has expired.' };
}
