import { basename, part, type SecretInWord } from './secret-in-word.ts';

/** Subcommands that take a user or a name and then its secret: how many words lie between. */
const NAME_AND_SECRET: readonly (readonly [program: RegExp, after: RegExp, between: number])[] = [
  [/^rabbitmqctl$/, /^(?:add_user|change_password|authenticate_user)$/, 1],
  [/^pulumi$/, /^--secret$/, 1],
  [/^samba-tool$/, /^(?:create|add)$/, 1],
  [/^bw$/, /^login$/, 1],
  [/^steamcmd$/, /^\+?login$/, 1],
  [/^mc$/, /^set$/, 3],
  [/^wpa_passphrase$/, /^wpa_passphrase$/, 1],
];

/** The secrets of commands that take them by position, each in its own way. */
export function particularSecrets(words: readonly string[], start: number, end: number): readonly SecretInWord[] {
  return [nameAndSecret, encryptString, htpasswd, netUse].flatMap((find) => find(words, start, end));
}

/** `rabbitmqctl add_user NAME SECRET` and similar commands. */
function nameAndSecret(words: readonly string[], start: number, end: number): readonly SecretInWord[] {
  for (let at = start; at < Math.min(end, start + 40); at += 1) {
    const program = NAME_AND_SECRET.find(([names]) => names.test(basename(words[at])));
    if (program === undefined) continue;
    const [, after, between] = program;
    const last = Math.min(end, at + 10);
    for (let index = at; index < last; index += 1) {
      const secret = index + between + 1;
      if (after.test(basename(words[index])) && secret < end) return part(words, secret, 0, '');
    }
  }
  return [];
}

/** `ansible-vault encrypt_string --name NAME SECRET`. */
function encryptString(words: readonly string[], start: number, end: number): readonly SecretInWord[] {
  const at = words.indexOf('encrypt_string', start);
  if (at === -1 || at >= end) return [];
  return words.slice(at + 1, end).flatMap((word, index) => {
    const isValue = /^(?:-n|--name|--vault-id|--encrypt-vault-id|--vault-password-file|--output)$/.test(
      words[at + index] ?? '',
    );
    return word.startsWith('-') || isValue ? [] : part(words, at + 1 + index, 0, '');
  });
}

/** `htpasswd -b FILE USER PASSWORD`. */
function htpasswd(words: readonly string[], start: number, end: number): readonly SecretInWord[] {
  const at = words.findIndex((word, index) => index >= start && index < end && basename(word) === 'htpasswd');
  const isBatch = at !== -1 && words.slice(at, end).some((word) => /^-[a-zA-Z]*b/.test(word));
  return isBatch && end - at > 3 ? part(words, end - 1, 0, '') : [];
}

/** `net use Z: \\server\share /user:NAME PASSWORD`: the only word that is not a drive, share or switch. */
function netUse(words: readonly string[], start: number, end: number): readonly SecretInWord[] {
  if (words[start] !== 'net') return [];
  const named = words[start + 3];
  if (words[start + 1] === 'user' && named !== undefined && start + 3 < end && !/^[/*]/.test(named))
    return part(words, start + 3, 0, '');
  if (words[start + 1] !== 'use') return [];
  return words.slice(start + 2, end).flatMap((word, index) => {
    const isPlain = !/^(?:\/|\\|\*|[A-Za-z]:$)/.test(word);
    return isPlain ? part(words, start + 2 + index, 0, '') : [];
  });
}
