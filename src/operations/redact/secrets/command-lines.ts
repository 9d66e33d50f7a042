import { commandSecrets } from './command-secrets.ts';
import { redactCookies } from './headers.ts';
import { REDACTED, redactSpans, withoutTrailing, type Span } from './redacted.ts';
import { nameStrength } from './secret-name.ts';
import { isNoValue, isReference, isSecretValue } from './secret-value.ts';
import { shellWords } from '../../../core/text/shell-words.ts';

/** Only lines with one of these programs contain secrets known by position. */
const CALLS =
  /(?:^|[\s/'"`(;&|$])(?:curl|https?|xhs?|mysql[a-z]*|mariadb[a-z-]*|sshpass|redis-cli|bundle|mongo[a-z]*|docker|podman|nerdctl|buildah|skopeo|helm|oras|crane|oc|az|ldap[a-z]+|smb[a-z]+|rpcclient|net|openssl|keytool|jarsigner|unzip|zip|7z[a-z]*|(?:un)?rar|sqlcmd|bcp|osql|isql|sqlplus|rman|expdp|impdp|lftp|ncftp[a-z]*|rdesktop|[xw]l?freerdp3?|ipmitool|mosquitto_[a-z]+|twine|poetry|ansible[a-z-]*|cqlsh|influx|snmp[a-z]+|vault|cargo|npm|gh|htpasswd|chpasswd|sudo|aws|yarn|pnpm|nuget|psexec(?:64)?|snowsql|evil-winrm|crackmapexec|netexec|codecov|gem|mix|useradd|usermod|beeline|doveadm|rabbitmqctl|pulumi|ngrok|snyk|shodan|echo|printf|gpg2?|wpa_passphrase|rclone|mc|bw|steamcmd|samba-tool|kinit|cryptsetup|passwd|wrangler|kubectl|secret-tool|security|schtasks|ssh-keygen|kadmin[a-z.]*|etcdctl|caddy|vercel|heroku|doctl|fly|flyctl|op)(?:\.exe)?(?=\s|$)/m;
/** Longer lines are data. */
const LONGEST_LINE = 32_768;
/** `--password X`. Short options such as `-p` are known by their program. */
const OPTION = /(?<![^\s"'`=(,[])(--?[A-Za-z][\w.-]{1,60})(=|[ \t]{1,4}|["'],?\s{1,3}(?=["']))(?!-)/g;
const OPTION_VALUE = /"(?:[^"\\\n]|\\.){0,2000}"|'[^'\n]{0,2000}'|[^\s"'`]{1,2000}/y;
/** After `--password` in a sentence. */
const SENTENCE =
  /^(?:option|flag|argument|parameter|is|was|to|and|or|for|with|the|a|an|in|on|of|from|must|may|can|if|when|instead|value|values|need|needs|takes|does|has|as|by|at|not|no|it|this|that|will|should|be|are|there|here|only|also|because|but|so|then|than|which|whose|where|works?|exists?|overrides?|via|through|using|directly|without|after|before|set|given|passed|specified|provided|required|together|alone|again|over|from|into|you|we|they|your|its|e\.g|etc)\b/i;
const SQL =
  /\b(identified\s{1,5}(?:with\s{1,5}\S{1,60}\s{1,5})?by|password(?:\s{1,3}for\s{1,3}\S{1,120})?)(\s{1,5}(?:password\s{1,5})?|\s{0,3}=?\s{0,3}(?:password\s{0,2})?\(\s{0,3}|\s{0,3}=\s{0,3})(N?['"])([^'"\n]{1,400})['"]/gi;
const SQL_BARE = /(\bidentified\s{1,5}by\s{1,5})((?=\w{0,60}\d)(?=\w{0,60}[A-Za-z])[\w#$]{6,60})(?![\w(])/gi;
const SQL_WORD = /^(?:expire|history|require|reuse|null|lock|default|never)\b/i;
const NETRC = /\b((?:login|user|account)\s{1,20}\S{1,200}\s{1,20}password\s{1,20})(\S{1,400})/gi;
const COOKIE_OPTION = /(?<=\s(?:-b|--cookie)[\s=]{0,3})(["']?)([\w.-]{1,100}=[^"'\n]{1,4000})\1/g;
const PASSWORD_FILE =
  /((?:(?:pass\w{0,10}|key|token|secret)|[-_]file)[= ]<\((?:echo|printf)\s{1,5}(?:-n\s)?|\bsshpass\s{1,3}-f\s{0,3}<\((?:echo|printf)\s{1,5}(?:-\w\s|['"]?%s(?:\\n)?['"]?\s)?)([^)\s]{1,400})/gi;
/** `--password-command 'echo X'`. */
const PASSWORD_COMMAND =
  /(pass(?:word|phrase|command)?[-_]?(?:command|cmd|program)?[ =]["'](?:echo|printf)\s{1,3}(?:-n\s)?["']?)([^\s"'$]{3,200})/gi;
/** `cmdkey /pass:X`. */
const SWITCH = /((?<!\S)\/(?:pass|password|pwd|pw):)[^\s"']{1,400}/gi;
const SECURE_STRING =
  /(\bConvertTo-SecureString\s{1,5}(?:-(?:String|AsPlainText|Force)\s{1,5}){0,3})(["'])[^"'$\n]{1,400}\2/gi;
/** MySQL's log line at its first start. */
const TEMPORARY_PASSWORD = /(\btemporary password (?:is )?generated for \S{1,200}: )\S{1,200}/gi;
/** `composer config http-basic.HOST USER X`, `reg add … /v DefaultPassword /d X`, and how Go names a MySQL server. */
const PLACED =
  /(\bhttp-basic\.\S{1,200}[ \t]{1,5}\S{1,100}[ \t]{1,5}|\/v[ \t]{1,5}\w{0,40}password[ \t]{1,5}(?:\/t[ \t]{1,5}\w{1,20}[ \t]{1,5})?\/d[ \t]{1,5}|\bstats[ \t]{1,3}auth[ \t]{1,3}[\w.-]{1,60}:|["'`=\s][\w.-]{1,60}:(?=[^\s@"'`]{1,200}@(?:tcp|unix)\())[^\s@"'`]{1,400}/gi;
/** A line of `.pgpass`. */
const PGPASS =
  /((?:^|["'])[\w.*-]{1,100}:(?:\d{2,5}|\*):(?:[A-Za-z_][\w-]{0,60}|\*):(?:[A-Za-z_][\w-]{0,60}|\*):)([^\s"']{3,200})(?=["']|$)/gm;
/** The answer of an `expect` script to a prompt. */
const SENT =
  /(assword[^\n]{0,40}?["']?[;)]?\s{0,20}send(?:_?line)?\s{0,3}\(?(?:--\s)?["'])([^"'\n$\\]{3,200})(?=(?:\\[rn]){0,2}["'])/gi;
/** Settings of routers and mail servers, and a login in prose: `bob / X`. */
const AFTER_WORDS =
  /(\bsnmp-server community |\b(?:password|secret|md5) [0-9] (?=[\w$./]{0,60}\d)(?=[\w$./]{8})|^\[[\w.-]{1,100}\](?::\d{1,5})?[ \t]{1,8}[\w@.-]{1,60}:|(?<=\s)\[[\w.-]{1,100}\](?::\d{1,5})?[ \t]{1,8}[\w@.-]{1,60}:|\b(?:credentials?|creds|login): ?[\w@.-]{1,60} \/ (?=[^\s\d]{0,60}\d))[^\s"']{4,300}/gim;
/** The seed phrase of a wallet. */
const SEED_PHRASE =
  /\b((?:mnemonic|seed|(?:seed|recovery|backup|secret)[ _-]?(?:phrase|words?)|\d\d[ -]words?)["']?\s{0,3}(?:is|=>|[:=])?\s{0,3}["']?)((?:[a-z]{3,8} ){11,23}[a-z]{3,8})/gi;
const RECOVERY_CODES =
  /\b((?:recovery|backup|scratch|emergency|one-time|verification|2fa|mfa|otp|security)[ _-](?:code|key|passcode)s?["']?(?: is| are)?[:=]?\s{1,3}["'[]?)((?:(?=[a-z-]{0,39}\d)[\w-]{6,40}[ ,]{1,2}){0,20}(?=[a-z-]{0,39}\d)[\w-]{6,40})/gi;
/** Any program: a user option followed by a password option. */
const USER_AND_PASSWORD =
  /((?<=\s)(?:-u|-U|--user(?:name)?)[ =]\S{1,100} (?:-p|-P|-pw)(?: |=))(?![\d.:/-]{1,40}(?:\/(?:tcp|udp))?(?:\s|$))(["']?)([^\s"'$/-][^\s"']{2,200})/g;
const INI_LOGIN = /\b(_auth|_password)(\s{0,3}=\s{0,3})([\w+/=]{8,2000})/g;

/** Redacts the secrets of command lines in a text, by program, by option and in SQL, and those of `.netrc` files. */
export function redactCommandLines(text: string): string {
  const plain = text
    .replace(SQL, (found, ...[by, between, quote, value]: string[]) =>
      isReference(value ?? '') || isNamed(by, value, between)
        ? found
        : `${by}${between}${quote}${REDACTED}${quote?.slice(-1)}`,
    )
    .replace(NETRC, (found, head: string, value: string) =>
      isReference(value) || SENTENCE.test(value) || SQL_WORD.test(value) ? found : head + REDACTED,
    )
    .replace(PASSWORD_FILE, (found, head: string, value: string) => (isReference(value) ? found : head + REDACTED))
    .replace(PASSWORD_COMMAND, `$1${REDACTED}`)
    .replace(SQL_BARE, `$1${REDACTED}`)
    .replace(PGPASS, `$1${REDACTED}`)
    .replace(AFTER_WORDS, (found, head: string) => (isReference(found.slice(head.length)) ? found : head + REDACTED))
    .replace(SEED_PHRASE, `$1${REDACTED}`)
    .replace(SENT, `$1${REDACTED}`)
    .replace(RECOVERY_CODES, `$1${REDACTED}`)
    .replace(USER_AND_PASSWORD, redactUserAndPassword)
    .replace(INI_LOGIN, `$1$2${REDACTED}`)
    .replace(PLACED, `$1${REDACTED}`)
    .replace(SWITCH, `$1${REDACTED}`)
    .replace(SECURE_STRING, `$1$2${REDACTED}$2`)
    .replace(TEMPORARY_PASSWORD, `$1${REDACTED}`);
  const byOption = redactSpans(plain, optionValues(plain));
  return CALLS.test(byOption) ? byOption.split('\n').map(redactLine).join('\n') : byOption;
}

/** `password = 'x'` can be SQL or any other language. */
function isNamed(by = '', value = '', between = ''): boolean {
  if (/^password\s/i.test(by)) return !/[=(]/.test(between) && !/\d/.test(value);
  if (!/^password$/i.test(by)) return false;
  return !isSecretValue({ name: by, strength: 'password', value, isQuoted: true, context: 'code' });
}

/** Programs for which `-p` alone means a prompt, a port or a path. */
const OTHER_P = /\b(?:mysql\w*|mariadb[\w-]*|psql|pg_\w+|ssh|docker|podman|sudo|su|rsync|nmap)\b[^|;&\n]*$/;

function redactUserAndPassword(
  found: string,
  ...[head, quote, value, offset, text]: [string, string, string, number, string]
) {
  const before = text.slice(Math.max(0, offset - 200), offset);
  return isReference(value) || OTHER_P.test(before) ? found : head + quote + REDACTED;
}

function redactLine(line: string): string {
  if (line.length > LONGEST_LINE || !CALLS.test(line)) return line;
  const spans = [
    ...secretsOf(line),
    ...(/["']/.test(line) ? secretsOf(line.replace(/["']|\[(?=["'])|(?<=["'])\]|,(?=\s?["'])/g, ' ')) : []),
  ];
  // Of two spans with the same start, the longer one: the other was found without its quotes.
  const redacted = redactSpans(
    line,
    spans.sort((left, right) => left.start - right.start || right.end - left.end),
  );
  return /\bcurl\b/.test(line) ? redacted.replace(COOKIE_OPTION, redactCookieOption) : redacted;
}

function redactCookieOption(found: string, quote: string, cookies: string): string {
  return isReference(cookies) ? found : quote + redactCookies(cookies) + quote;
}

/** Secrets of a quoted command (`ssh host "mysql -pX"`) are found by reading the quotes as spaces. */
function secretsOf(line: string): readonly Span[] {
  const words = shellWords(line);
  return commandSecrets(words.map(({ text }) => text)).flatMap(({ word, from }): readonly Span[] => {
    const { places = [], text = '' } = words[word] ?? {};
    const [first, last] = [places[from], places[text.length - 1]];
    return first === undefined || last === undefined ? [] : [{ start: first, end: last + 1 }];
  });
}

function* optionValues(text: string): Iterable<Span> {
  for (const found of text.matchAll(OPTION)) {
    const name = (found[1] ?? '').replace(/^--?/, '');
    const strength = nameStrength(name);
    if (strength === undefined || strength === 'key') continue;
    const at = found.index + found[0].length;
    OPTION_VALUE.lastIndex = at;
    const whole = OPTION_VALUE.exec(text)?.[0] ?? '';
    if (whole.includes(REDACTED)) continue;
    const isQuoted = /^["']/.test(whole);
    const value = isQuoted ? whole.slice(1, -1) : withoutTrailing(whole, ',;)]}.');
    if (!isOptionValue({ name, strength, value, isQuoted })) continue;
    const start = at + (isQuoted ? 1 : 0);
    yield { start, end: start + value.length };
  }
}

function isOptionValue(option: {
  name: string;
  strength: NonNullable<ReturnType<typeof nameStrength>>;
  value: string;
  isQuoted: boolean;
}) {
  const { value, strength } = option;
  if (
    value === '' ||
    /^\([A-Za-z]/.test(value) ||
    isReference(value) ||
    SENTENCE.test(value) ||
    value.startsWith(REDACTED)
  )
    return false;
  if (isNoValue(value)) return false;
  if (strength === 'password') return true;
  return isSecretValue({ ...option, context: 'env' }) || (strength === 'secret' && /\d/.test(value));
}
