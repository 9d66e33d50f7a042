/** How certainly a name is that of a secret: of a password, of another secret, or ambiguous (`key`, `token`). */
export type NameStrength = 'password' | 'secret' | 'token' | 'key' | 'pass';

const PASSWORD =
  /(?:passwords?|passwd|passphrase|passcode|pwd|passwort|kennwort|motdepasse|contrasena|senha|wachtwoord|haslo|heslo|sifre|losenord|adgangskode|passord|salasana|storepass|keypass|dbpass|smtppass|mailpass|ftppass|userpass|rootpass|adminpass|sudopass|becomepass|sshpass|requirepass|masterauth|psk|presharedkey|bindpw|rootpw)$/;
const SECRET =
  /(?:secret|secretkey|secretkeybase|secretaccesskey|apikey|apitoken|apisecret|appkey|appsecret|accesskey|privatekey|privkey|signingkey|signaturekey|encryptionkey|encryptkey|cipherkey|masterkey|accountkey|sharedaccesskey|sharedkey|storagekey|licensekey|authkey|deploykey|servicekey|rootkey|hmackey|aeskey|jwtkey|sessionkey|cookiekey|loggedinkey|noncekey|secureauthkey|adminkey|functionkey|subscriptionkey|consumerkey|clientsecret|integrationkey|consumersecret|webhooksecret|accesstoken|refreshtoken|authtoken|bearertoken|idtoken|sessiontoken|securitytoken|bottoken|usertoken|pushtoken|deploytoken|registrytoken|npmtoken|githubtoken|gitlabtoken|gittoken|slacktoken|secrettoken|personalaccesstoken|vaulttoken|privatetoken|jobtoken|oauthtoken|csrftoken|xsrftoken|credentials?|connectionstring|sharedaccesssignature|sonarlogin)$/;
const TOKEN =
  /(?:tokens?|auth|authorization|bearer|cookie|sessionid|sessid|jwt|pat|secrets|dsn|signature|apisid|salt)$/;
const KEY = /^(?:key|sig)$/;
/** Names that end like a secret's name but are not one. */
const PUBLIC =
  /(?:gpg|pgp|fingerprint|public|primary|foreign|cache|sort|partition|query|map|hash|object|row|group|unique|composite|access(?:ibility)?label|i18n|translation|hot|arrow|short|start|next|previous|last|first|max|no|csrfparam|page|continuation)-(?:key|token)s?$/;
/** Words after the decisive one: `SECRET_KEY_BASE`, `password2`, `DB_PASSWORD_PROD`. */
const TRAILING =
  /^(?:\d+|value|string|base64|b64|raw|hex|plain|plaintext|base|confirmation|confirm|repeat|old|new|current|prod|production|dev|staging|live|default|env|root|admin|ci|rw|ro)$/;
/** A quick test: every secret's name contains one of these, most other names none. */
const HINT =
  /pass|pwd|psw|pw|secret|token|key|auth|cred|cookie|bearer|sess|jwt|pat|dsn|sig|salt|sid|psk|preshared|kennwort|contrasena|senha|wachtwoord|haslo|heslo|sifre|losenord|adgangskode|passord|salasana|motdepasse|connectionstring|sonar/i;
/** Characters tested from the end of a longer name. */
const LONGEST_NAME = 80;

/** The strength of a name in any spelling (`api-key`, `apiKey`, `API_KEY`, `spring.datasource.password`); undefined if it names no secret. */
export function nameStrength(name: string): NameStrength | undefined {
  const end = name.slice(-LONGEST_NAME);
  return HINT.test(end) ? strengthOf(end) : undefined;
}

function strengthOf(name: string): NameStrength | undefined {
  const words = wordsOf(name);
  while (words.length > 1 && TRAILING.test(words.at(-1) ?? '')) words.pop();
  const joined = words.slice(-4).join('');
  if (PASSWORD.test(joined)) return 'password';
  if (joined === 'pass' || joined === 'pw' || joined === 'creds' || joined === 'psw') return 'pass';
  if (PUBLIC.test(words.slice(-2).join('-')) || /^(?:start|next|page)token$/.test(joined)) return undefined;
  if (SECRET.test(joined)) return 'secret';
  if (/(?:^|[a-z])secretid$/.test(joined)) return 'token';
  const last = words.at(-1) ?? '';
  if (last === 'pass' || last === 'pw') return words.length > 1 && name === name.toUpperCase() ? 'password' : 'pass';
  if (TOKEN.test(last)) return 'token';
  return KEY.test(last) ? 'key' : undefined;
}

function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .flatMap((word) => /^([a-z]+)(\d+)$/.exec(word)?.slice(1) ?? [word])
    .filter((word) => word !== '');
}
