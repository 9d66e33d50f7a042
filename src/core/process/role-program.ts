import { chromaPart, type ChromaPart } from './chroma-command.ts';
import { commandWords, hasExactWords } from './command-words.ts';
import { TREE_ROLES, type Role } from '../tree/manifest.ts';
import { isSamePath, joinPath } from './path.ts';
import { asciiLower, baseName, isLoader, programName } from './program-name.ts';
import type { ProcessRow } from './snapshot.ts';

/** Directories below a data dir with Chroma's files: of claude-mem, of the plugin, and of older versions of the plugin. */
export const CHROMA_DIRECTORIES = ['vectors', 'chroma', 'vector-db'] as const;

/** File names of claude-mem's entry scripts by role. An upgrade moves them, so the folder is not compared. */
const ENTRY_SCRIPTS: Readonly<Record<'supervisor' | 'worker' | 'search', readonly string[]>> = {
  supervisor: ['supervisor.js'],
  worker: ['worker.js'],
  search: ['search-server.js'],
};

const OUR_SCRIPTS: ReadonlySet<string> = new Set(Object.values(ENTRY_SCRIPTS).flat());
const PLUGIN_SCRIPT = /^(?:worker-service|mcp-server)\.(?:cjs|js|mjs)$/;

const SCRIPT_RUNNER = /^(?:node|bun|mainthread)/i;
/** Of a name in lower case: V8 needs ten times as long to compile a pattern that ignores case. */
const CANDIDATE = /^(?:uvx?|pipx|pypy.*|graalpy.*|python.*|chroma-mcp.*|node.*|bun.*|setpriv|mainthread|claude-mem.*)$/;

type CommandLine = Pick<ProcessRow, 'name' | 'argv' | 'command' | 'executable' | 'commandCut'>;

/**
 * Whether a process of this name (`comm`, possibly cut at 15 bytes) can run a role, so that its command line must be read.
 */
export function isCandidateName(name: string): boolean {
  // Cached: called for each process in each reading, and a thousand processes have a few dozen names.
  const known = candidateNames.get(name);
  if (known !== undefined) return known;
  // A process title can be a whole command line: PM2 sets titles like `node /srv/worker-service.js`.
  const names = [name, programName(name)].map(asciiLower);
  const isCandidate = names.some((each) => CANDIDATE.test(each)) || isLoader(name);
  if (candidateNames.size >= MOST_NAMES_KNOWN) candidateNames.clear();
  candidateNames.set(name, isCandidate);
  return isCandidate;
}

const candidateNames = new Map<string, boolean>();
const MOST_NAMES_KNOWN = 1_000;

/** Whether this is a chroma-mcp, wrapper or python, on any data dir. */
export function isChromaProgram(row: CommandLine): boolean {
  return partOf(row) !== undefined;
}

/** Whether this is a uv wrapper, or another program that starts chroma-mcp and stays its parent. */
export function isChromaWrapper(row: CommandLine): boolean {
  return partOf(row) === 'wrapper';
}

function partOf(row: CommandLine): ChromaPart | undefined {
  // A cheap exit: this is called for each process, and most have only a name.
  if (!hasCommandLine(row) && row.executable === undefined && !isCandidateName(row.name)) return undefined;
  const names = row.executable === undefined ? [row.name] : [row.name, row.executable];
  const words = commandWords(row);
  const part = chromaPart(words, names);
  // `cmd.exe /c` stays the parent of the program it runs.
  return part !== undefined && programName(row.name).toLowerCase() === 'cmd' ? 'wrapper' : part;
}

/** The value of `--data-dir X` or `--data-dir=X` as written; undefined without the option. */
export function dataDirArgument(row: Pick<ProcessRow, 'argv' | 'command'>): string | undefined {
  if (hasExactWords(row)) return optionValue(commandWords({ name: '', ...row }), '--data-dir');
  return optionValueInText(row.command, '--data-dir');
}

/** Whether the command line was readable. */
export function hasCommandLine(row: Pick<ProcessRow, 'argv' | 'command'>): boolean {
  return (row.argv?.length ?? 0) > 0 || row.command !== '';
}

/**
 * Whether the process is a chroma-mcp on one of the data dir's Chroma directories. The whole value is compared, as resolved by the reader,
 * else as written. (A comparison by prefix once matched `chroma-backup`.)
 */
export function isChromaOfDataDir(row: ProcessRow, dataDir: string, platform: string): boolean {
  if (!isChromaProgram(row)) return false;
  const meant = row.roleDirectory ?? dataDirArgument(row);
  if (meant === undefined) return false;
  return CHROMA_DIRECTORIES.some((name) => isSamePath(meant, joinPath(dataDir, name), platform));
}

/** The role of a claude-mem entry script, known by role mark and file name together. */
export function entryScriptRole(row: ProcessRow): Role | undefined {
  const role = roleFromMark(row.roleMark);
  if (role !== 'supervisor' && role !== 'worker' && role !== 'search') return undefined;
  const scripts = ENTRY_SCRIPTS[role];
  // The script is the first argument that is not an option of node.
  const script = commandWords(row)
    .slice(1)
    .find((argument) => !argument.startsWith('-'));
  return script !== undefined && scripts.includes(baseName(script)) ? role : undefined;
}

/** The role that a mark names; undefined for an unknown role. */
export function roleFromMark(mark: string | null | undefined): Role | undefined {
  return TREE_ROLES.find((role) => role === mark);
}

/** Whether this process runs the worker service or the MCP server of the published plugin. */
export function isPluginScript(row: ProcessRow): boolean {
  const words = commandWords(row);
  const names = [row.name, row.executable ?? '', words[0] ?? ''].map(programName);
  return names.some((name) => SCRIPT_RUNNER.test(name)) && words.map(baseName).some((word) => PLUGIN_SCRIPT.test(word));
}

/**
 * Whether the script is that of any claude-mem, this one or the published plugin. Only used to spare processes, so false positives are
 * safe.
 */
export function isClaudeMemScript(row: ProcessRow): boolean {
  if (entryScriptRole(row) !== undefined) return true;
  if (row.commandCut === true && mayRunRole(row)) return true;
  if (isPluginScript(row)) return true;
  const words = commandWords(row);
  const names = [row.name, row.executable ?? '', words[0] ?? ''].map(programName);
  if (!names.some((name) => SCRIPT_RUNNER.test(name))) return false;
  const scripts = words.map(baseName);
  // Without a readable role mark, the file name alone decides.
  return typeof row.roleMark !== 'string' && scripts.some((script) => OUR_SCRIPTS.has(script));
}

/**
 * Whether a row whose command line or environment was read in part may be a claude-mem process. For node, the script at the beginning
 * decides; uv and python may name theirs anywhere.
 */
export function mayRunRole(row: CommandLine): boolean {
  const names = [row.name, row.executable].filter((name) => name !== undefined);
  if (!names.some(isCandidateName)) return false;
  if (!names.map(programName).every((name) => SCRIPT_RUNNER.test(name))) return true;
  const [script, ...more] = commandWords(row)
    .slice(1)
    .filter((argument) => !argument.startsWith('-'));
  if (script === undefined) return row.commandCut === true || !hasCommandLine(row);
  // The last argument may continue in the unread part.
  if (row.commandCut === true && more.length === 0) return true;
  return OUR_SCRIPTS.has(baseName(script)) || PLUGIN_SCRIPT.test(baseName(script));
}

/** The last of several values counts, as in the program itself. */
function optionValue(argv: readonly string[], option: string): string | undefined {
  const last = argv.findLastIndex((argument) => argument === option || argument.startsWith(`${option}=`));
  const argument = argv[last];
  return argument === option ? argv[last + 1] : argument?.slice(option.length + 1);
}

/** In one string, the value ends at the next option, because a path may contain spaces. */
function optionValueInText(command: string, option: string): string | undefined {
  const start = [...command.matchAll(new RegExp(`(?:^|\\s)${option}(?:=|\\s)`, 'g'))].at(-1)?.index;
  if (start === undefined) return undefined;
  const rest = command.slice(command.indexOf(option, start) + option.length + 1).trimStart();
  const quoted = /^(["'])(.*?)\1/.exec(rest);
  if (quoted?.[2] !== undefined) return quoted[2];
  return rest.split(/\s--?[a-z]/i, 1)[0]?.trim();
}
