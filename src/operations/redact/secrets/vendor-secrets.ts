import { REDACTED } from './redacted.ts';
import { vendorRules, type VendorRule } from './vendor-rules.ts';

/** Formats that gitleaks' rules lack, or know only under conditions or in one length. */
const MORE_FORMATS =
  /\b(?:[srp]k-[\w-]{16,300}|[srp]k_(?:live|test)_\w{8,200}|gh[oprsu]_\w{16,255}|github_pat_\w{16,255}|glpat-[\w.-]{16,300}|xox[abeoprs]-[\w-]{8,255}|xapp-[\w-]{16,255}|(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,20}|AIza[\w-]{30,50}|hf_\w{16,100}|npm_[A-Za-z0-9]{16,100}|pypi-[\w-]{16,1000}|eyJ[\w-]{8,4000}\.[\w-]{1,8000}(?:\.[\w-]{1,2000})?|whsec_[\w+/=]{16,200}|hv[sb]\.[\w-]{20,400}|GOCSPX-[\w-]{20,60}|1\/\/0[\w-]{30,200}|ya29\.[\w-]{20,500}|SG\.[\w-]{16,64}\.[\w-]{16,128}|key-[a-f0-9]{32}|[a-f0-9]{32}-us\d{1,2}|dop_v1_[a-f0-9]{32,64}|cio[a-zA-Z0-9]{32}|ops_eyJ[\w+/=]{60,2000}|(?:ATATT|ATCTT|ATBB)[\w=-]{24,300}|secret_[a-zA-Z0-9]{40,50}|sha256~[\w-]{43}|s%3A[\w%.-]{20,300}|GOOG1E[A-Z0-9]{20,60}|AGE-SECRET-KEY-1[A-Z0-9]{20,60}|PMAK-[\w-]{24,80}|dapi[a-f0-9]{32}|rubygems_[a-f0-9]{40,60}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{30,64}|lin_api_\w{30,60}|[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40}|LS0tLS1CRUdJTiB(?!DRVJUSUZJ|QVUJMSUMg|OR)[\w+/=]{40,20000}|[01]\/\d{10,20}:[a-f0-9]{32}|access_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[a-f0-9]{32}|sl\.[\w-]{60,1500}|dG9rOi[\w+/=]{30,100}|pat\w{14}\.[a-f0-9]{64}|[a-f0-9]{36}NRAL|NRAK-[A-Z0-9]{20,40}|FwoGZXIvYXdz[\w+/=]{20,2000}|live_\d{8,12}_[a-zA-Z0-9]{24,40}|IQoJb3JpZ2lu[\w+/=]{20,3000}|(?:pat-(?:na|eu|ap)\d|RGAPI|HRKU)-[a-f0-9]{8}-[a-f0-9-]{27}|eyJhdXRocyI6[\w+/=]{20,4000}|[xyz]prv[A-Za-z0-9]{90,120}|RWRTY0Iy[\w+/=]{50,300}|dckr_[op]at_[\w-]{20,60}|sq0[a-z]{3}-[\w-]{20,60}|gl(?:dt|rt|ft|imt|agent|ptt|cbt|soat|ffct|rtr|wt)-[\w.-]{16,300}|dp\.(?:st|pt|ct|sa|scim|audit)\.[\w.-]{30,100}|(?:lsv2_(?:pt|sk)_|nvapi-|tvly-|jina_|pcsk_|apify_api_|waka_|xsmtpsib-|xkeysib-|tskey-|pplx-|xai-|gsk_|r8_|sbp_|nfp_|rnd_|glc_|glsa_|sntry[su]_|npg_|napi_|vc[pkiar]_|fw_|phx_|fio-u-|ico-|duffel_|CFPAT-|pul-|sgp_|dt0c01\.|hcaik_|figu_|AVNS_|ABSK|EZ[AT]K|rpa_|co_|tgp_v1_|esecret_|bb_live_|sess-)[\w.=+/-]{20,600}|AKCp[A-Za-z0-9]{60,80}|figd_[\w-]{30,60}|FlyV1 fm\d_[\w+/=,]{40,2000})(?![a-zA-Z0-9])/g;

/** Webhooks, whose whole path is the secret. */
const WEBHOOKS =
  /\b(hooks\.slack(?:-gov)?\.com\/(?:services|workflows|triggers)\/|discord(?:app)?\.com\/api\/(?:v\d{1,2}\/)?webhooks\/|\.webhook\.office\.com\/webhookb2\/|hooks\.zapier\.com\/hooks\/catch\/|outlook\.office\.com\/webhook\/|maker\.ifttt\.com\/trigger\/\w{1,60}\/with\/key\/|chat\.googleapis\.com\/v1\/spaces\/|oapi\.dingtalk\.com\/robot\/send\?access_token=|open\.feishu\.cn\/open-apis\/bot\/v2\/hook\/|qyapi\.weixin\.qq\.com\/cgi-bin\/webhook\/send\?key=|\.infura\.io\/(?:ws\/)?v3\/|\.alchemy\.com\/(?:v2|v3|nft\/v3)\/|\.quiknode\.pro\/|rpc\.ankr\.com\/\w{1,20}\/|hc-ping\.com\/|events\.pagerduty\.com\/integration\/|hook\.(?:eu|us)\d\.make\.com\/|\/hooks\/(?=[a-z0-9]{26}(?![\w-])))[\w@/?=&.%:-]{8,400}/gi;
/** The part of a URL's path where services put a token. */
const IN_PATH =
  /(\/(?:t|tokens?|hooks?|webhooks?|secrets?)\/)(?=[\w-]{0,60}\d)(?=[\w-]{0,60}[a-z])(?=[\w-]{0,60}[A-Z])[A-Za-z0-9_-]{24,300}(?![\w.-])/g;
/** The id of a cloud account, followed by its secret. */
const PAIRED =
  /(\b(?:AKIA|ASIA|LTAI|AKLT|AKID)[A-Za-z0-9]{12,36}["'`]?\s{0,3}(?:[/:,;|]|and|with)\s{0,3}["'`]?)([\w+/]{28,64}={0,2})(?![\w+/])/g;
/** 64 random bytes, such as the key of an Azure account. A digest has its method in front. */
const BYTES_64 = /(?<![\w+/=-])[A-Za-z0-9+/]{86}==(?![\w=])/g;
/** A label, followed by a random text without words that is not a digest. */
const LABELLED =
  /((?:^|[\s,({])["'`]?(?!(?:sha-?\d{0,3}|md5|h1|digest|hash|etag|cursor|integrity|fingerprint|nonce|commit|[\w.-]{0,20}id)\b)[A-Za-z][\w.-]{0,30}["'`]?[:=]\s{0,2}["'`]?)([\w-]{32,80})(?![\w./+=-])/gi;
/** A file that ansible-vault encrypted. */
const ANSIBLE_VAULT = /(\$ANSIBLE_VAULT;[\w.;-]{1,60})((?:(?:\s|\\n){1,20}[a-f0-9]{8,400}){1,1000})/g;
/** A Telegram bot token, in a URL or alone. */
const TELEGRAM = /(?<![\w-])(bot)?\d{7,12}:[A-Za-z0-9_-]{33,40}(?![\w-])/g;
/** `JPMorgan:~` aside, a client secret of Azure: the only format with `Q~` in its middle. */
const AZURE_CLIENT_SECRET = /(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}(?![\w~.-])/g;

/** A prefix for a vendor or a kind of token, followed by random characters: the format of most services. */
const PREFIXED =
  /(?<![\w+/.$-])([A-Za-z][A-Za-z0-9]{1,11}(?:[_-][A-Za-z0-9]{2,8}){0,3}?[_-])([A-Za-z0-9]{28,400}(?:[_-][\w-]{1,200})?)(?![\w+/=-])/g;
/** Prefixes of texts that are not secrets. */
const PUBLIC_PREFIX =
  /^(?:sha\d*|md5|commit|rev|ref|hash|digest|etag|build|cache|blob|tree|chunk|index|main|vendor|nonce|trace|span|req|request|msg|id|uid|uuid|node|npm|layer|img|image|asset|bundle|run|job|task|session|container|docker|v\d+|pkg|tmp|test|file|call|thread|chatcmpl|toolu|pk|cus|evt|arn|ami|vpc|subnet|sg|vol|snap|eni|rtb|acl|igw|nat)[_-]/i;

/** The password format of `crypt`, LDAP servers and web frameworks: method, parameters, salt and hash. */
const PASSWORD_HASHES =
  /(?<![\w$])(?:\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|sha1|md5|argon2(?:id|i|d)|scrypt|pbkdf2(?:-sha\d{3})?)\$[\w./+=,$*-]{20,300}|\{(?:SSHA|SHA|SMD5|CRYPT|SSHA\d{3}|PBKDF2[\w-]{0,12})\}[\w./+=$]{20,300}|(?:pbkdf2|bcrypt|argon2|scrypt)(?:_\w{2,10})?\$[\w./+=,$-]{20,300})/g;

/** Redacts secrets that their format alone identifies, at any position. */
export function redactVendorSecrets(text: string): string {
  const known = text
    .replace(WEBHOOKS, `$1${REDACTED}`)
    .replace(IN_PATH, `$1${REDACTED}`)
    .replace(BYTES_64, REDACTED)
    .replace(LABELLED, (found, head: string, value: string) => (isToken(value) ? head + REDACTED : found))
    .replace(PAIRED, `$1${REDACTED}`)
    .replace(ANSIBLE_VAULT, `$1\n${REDACTED}`)
    .replace(TELEGRAM, `$1${REDACTED}`)
    .replace(AZURE_CLIENT_SECRET, REDACTED)
    .replace(MORE_FORMATS, (found) => (isWords(found) || isFiller(found) ? found : REDACTED))
    .replace(PREFIXED, redactPrefixed)
    .replace(PASSWORD_HASHES, REDACTED);
  const lower = known.toLowerCase();
  if (!namesVendor(lower)) return known;
  const fitting = loadRules().filter(({ keywords }) => keywords.some((keyword) => lower.includes(keyword)));
  return fitting.reduce((rest, rule) => redactRule(rest, rule), known);
}

/** Longer than words in names. */
const LONGEST_WORD = 16;

/** Words alone, as in a name of a variable or a package. */
function isWords(text: string): boolean {
  const isOneCase = !/\d/.test(text) && !(/[a-z]/.test(text) && /[A-Z]/.test(text));
  return isOneCase && text.split(/[^A-Za-z]/).every((word) => word.length <= LONGEST_WORD);
}

/** Random, without words, and not a digest. */
export function isToken(value: string): boolean {
  return (
    /^[\w-]{32,80}$/.test(value) &&
    /[A-Z]/.test(value) &&
    /[a-z]/.test(value) &&
    (value.match(/\d/g)?.length ?? 0) >= 3 &&
    !/[A-Za-z][a-z]{7}|[A-Z]{12}/.test(value) &&
    entropyOf(value) >= 4.3
  );
}

/** `ghp_xxxxxxxx` in a manual. */
function isFiller(text: string): boolean {
  return new Set(text.slice(-16)).size <= 2;
}

function redactPrefixed(found: string, prefix: string, random: string): string {
  const isHex = /^[a-f0-9]{32,}(?:[_-]|$)/.test(random) && prefix.endsWith('_');
  const isMixedCase = /\d/.test(random) && /[a-z]/.test(random) && /[A-Z]/.test(random);
  const isLower = random.length >= 32 && (random.match(/\d/g)?.length ?? 0) >= 5;
  const isRandom = isHex || ((isMixedCase || (isLower && prefix.endsWith('_'))) && entropyOf(random) >= 3.8);
  return isRandom && !PUBLIC_PREFIX.test(prefix) ? REDACTED : found;
}

let loaded: readonly VendorRule[] | undefined;

function loadRules(): readonly VendorRule[] {
  return (loaded ??= vendorRules());
}

let keywords: RegExp | undefined;

/** Whether a text in lower case contains a keyword of any rule. One pattern is ten times faster than 188 rules, and most texts have none. */
function namesVendor(lower: string): boolean {
  keywords ??= new RegExp([...new Set(loadRules().flatMap((rule) => rule.keywords.map(escaped)))].join('|'));
  return keywords.test(lower);
}

function escaped(keyword: string): string {
  return keyword.replace(/[$()*+.?[\\\]^{|}-]/g, '\\$&');
}

/** Compiled for the first text that needs it: most texts name no vendor. */
const compiled = new Map<string, RegExp>();

function redactRule(text: string, rule: VendorRule): string {
  let pattern = compiled.get(rule.id);
  if (pattern === undefined) compiled.set(rule.id, (pattern = new RegExp(rule.source, rule.flags)));
  return text.replace(pattern, (found: string, ...rest: unknown[]) => {
    const secret = firstText(rest) ?? found;
    if (entropyOf(secret) < rule.entropy || (rule.isNamed && !/\d/.test(secret))) return found;
    return found.replace(secret, REDACTED);
  });
}

/** The first group that took part; what follows the groups begins with a number. */
function firstText(groups: readonly unknown[]): string | undefined {
  for (const group of groups) {
    if (typeof group === 'number') return undefined;
    if (typeof group === 'string') return group;
  }
  return undefined;
}

/** Shannon entropy in bits per character. */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
