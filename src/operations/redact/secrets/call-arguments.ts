import { redactSpans, type Span } from './redacted.ts';
import { isMixed, isNameLike, isNoValue, isReference, isSecretValue, type Candidate } from './secret-value.ts';
import { nameStrength } from './secret-name.ts';
import { entropyOf, isToken } from './vendor-secrets.ts';

/** Calls that take credentials by position: `twilio(sid, token)`, `client.login(token)`, `new Client(id, secret)`. */
const CALL = /\b(?:[A-Za-z_]\w{0,40}(?:\.|::|->)){0,3}[A-Za-z_]\w{0,60}\(/g;
const LOGS_IN =
  /(?:client|bot|auth|credentials?|token|api_?key|secret|login|log_in|authenticate|authorize|connect|twilio|stripe|sendgrid|octokit|openai|pusher|mailgun|algoliasearch|algolia\w{0,20}|(?:client|bot|app)\.(?:run|start))$/i;
/** Calls with a password at a fixed position, counted from 0. */
const PLACES: readonly (readonly [RegExp, number])[] = [
  [/^(?:mysqli(?:_connect)?|mysql_connect|pdo|getconnection|ftp_login|odbc_connect|sequelize)$/, 2],
  [
    /^(?:(?:http)?(?:basic|digest)_?auth|setbasicauth|\w{0,20}networkcredential|passwordauthentication|usernamepassword\w{0,20}|userpass\w{0,10}|oci_connect|ftp_login|plainauth|basiccredentials)$/,
    1,
  ],
  [/^(?:jwt\.(?:sign|verify|encode|decode)|createhmac|createcipheriv|aes\.(?:en|de)crypt|(?:en|de)crypt)$/, 1],
  [
    /^(?:hmac\.new|fernet|cookieparser|secretkeyspec|symmetricsecuritykey|setsigningkey|signwith|keys\.hmacshakeyfor|hmac)$/,
    0,
  ],
];
/** Tests log in with wrong passwords, which are plain words. */
const LOGIN = /^(?:login|log_in|signin|sign_in|authenticate)$/;
/** Calls with other random arguments: digests, encoded data, file names. */
const NOT_SECRET =
  /hash|digest|sha\d|md5|base64|atob|btoa|decode|parse|from|equal|tobe|match|contain|assert|expect|import|require|integrity|sri|commit|checkout|fixture|snapshot|image|url|src|href|id|uuid|cursor|etag|public|cert|cid|address|track|log|debug|info|warn|error|print/i;
const OTHER_VERB =
  /^_{0,2}(?:get|is|has|find|read|fetch|load|check|hash|verify|validate|parse|make|create|test|reset|forgot|generate|remove|delete|on|handle|require|expect|new|derive|encode|decode|to|from|[A-Z])/;
const ARGUMENTS = /(?:[^()\n]|\(\)){0,400}/y;
const LITERAL = /(["'`])([^"'`\n]{1,300})\1/g;
const FORM = /^[\w+/=.:~-]{20,300}$/;
/** Arguments of such calls that are names, not secrets. */
const PUBLIC_FORM = /^(?:AC[a-f0-9]{32}|[a-f0-9]{8}-(?:[a-f0-9]{4}-){3}[a-f0-9]{12}|[\w.-]+\.[a-z]{2,})$/;

/** Redacts the arguments of calls that log in or sign. */
export function redactCallArguments(text: string): string {
  return text.includes('(') && /["'`]/.test(text) ? redactSpans(text, secretsOf(text)) : text;
}

function* secretsOf(text: string): Iterable<Span> {
  for (const call of text.matchAll(CALL)) {
    const callee = call[0].slice(0, -1);
    const place = placeOf(callee);
    const isKnown = place !== undefined || LOGS_IN.test(callee);
    const setter = isKnown ? undefined : setterOf(callee);
    if (!isKnown && setter === undefined && NOT_SECRET.test(callee)) continue;
    const at = call.index + call[0].length;
    ARGUMENTS.lastIndex = at;
    const given = ARGUMENTS.exec(text)?.[0] ?? '';
    for (const literal of given.matchAll(LITERAL)) {
      const [, quote = '', value = ''] = literal;
      const start = at + literal.index + quote.length;
      const index = given.slice(0, literal.index).split(',').length - 1;
      if (
        (place?.index === index && isPassword(value, place.isLogin)) ||
        (isKnown ? isRandom(value) : index < 2 && isToken(value)) ||
        (index === 0 && setter !== undefined && isSecretValue({ ...setter, value, isQuoted: true, context: 'code' }))
      )
        yield { start, end: start + value.length };
    }
  }
}

/** `mail.setPassword('x')`, `withToken('x')`. */
function setterOf(callee: string): Pick<Candidate, 'name' | 'strength'> | undefined {
  const name = callee.split(/\.|::|->/).at(-1) ?? '';
  if (OTHER_VERB.test(name)) return undefined;
  const strength = nameStrength(name);
  return strength === undefined || strength === 'key' ? undefined : { name, strength };
}

function placeOf(callee: string): { readonly index: number; readonly isLogin: boolean } | undefined {
  const parts = callee.toLowerCase().split(/\.|::|->/);
  const last = parts.at(-1) ?? '';
  const lastTwo = parts.slice(-2).join('.');
  if (LOGIN.test(last)) return { index: 1, isLogin: true };
  if (last === 'auth' && parts.length > 1) return { index: 0, isLogin: true };
  const found = PLACES.find(([names]) => names.test(last) || names.test(lastTwo));
  return found === undefined ? undefined : { index: found[1], isLogin: false };
}

function isPassword(value: string, isLogin: boolean): boolean {
  if (value.length < 4 || isNoValue(value) || isReference(value) || value.startsWith('-----')) return false;
  if (isLogin) return /\d/.test(value) && !/wrong|invalid|bad|^o?auth/i.test(value);
  return !/^(?:[a-z]+\d{0,3}(?:[-_.][a-z\d]+)*|utf-?8|ascii|hex|base64)$/i.test(value) || /^[a-z]+\d\w*$/i.test(value);
}

function isRandom(value: string): boolean {
  return (
    FORM.test(value) && isMixed(value, 20) && !isNameLike(value) && !PUBLIC_FORM.test(value) && entropyOf(value) >= 3
  );
}
