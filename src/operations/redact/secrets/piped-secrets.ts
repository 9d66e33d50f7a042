import { part, type SecretInWord } from './secret-in-word.ts';

/** Where one command of a line ends. */
export const OPERATOR = /^(?:[|;&]{1,2})$/;
/** Programs that read a secret from stdin. */
const READS_SECRET =
  /^(?:--password-stdin|--with-token|--passphrase-fd|passwd|chpasswd|--pinentry-mode|cryptsetup|kinit|secrets?|secret-tool|encrypt_string|--stdin)$/;

/** `echo SECRET | sudo -S …`, `… --with-token <<< SECRET`. */
export function pipedInto(words: readonly string[], start: number, end: number): readonly SecretInWord[] {
  const here = words.indexOf('<<<', start);
  if (here !== -1 && here + 1 < end && readsSecret(words, start, end)) return part(words, here + 1, 0, '');
  const isEcho = /^(?:echo|printf)$/.test(words[start] ?? '') && words[end] === '|';
  if (!isEcho) return [];
  let next = end + 1;
  while (next < words.length && next < end + 60 && !OPERATOR.test(words[next] ?? '')) next += 1;
  if (!readsSecret(words, end + 1, next)) return [];
  const separator = words.slice(end + 1, next).includes('chpasswd') ? ':' : '';
  return words
    .slice(start + 1, end)
    .flatMap((word, index) => (/^-|^%s(?:\\n)?$/.test(word) ? [] : part(words, start + 1 + index, 0, separator)));
}

function readsSecret(words: readonly string[], start: number, end: number): boolean {
  const command = words.slice(start, Math.min(end, start + 60));
  return command.some((word) => READS_SECRET.test(word)) || (command.includes('sudo') && command.includes('-S'));
}
