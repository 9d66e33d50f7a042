import { REDACTED, withoutTrailing } from './redacted.ts';
import { isNameLike, isNoValue, isReference } from './secret-value.ts';

/** Names of passwords and keys that are not part of English identifiers. */
const FOREIGN_NAME =
  /(?<![\p{L}\d_])((?:passwort|kennwort|mot de passe|mdp|contrase(?:ñ|n\u0303|n)a|clave(?: api)?|senha|chave(?: api)?|wachtwoord|has(?:ł|l)o|парол[ьяе]|ключ(?: api)?|токен|密码|密碼|口令|密钥|密鑰|令牌|パスワード|暗証番号|トークン|비밀번호|암호|(?:ş|s)ifre(?:niz|si|m)?|parol[aăe]|l(?:ö|o)senord(?:et)?|adgangskode(?:n)?|passord(?:et)?|salasana(?:si)?|heslo|jelszó|lozinka|mật khẩu|κωδικός|סיסמה|كلمة المرور|kata sandi|clé(?: api| secrète)?|(?:api-?)?schlüssel|geheimnis|secreto)["'`»”]{0,2}(?:(?:\s{1,2}(?:für|de|pour|para|del?|la|voor|för|til|для|от|к|do|di|per)\s{1,2}[^\s:]{1,60}){0,2}\s{0,2}[:=：—–]\s{0,3}|\s{0,2}(?:是|为|為|は|が|를|은|는)[:：]?\s{0,2}|\s{1,2}(?:(?:für|de|pour|para|del?|von|voor|för|til|для|от|do|di|per)\s{1,2}[^\s:]{1,60}\s{1,2})?(?:ist|lautet|war|est|es|é|är|er|on|je|jest|это|is|e|è)[:：]?\s{1,2}|\s{1,2})["'`«“„「]?)([\x21\x23-\x26\x28-\x5f\x61-\x7e]{6,200})/giu;
/** `set the database password to X`. */
const SET_TO =
  /\b((?:password|passwd|passphrase|passcode|pwd|pw|secret|token|key|pin)(?:\s(?:for|of|on)\s[^\s]{1,60}){0,2}\s(?:has been |was |is )?(?:(?:now|changed|reset|set|updated|rotated)\s){0,2}(?:from\s[^\s]{1,60}\s)?(?:to|as)[:\s]\s?["'`]?)([^\s"'`]{6,200})/gi;
/** `changed from X to Y`. */
const FROM =
  /\b((?:password|passwd|passphrase|pwd|pw|secret|token|key)(?:\s(?:for|of|on)\s[^\s]{1,60})?\s(?:was |has been |is )?(?:(?:changed|reset|rotated|updated|switched)\s)?from\s["'`]?)([^\s"'`]{6,200})/gi;
/** The format in which a service shows a key for an authenticator. */
const GROUPED_KEY =
  /((?:key|secret|code)["')]{0,2}\s{0,3}(?::|=|is)\s{0,3}["'`]?)((?:[a-z2-7]{4}[ -]){3,15}[a-z2-7]{4})(?![\w-])/gi;
/** `private key (hex): X`, `password → X`, `2fa seed X`. */
const LABEL =
  /((?<![\w/.-])(?:password|passwd|passphrase|pwd|pw|secret|token|api[ -]?key|priv(?:ate)?[ -]?key|seed)(?:\s(?!fingerprint|hash|id\b|digest|bucket|count|type|name|usage|file|path|url)[(a-z][a-z\d)]{1,12}){0,2}\s?(?::|=|→|->|=>|⇒)\s{0,3}["'`]?)([^\s"'`,;]{8,200})/gi;
const AUTHENTICATOR =
  /(\b(?:2fa|mfa|totp|otp)[ _-](?:seed|secret|key)["']?\s?(?:is|[:=])?\s{0,2}["'`]?)([A-Z2-7]{16,64})(?!\w)/gi;
const PIN = /(\b(?:PIN|[Pp]in code|PIN code|CVV|CVC|TAN)(?:\s?[:=]\s?|\sis\s))(\d{3,8})(?!\w)/g;
/** `use X as the password`, `X is the admin password`. */
const AS_PASSWORD =
  /((?:^|[\s"'`(]))([^\s"'`()]{6,100})(?=["'`]?\s(?:as|is|was|for)\s(?:(?:the|your|my|our|its|a|new|old)\s){0,2}(?:\w{1,20}\s)?(?:password|passphrase|passcode|pwd)\b)/gi;
/** A user and a password in a sentence or a note: `root / X`, `log in as bob with X`, `admin:X`. */
const LOGIN =
  /((?<![\w/.])(?:(?:root|admin|administrator|sysadmin|superuser|user|guest|test|demo|sa|postgres|deploy|ubuntu|pi)|(?:log(?:in|s|ged)?[ -]?(?:in|on)?|sign(?:ed)?[ -]?in|ssh|connect|authenticated?|auth|credentials?|creds|account|user(?:name)?|zugangsdaten|anmeldung|identifiants?|credenciales|credenciais|acceso|accès|учётка|логин|账号|帳號)(?::|\s(?:in\s)?(?:with|as|using|for|are|is|:)?:?)?\s{0,2}(?:user\s|the\s){0,2}["'`]?[\w.@+-]{1,60})["'`]?(?:\s{0,2}[/|]\s{0,2}|:|\s(?:and|with|using|\/)\s(?:password\s|pw\s|pass\s)?|,\s)["'`]?)([^\s"'`<>/|]{6,100})/gi;
/** An unquoted passphrase at the end of its line. */
const PASSPHRASE =
  /\b((?:pass|seed|recovery|secret)[ _-]?phrase["']?\s{0,3}(?:is|[:=])\s{0,3})((?:[a-z]{3,12}|\d{1,4})(?:[ -](?:[a-z]{3,12}|\d{1,4})){3,24})(?=["'.]?$)/gim;
const STOP_WORD =
  /(?:^|[ -])(?:a|the|and|for|from|must|with|your|you|not|this|that|when|should|can|will|are|was|has|have|enter|leave|empty|any|use|used|words?|characters?|letters?|at|least|than|more|new|old|file|stored|required|missing|wrong|invalid)(?:[ -]|$)/;
/** The format of Google's app passwords. */
const APP_PASSWORD =
  /((?:pass(?:word)?|pwd|pw)["']?\s{0,3}(?:is|[:=])\s{0,3}["']?)([a-z]{4} [a-z]{4} [a-z]{4} [a-z]{4})(?![a-z ])/gi;

/** Redacts passwords in sentences and notes, in several languages. */
export function redactSentences(text: string): string {
  return text
    .replace(FOREIGN_NAME, redactIf(isRandom))
    .replace(FROM, redactIf(isRandom))
    .replace(
      GROUPED_KEY,
      redactIf((value) => /[2-7]/.test(value)),
    )
    .replace(LABEL, redactIf(isStrong))
    .replace(
      AUTHENTICATOR,
      redactIf((value) => /[2-7]/.test(value)),
    )
    .replace(PIN, `$1${REDACTED}`)
    .replace(SET_TO, redactIf(isRandom))
    .replace(AS_PASSWORD, redactIf(isUnlikeName))
    .replace(LOGIN, redactIf(isPassword))
    .replace(
      PASSPHRASE,
      redactIf((value) => !STOP_WORD.test(value)),
    )
    .replace(
      APP_PASSWORD,
      redactIf((value) => !STOP_WORD.test(value)),
    );
}

function redactIf(isSecret: (value: string) => boolean) {
  return (found: string, head: string, whole: string): string => {
    const value = withoutTrailing(whole, '.,;:!?)]}');
    return isSecret(value) ? head + REDACTED + whole.slice(value.length) : found;
  };
}

/** Letters and digits that are not a path, call, version or placeholder. */
function isRandom(value: string): boolean {
  return (
    value.length >= 6 &&
    /\d/.test(value) &&
    /[a-z]/i.test(value) &&
    !/^(?:[\w.-]*\/|\w+[.([=]|v?\d+[.-]|https?:|[[({<])/.test(value) &&
    !isNoValue(value) &&
    !isReference(value) &&
    !/^(?:base\d+|utf-?\d+|sha-?\d+|md5|ed25519|rsa\d*|aes-?\d+|\d+[a-z]{1,5}|oauth2?|argon2\w*|pbkdf2|http2?)$/i.test(
      value,
    )
  );
}

/** Three kinds of characters, or long. */
function isStrong(value: string): boolean {
  if (!isRandom(value) || isNameLike(value)) return false;
  return (/[a-z]/.test(value) && /[A-Z]/.test(value)) || /^[a-f\d]{24,}$/.test(value);
}

function isUnlikeName(value: string): boolean {
  return isRandom(value) && (!isNameLike(value) || /^[a-z]+\d+$/i.test(value));
}

/** More than a name with a number: has capitals or signs too. */
function isPassword(value: string): boolean {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[!#$%^&*?~+@-]/].filter((kind) => kind.test(value)).length;
  return kinds >= 3 && isUnlikeName(value) && !/@(?:localhost|[\w-]+\.)/.test(value) && !/^\d{4}-\d\d/.test(value);
}
