import { chromaPart, type ChromaPart } from './chroma-command.ts';
import { commandWords, hasExactWords } from './command-words.ts';
import { ROLES, type Role } from '../tree/manifest.ts';
import { isSamePath, joinPath } from './path.ts';
import { baseName, isLoader, programName } from './program-name.ts';
import type { ProcessRow } from './snapshot.ts';

/** Names below a data dir that have held Chroma's files: ours, the plugin's and the plugin's older one. */
export const CHROMA_DIRECTORIES = ['vectors', 'chroma', 'vector-db'] as const;

/** File names of our own entry scripts, by the role they run. An upgrade moves them, so the folder says nothing. */
const ENTRY_SCRIPTS: Readonly<Record<'supervisor' | 'worker' | 'search', readonly string[]>> = {
  supervisor: ['supervisor.js'],
  worker: ['worker.js'],
  search: ['search-server.js'],
};

const OUR_SCRIPTS: ReadonlySet<string> = new Set(Object.values(ENTRY_SCRIPTS).flat());
const PLUGIN_SCRIPT = /^(?:worker-service|mcp-server)\.(?:cjs|js|mjs)$/;

const SCRIPT_RUNNER = /^(?:node|bun|mainthread)/i;
const CANDIDATE =
  /^(?:uvx?|pipx|pypy.*|graalpy.*|python.*|chroma-mcp.*|node.*|bun.*|setpriv|mainthread|claude-mem.*)$/i;

type CommandLine = Pick<ProcessRow, 'name' | 'argv' | 'command' | 'executable' | 'commandCut'>;

/**
 * Whether a process of this name (`comm`, perhaps cut at 15 bytes) can run one of our roles, so that its command line is worth
 * reading.
 */
export function isCandidateName(name: string): boolean {
  // It is asked of each process in each reading, and a thousand processes bear a few dozen names.
  const known = candidateNames.get(name);
  if (known !== undefined) return known;
  // A title may be a whole command line: PM2 gives its apps names like `node /srv/worker-service.js`.
  const isCandidate = CANDIDATE.test(name) || CANDIDATE.test(programName(name)) || isLoader(name);
  if (candidateNames.size >= MOST_NAMES_KNOWN) candidateNames.clear();
  candidateNames.set(name, isCandidate);
  return isCandidate;
}

const candidateNames = new Map<string, boolean>();
const MOST_NAMES_KNOWN = 1_000;

/** Whether this is a chroma-mcp: its uv wrapper or its python, whoever started it and on whatever data dir. */
export function isChromaProgram(row: CommandLine): boolean {
  return partOf(row) !== undefined;
}

/** A uv wrapper, or another program that starts chroma-mcp and stays above it, as opposed to the python under it. */
export function isChromaWrapper(row: CommandLine): boolean {
  return partOf(row) === 'wrapper';
}

function partOf(row: CommandLine): ChromaPart | undefined {
  // Of most processes only the name was read, and this is asked of each.
  if (!hasCommandLine(row) && row.executable === undefined && !isCandidateName(row.name)) return undefined;
  const names = row.executable === undefined ? [row.name] : [row.name, row.executable];
  const words = commandWords(row);
  const part = chromaPart(words, names);
  // What `cmd.exe /c` runs is below it.
  return part !== undefined && programName(row.name).toLowerCase() === 'cmd' ? 'wrapper' : part;
}

/** The value of `--data-dir X` or `--data-dir=X` as written; undefined where there is none. */
export function dataDirArgument(row: Pick<ProcessRow, 'argv' | 'command'>): string | undefined {
  if (hasExactWords(row)) return optionValue(commandWords({ name: '', ...row }), '--data-dir');
  return optionValueInText(row.command, '--data-dir');
}

/** Whether its command line was readable at all; an empty one says nothing about what runs. */
export function hasCommandLine(row: Pick<ProcessRow, 'argv' | 'command'>): boolean {
  return (row.argv?.length ?? 0) > 0 || row.command !== '';
}

/**
 * Whether the process is a chroma-mcp on one of the data dir's Chroma directories: the value compares whole (a prefix once hit
 * `chroma-backup`), as the reader resolved it, or as written where the reader found nothing else.
 */
export function isChromaOfDataDir(row: ProcessRow, dataDir: string, platform: string): boolean {
  if (!isChromaProgram(row)) return false;
  const meant = row.roleDirectory ?? dataDirArgument(row);
  if (meant === undefined) return false;
  return CHROMA_DIRECTORIES.some((name) => isSamePath(meant, joinPath(dataDir, name), platform));
}

/** The role of one of our entry scripts: known by role mark and file name together. */
export function entryScriptRole(row: ProcessRow): Role | undefined {
  const role = roleFromMark(row.roleMark);
  if (role !== 'supervisor' && role !== 'worker' && role !== 'search') return undefined;
  const scripts = ENTRY_SCRIPTS[role];
  // The script is the first argument that is no option of node; what follows it are its own arguments.
  const script = commandWords(row)
    .slice(1)
    .find((argument) => !argument.startsWith('-'));
  return script !== undefined && scripts.includes(baseName(script)) ? role : undefined;
}

/** The role a mark names, if it names one. */
export function roleFromMark(mark: string | null | undefined): Role | undefined {
  return ROLES.find((role) => role === mark);
}

/**
 * Whether this is a process of some claude-mem, ours or the published plugin's, by its script: used only to let things live, so it
 * may take in too much.
 */
export function isClaudeMemScript(row: ProcessRow): boolean {
  if (entryScriptRole(row) !== undefined) return true;
  if (row.commandCut === true && mayRunRole(row)) return true;
  const words = commandWords(row);
  const names = [row.name, row.executable ?? '', words[0] ?? ''].map(programName);
  if (!names.some((name) => SCRIPT_RUNNER.test(name))) return false;
  const scripts = words.map(baseName);
  if (scripts.some((script) => PLUGIN_SCRIPT.test(script))) return true;
  // Where the role mark was not read, the file name alone has to do.
  return typeof row.roleMark !== 'string' && scripts.some((script) => OUR_SCRIPTS.has(script));
}

/**
 * Whether a row whose command line or environment was read in part may be one of ours all the same. Of a node the script stands at the
 * beginning and says enough; a uv and a python may name theirs anywhere.
 */
export function mayRunRole(row: CommandLine): boolean {
  const names = [row.name, row.executable].filter((name) => name !== undefined);
  if (!names.some(isCandidateName)) return false;
  if (!names.map(programName).every((name) => SCRIPT_RUNNER.test(name))) return true;
  const [script, ...more] = commandWords(row)
    .slice(1)
    .filter((argument) => !argument.startsWith('-'));
  if (script === undefined) return row.commandCut === true || !hasCommandLine(row);
  // The last one may go on beyond what was read.
  if (row.commandCut === true && more.length === 0) return true;
  return OUR_SCRIPTS.has(baseName(script)) || PLUGIN_SCRIPT.test(baseName(script));
}

/** Of several the last counts, as it does for the program. */
function optionValue(argv: readonly string[], option: string): string | undefined {
  const last = argv.findLastIndex((argument) => argument === option || argument.startsWith(`${option}=`));
  const argument = argv[last];
  return argument === option ? argv[last + 1] : argument?.slice(option.length + 1);
}

/** In one string the value ends where the next option begins, because a path may hold spaces. */
function optionValueInText(command: string, option: string): string | undefined {
  const start = [...command.matchAll(new RegExp(`(?:^|\\s)${option}(?:=|\\s)`, 'g'))].at(-1)?.index;
  if (start === undefined) return undefined;
  const rest = command.slice(command.indexOf(option, start) + option.length + 1).trimStart();
  const quoted = /^(["'])(.*?)\1/.exec(rest);
  if (quoted?.[2] !== undefined) return quoted[2];
  return rest.split(/\s--?[a-z]/i, 1)[0]?.trim();
}
