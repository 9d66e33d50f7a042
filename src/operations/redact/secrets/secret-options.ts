import type { Separator } from './secret-in-word.ts';

/** How a program takes its secrets. */
export interface Program {
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

export const PROGRAMS: readonly Program[] = [
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
