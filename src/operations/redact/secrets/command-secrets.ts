import { nameStrength } from './secret-name.ts';
import { isNoValue, isReference } from './secret-value.ts';
import { REDACTED } from './redacted.ts';

/** The secret part of a word: the characters from `from` on. */
export interface SecretInWord {
  readonly word: number;
  readonly from: number;
}

/** The position of an option's secret: the whole value, or the part after a separator (`user:password`). */
type Separator = '' | ':' | ',' | '%' | '/';

interface Program {
  readonly names: RegExp;
  /** Options whose value is the next word, or the rest of the same one. */
  readonly options?: Readonly<Record<string, Separator>>;
  /** The options count only together with one of these words. */
  readonly only?: RegExp;
  /** Short options may share a word, the last with a value: `-sSfu`. */
  readonly hasClusters?: boolean;
  /** Options whose value is in the same word only (`-pSECRET`). */
  readonly attached?: readonly string[];
  /** The first word that is not an option. */
  readonly operand?: { readonly after: RegExp; readonly separator: Separator };
}

const PROGRAMS: readonly Program[] = [
  {
    names: /^curl$/,
    hasClusters: true,
    options: {
      '-u': ':',
      '--user': ':',
      '-U': ':',
      '--proxy-user': ':',
      '--oauth2-bearer': '',
      '--pass': '',
      '--proxy-pass': '',
    },
  },
  { names: /^(?:https?|xhs?)$/, options: { '-a': ':', '--auth': ':' } },
  { names: /^(?:mysql|mariadb)[a-z-]*$/, attached: ['-p'], operand: { after: /^password$/, separator: '' } },
  { names: /^sshpass$/, options: { '-p': '' } },
  { names: /^redis-cli$/, options: { '-a': '', '--pass': '' }, operand: { after: /^auth$/i, separator: '' } },
  { names: /^bundle$/, operand: { after: /\.[a-z]{2,}$/, separator: ':' } },
  { names: /^mongo[a-z]*$/, options: { '-p': '' } },
  {
    names: /^(?:docker|podman|nerdctl|buildah|skopeo|helm|oras|crane|oc|az)$/,
    options: { '-p': '', '--value': '' },
    only: /^(?:login|secret)$/,
  },
  { names: /^ldap[a-z]+$/, options: { '-w': '', '-s': '' }, only: /^-[wDx]/ },
  { names: /^(?:smbclient|rpcclient|smbget|smbmap|net|wbinfo)$/, options: { '-U': '%', '--user': '%' } },
  { names: /^openssl$/, options: { '-k': '', '-K': '' }, only: /^(?:enc|aes.*|des.*)$/ },
  { names: /^zip|unzip$/, options: { '-P': '' } },
  { names: /^7z[a-z]*$/, attached: ['-p'] },
  { names: /^(?:un)?rar$/, attached: ['-p', '-hp'] },
  {
    names: /^(?:keytool|jarsigner)$/,
    options: { '-storepass': '', '-keypass': '', '-srcstorepass': '', '-deststorepass': '', '-destkeypass': '' },
  },
  { names: /^(?:sqlcmd|bcp|osql|isql)$/, options: { '-P': '' } },
  {
    names: /^(?:sqlplus|rman|expdp|impdp|sqlldr|exp|imp)$/,
    operand: { after: /^sqlplus|rman|expdp|impdp|sqlldr|exp|imp$/, separator: '/' },
  },
  { names: /^(?:lftp|ncftp[a-z]*)$/, options: { '-u': ',', '-p': '' } },
  { names: /^(?:rdesktop|vncviewer|x11vnc)$/, options: { '-p': '', '-passwd': '' } },
  { names: /^[xw]lfreerdp|[xw]freerdp3?$/, attached: ['/p:'] },
  { names: /^(?:ipmitool|impitool)$/, options: { '-P': '' } },
  { names: /^mosquitto_(?:pub|sub|rr)$/, options: { '-P': '', '--pw': '' } },
  {
    names: /^(?:twine|poetry|ansible(?!-vault$)[a-z-]*|cqlsh|influx|clickhouse-client|kinit)$/,
    options: { '-p': '', '--password': '' },
    only: /^(?:upload|publish|-u.*)$/,
  },
  { names: /^snmp[a-z]+$/, options: { '-A': '', '-X': '', '-c': '' } },
  { names: /^(?:vault|cargo|npm|doctl|flyctl|fly|railway|op)$/, operand: { after: /^login$/, separator: '' } },
  { names: /^(?:psexec(?:64)?|snowsql|evil-winrm|crackmapexec|netexec)$/i, options: { '-p': '' } },
  { names: /^codecov$/, options: { '-t': '' } },
  { names: /^(?:gem|mix)$/, options: { '--key': '', '-k': '' }, only: /^(?:push|auth|hex\.\w+)$/ },
  { names: /^user(?:add|mod)$/, options: { '-p': '' } },
  { names: /^(?:beeline|doveadm|airflow|expo|eas)$/, options: { '-p': '' } },
  { names: /^kadmin[a-z.]*$/, options: { '-w': '', '-pw': '' } },
  { names: /^ssh-keygen$/, options: { '-N': '', '-P': '' } },
  { names: /^security$/, options: { '-w': '' }, only: /^(?:add|set)-\w+-password/ },
  { names: /^schtasks$/i, options: { '/rp': '', '/p': '' } },
  { names: /^etcdctl$/, options: { '--user': ':' }, operand: { after: /^(?:add)$/, separator: ':' } },
  { names: /^ngrok$/, operand: { after: /^(?:add-)?authtoken$/, separator: '' } },
  { names: /^aws$/, options: { '--value': '' }, only: /^(?:--type=)?SecureString$/ },
  { names: /^shodan$/, operand: { after: /^init$/, separator: '' } },
  { names: /^snyk$/, operand: { after: /^auth$/, separator: '' } },
  { names: /^rclone$/, options: { pass: '', password: '', '--password': '' }, only: /^(?:create|update|password)$/ },
  { names: /^rclone$/, operand: { after: /^obscure$/, separator: '' } },
  { names: /^bw$/, operand: { after: /^unlock$/, separator: '' } },
  { names: /^nuget$/, operand: { after: /^setapikey$/i, separator: '' } },
  { names: /^gh$/, options: { '-b': '', '--body': '' }, only: /^secret$/ },
  { names: /^(?:mount|mount\.cifs)$/, attached: [] },
];
/** Where one command of a line ends. */
const OPERATOR = /^(?:[|;&]{1,2})$/;
/** Programs that read a secret from stdin. */
const READS_SECRET =
  /^(?:--password-stdin|--with-token|--passphrase-fd|passwd|chpasswd|--pinentry-mode|cryptsetup|kinit|secrets?|secret-tool|encrypt_string|--stdin)$/;
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
const MOST_WORDS = 20_000;

/** Finds the secrets of a command line that a program takes by position or by a short option. */
export function commandSecrets(words: readonly string[]): readonly SecretInWord[] {
  const found: SecretInWord[] = [];
  let start = 0;
  const bounded = words.slice(0, MOST_WORDS);
  for (let at = 0; at <= bounded.length; at += 1) {
    if (at < bounded.length && !OPERATOR.test(bounded[at] ?? '')) continue;
    found.push(...inCommand(bounded, start, at), ...pipedInto(bounded, start, at));
    start = at + 1;
  }
  return found.sort((left, right) => left.word - right.word);
}

function inCommand(words: readonly string[], start: number, end: number): readonly SecretInWord[] {
  const found: SecretInWord[] = [];
  let program: Program | undefined;
  for (let at = start; at < end; at += 1) {
    const word = words[at] ?? '';
    // `sudo`, `env`, `time` and similar run the next program, so any word except an option's value may be a program.
    const named = programOf(word, words[at - 1]);
    if (named !== undefined && (at === start || program === undefined || !usesOption(program, words[at - 1])))
      program = named;
    found.push(...everywhere(words, at, end));
    if (program !== undefined && named === undefined) found.push(...ofProgram(program, words, { at, start, end }));
  }
  return found.concat(
    nameAndSecret(words, start, end),
    encryptString(words, start, end),
    htpasswd(words, start, end),
    netUse(words, start, end),
  );
}

function programOf(word: string, before: string | undefined): Program | undefined {
  if (
    word.length > 300 ||
    word.startsWith('-') ||
    (before !== '-c' && before?.startsWith('-') === true && /^-[a-zA-Z]$/.test(before))
  )
    return undefined;
  const name = word
    .slice(word.lastIndexOf('/') + 1)
    .replace(/\.exe$/i, '')
    .replace(/^.*[\\(`$]/, '');
  return PROGRAMS.find(({ names }) => names.test(name));
}

function usesOption({ options = {} }: Program, before: string | undefined): boolean {
  return before !== undefined && Object.hasOwn(options, before);
}

interface WordRange {
  readonly at: number;
  readonly start: number;
  readonly end: number;
}

function ofProgram(program: Program, words: readonly string[], { at, start, end }: WordRange): readonly SecretInWord[] {
  const word = words[at] ?? '';
  const { options = {}, attached = [], operand, only } = program;
  const fits = only === undefined || words.slice(start, Math.min(end, start + 40)).some((other) => only.test(other));
  if (fits) {
    const word0 = words[at - 1] ?? '';
    const before = program.hasClusters === true && /^-[a-zA-Z]{2,8}$/.test(word0) ? `-${word0.slice(-1)}` : word0;
    if (at > start && Object.hasOwn(options, before)) return part(words, at, 0, options[before] ?? '');
    for (const [option, separator] of Object.entries(options)) {
      if (word.startsWith(`${option}=`)) return part(words, at, option.length + 1, separator);
      if (option.length === 2 && word.startsWith(option) && word.length > 2 && !word.startsWith('--'))
        return part(words, at, 2, separator);
    }
  }
  const own = attached.find((option) => word.startsWith(option) && word.length > option.length);
  if (own !== undefined) return part(words, at, own.length, '');
  const isOperand =
    operand !== undefined && at > start && operand.after.test(basename(words[at - 1])) && !word.startsWith('-');
  return isOperand ? part(words, at, 0, operand.separator) : [];
}

function basename(word = ''): string {
  return word.slice(word.lastIndexOf('/') + 1);
}

/** The secrets of any program. */
function everywhere(words: readonly string[], at: number, end: number): readonly SecretInWord[] {
  const word = words[at] ?? '';
  const before = words[at - 1] ?? '';
  if (word.startsWith('pass:') && word.length > 5) return part(words, at, 5, '');
  // `aws configure set aws_secret_access_key X`, `npm config set //host/:_authToken X`.
  const strength = /^(?:set|add)$/.test(words[at - 2] ?? '') && at < end ? nameStrength(before) : undefined;
  return strength === 'secret' || strength === 'password' || strength === 'token' ? part(words, at, 0, '') : [];
}

function part(words: readonly string[], word: number, from: number, separator: Separator): readonly SecretInWord[] {
  const value = (words[word] ?? '').slice(from);
  const inValue = separator === '' ? 0 : value.indexOf(separator) + 1;
  if (separator !== '' && inValue === 0) return [];
  const secret = value.slice(inValue);
  if (
    secret === '' ||
    (/^(?:user(?:name)?|login|name)$/i.test(value.slice(0, Math.max(0, inValue - 1))) && isNoValue(secret)) ||
    /^[<>]{1,3}$/.test(secret) ||
    isReference(secret) ||
    secret.startsWith(REDACTED) ||
    (inValue === 0 && secret.startsWith('-'))
  )
    return [];
  return [{ word, from: from + inValue }];
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

/** `echo SECRET | sudo -S …`, `… --with-token <<< SECRET`. */
function pipedInto(words: readonly string[], start: number, end: number): readonly SecretInWord[] {
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
