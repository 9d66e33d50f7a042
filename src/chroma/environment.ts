import { markedEnvironment, marksFor } from '../core/tree/marks.ts';
import type { Role } from '../core/tree/manifest.ts';
import type { ChromaDependencies } from './dependencies.ts';

/** What the marks of a child are made of. */
export type Parenthood = Pick<ChromaDependencies, 'dataDir' | 'treeId' | 'own' | 'env'>;

/**
 * Names that uv, Python and Chroma need: where things are, how to reach the network, which interpreter to take. Everything else stays
 * out: a PYTHONPATH or VIRTUAL_ENV of the user's breaks the packages, a token of the user's is nobody's business.
 */
const PASSED_ON =
  /^(?:HOME|PATH|USER|LOGNAME|SHELL|LANG|LANGUAGE|TZ|TMPDIR|TEMP|TMP|LD_LIBRARY_PATH|NIX_LD.*|LC_.*|SSL_CERT_.*|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|UV_.*|PIP_.*|PYENV_.*|XDG_.*|OMP_.*|CLAUDE_MEM_.*)$/;
const PROXIES = /^(?:https?|all|no)_proxy$/i;
/** Credentials, tenant and database of an existing Chroma server. */
const REMOTE_ONLY = /^CHROMA_.*$/;

/** The environment of a process of ours, with the marks it is known by. */
export function childEnvironment(
  { dataDir, treeId, own, env }: Parenthood,
  role: Role,
  { isRemote = false } = {},
): Record<string, string> {
  const isPassedOn = (name: string): boolean =>
    PASSED_ON.test(name) || PROXIES.test(name) || (isRemote && REMOTE_ONLY.test(name));
  const inherited = Object.entries(env).filter(([name]) => isPassedOn(name));
  const marks = marksFor({ treeId, role, dataDir, owner: own });
  // Of a preparation somebody watches the progress; anywhere else it fills the log.
  const quiet = role === 'setup' ? {} : { UV_NO_PROGRESS: '1' };
  const all = markedEnvironment<string | undefined>(
    { ...Object.fromEntries(inherited), ...quiet, ANONYMIZED_TELEMETRY: 'False' },
    marks,
  );
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
