import { element, find } from './element.ts';

/** Time for which a button shows its result, in milliseconds. */
const SHOWN_MS = 3_000;
const COPY = 'Copy';

let shown: { readonly text: string; readonly label: string } | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

/** A command, set as code, with a button that copies it. */
export function copyable(text: string): HTMLElement {
  const label = shown?.text === text ? shown.label : COPY;
  return element(
    'span',
    { class: 'copyable' },
    element('code', {}, text),
    element('button', { type: 'button', 'data-copy': text, 'aria-label': `${label}: ${text}` }, label),
  );
}

/** One listener for all buttons: updates of the page replace the text of an element and not its listeners. */
export function listenToCopyButtons(): void {
  document.addEventListener('click', ({ target }) => {
    const button = target instanceof Element ? target.closest('button[data-copy]') : null;
    if (button !== null) void copy(button);
  });
}

async function copy(button: Element): Promise<void> {
  const text = button.getAttribute('data-copy') ?? '';
  const isCopied = (await isWritten(text)) || selectAndCopy(button);
  // The command is selected now.
  show(text, isCopied ? 'Copied' : 'Press Ctrl+C');
}

/** Browsers offer the clipboard only on this host or over HTTPS, and the user can forbid it. */
async function isWritten(text: string): Promise<boolean> {
  const { clipboard } = navigator as { readonly clipboard?: Clipboard };
  if (clipboard === undefined) return false;
  return clipboard.writeText(text).then(
    () => true,
    () => false,
  );
}

/** The older way, which works without the clipboard API. */
function selectAndCopy(button: Element): boolean {
  const code = button.previousElementSibling;
  if (code === null) return false;
  getSelection()?.selectAllChildren(code);
  try {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- There is no other way on a page without the clipboard API.
    return document.execCommand('copy');
  } catch {
    return false;
  }
}

function show(text: string, label: string): void {
  shown = { text, label };
  relabel(text, label);
  find('told').textContent =
    label === 'Copied' ? `Copied: ${text}` : 'The command is selected. Press Ctrl+C to copy it.';
  clearTimeout(timer);
  timer = setTimeout(() => {
    shown = undefined;
    relabel(text, COPY);
    find('told').textContent = '';
  }, SHOWN_MS);
}

function relabel(text: string, label: string): void {
  for (const button of document.querySelectorAll('button[data-copy]')) {
    const command = button.getAttribute('data-copy') ?? '';
    const wanted = command === text ? label : COPY;
    button.textContent = wanted;
    button.setAttribute('aria-label', `${wanted}: ${command}`);
  }
}
