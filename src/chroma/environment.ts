import { markedEnvironment, marksFor } from '../core/tree/marks.ts';
import type { Role } from '../core/tree/manifest.ts';
import type { ChromaDependencies } from './dependencies.ts';

/** The values from which a child's marks are built. */
export type Parenthood = Pick<ChromaDependencies, 'dataDir' | 'treeId' | 'own' | 'env'>;

/**
 * Variables that uv, Python and Chroma need: paths, network access, choice of interpreter. All others are removed:
 * PYTHONPATH or VIRTUAL_ENV would break the packages, and secrets of the user must not be passed on.
 */
const PASSED_ON =
  /^(?:HOME|PATH|USER|LOGNAME|SHELL|LANG|LANGUAGE|TZ|TMPDIR|TEMP|TMP|LD_LIBRARY_PATH|NIX_LD.*|LC_.*|SSL_CERT_.*|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|UV_.*|PIP_.*|PYENV_.*|XDG_.*|OMP_.*|CLAUDE_MEM_.*)$/;
/** Where Windows, its programs and the user's files are. Windows does not distinguish the case of names. */
const OF_WINDOWS =
  /^(?:path|pathext|comspec|windir|system(?:root|drive)|userprofile|username|(?:local)?appdata|program(?:data|files.*)|processor_.*)$/i;
const PROXIES = /^(?:https?|all|no)_proxy$/i;
/** Credentials, tenant and database of an existing Chroma server. */
const REMOTE_ONLY = /^CHROMA_.*$/;

/** The environment of a child process, with the marks that identify it. */
export function childEnvironment(
  { dataDir, treeId, own, env }: Parenthood,
  role: Role,
  { isRemote = false } = {},
): Record<string, string> {
  const isPassedOn = (name: string): boolean =>
    PASSED_ON.test(name) || OF_WINDOWS.test(name) || PROXIES.test(name) || (isRemote && REMOTE_ONLY.test(name));
  const inherited = Object.entries(env).filter(([name]) => isPassedOn(name));
  const marks = marksFor({ treeId, role, dataDir, owner: own });
  // During setup the user watches the progress; otherwise it would fill the log.
  const quiet = role === 'setup' ? {} : { UV_NO_PROGRESS: '1' };
  const all = markedEnvironment<string | undefined>(
    { ...Object.fromEntries(inherited), ...quiet, ANONYMIZED_TELEMETRY: 'False' },
    marks,
  );
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
