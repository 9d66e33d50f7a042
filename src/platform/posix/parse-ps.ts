import { CUT_MARK } from './bounded-lines.ts';

/** The columns of the listing, in the order `parseListing` expects. The name is last because it may contain spaces. */
export const LISTING_COLUMNS = 'pid=,ppid=,pgid=,uid=,stat=,rss=,lstart=,comm=';

/** The columns for command lines, in the order `parseCommands` expects. */
export const COMMAND_COLUMNS = 'pid=,stat=,lstart=,command=';

/** One process in the listing. */
export interface ListedProcess {
  readonly pid: number;
  readonly ppid: number;
  readonly pgid: number;
  readonly uid: number;
  readonly state: string;
  readonly rssBytes: number;
  /** ISO 8601, whole seconds. */
  readonly startedAt: string;
  readonly name: string;
}

export interface Listing {
  readonly processes: readonly ListedProcess[];
  /** Pids of lines with unexpected contents. */
  readonly unparsed: readonly number[];
  /** Whether every line contains at least a pid. */
  readonly complete: boolean;
}

/** A command line and the start of its process. Start and state are undefined if the line cannot be parsed. */
export interface PsCommand {
  /** ISO 8601, whole seconds. */
  readonly startedAt: string | undefined;
  readonly state: string | undefined;
  readonly command: string;
  /** The command line is longer than what was read; `command` is its beginning. */
  readonly isCut: boolean;
}

const LSTART = String.raw`\w{3}\s+\w{3}\s+\d{1,2}\s+\d{2}:\d{2}:\d{2}\s+\d{4}`;
// BSD prints `-` for the start of a zombie.
const LISTED = new RegExp(
  String.raw`^\s*(\d+)\s+(\d+)\s+(\d+)\s+(-?\d+)\s+([A-Za-z?])\S*\s+(\d+|-)\s+(${LSTART}|-)\s+(\S.*|)$`,
  // A name may contain any character, including one that counts as a line end.
  's',
);
const COMMANDED = new RegExp(String.raw`^\s*(\d+)\s+([A-Za-z?])\S*\s+(${LSTART}|-)(?: (.*))?$`, 's');

/** Parses the output of `ps -o` with `LISTING_COLUMNS`, run in the C locale and in UTC. */
export function parseListing(text: string): Listing {
  const processes: ListedProcess[] = [];
  const unparsed: number[] = [];
  let complete = true;
  for (const line of linesOf(text)) {
    const listed = parseListed(line);
    if (listed !== undefined) processes.push(listed);
    else if (/^\s*\d/.test(line)) unparsed.push(Number.parseInt(line, 10));
    else complete = false;
  }
  return { processes, unparsed, complete };
}

/** Parses the output of `ps -o` with `COMMAND_COLUMNS`, by pid. A line with only a pid has an empty command line. */
export function parseCommands(text: string): ReadonlyMap<number, PsCommand> {
  const commands = new Map<number, PsCommand>();
  for (const line of linesOf(text)) {
    const isCut = line.endsWith(CUT_MARK);
    const [, pid, state, lstart, command = ''] = COMMANDED.exec(isCut ? line.slice(0, -CUT_MARK.length) : line) ?? [];
    if (state !== undefined && lstart !== undefined)
      commands.set(Number(pid), { startedAt: startOf(lstart, state), state: stateLetter(state), command, isCut });
    else if (/^\s*\d/.test(line))
      commands.set(Number.parseInt(line, 10), { startedAt: undefined, state: undefined, command: '', isCut });
  }
  return commands;
}

/**
 * Whether ps made up this command line from the short name, as it does if it cannot read the real one: `[name]` on
 * Linux, `(name)` on macOS. A zombie is `[name] <defunct>` or `<defunct>`.
 */
export function isPlaceholder(command: string, name: string): boolean {
  if (command === '' || command === '<defunct>') return true;
  const [, inner] = /^[[(](.*)[\])](?: <defunct>)?$/.exec(command) ?? [];
  return inner === name;
}

function parseListed(line: string): ListedProcess | undefined {
  const [, pid, ppid, pgid, uid, state = '', rss, lstart = '', comm = ''] = LISTED.exec(line) ?? [];
  const startedAt = startOf(lstart, state);
  if (startedAt === undefined) return undefined;
  return {
    pid: Number(pid),
    ppid: Number(ppid),
    pgid: Number(pgid),
    // macOS has a user -2 (nobody), which getuid() returns as unsigned.
    uid: Number(uid) >>> 0,
    state: stateLetter(state),
    rssBytes: rss === '-' ? 0 : Number(rss) * 1024,
    startedAt,
    name: shortName(comm.trimEnd(), state),
  };
}

/** The start in ISO 8601, from `Sat Aug  1 12:34:56 2026` in UTC; undefined if it is not a date. */
function startOf(lstart: string, state: string): string | undefined {
  // A zombie has no resources, so a start older than any other does no harm.
  if (lstart === '-') return state === 'Z' ? new Date(0).toISOString() : undefined;
  const date = new Date(`${lstart} UTC`);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** macOS writes `U` where other systems write `D` (uninterruptible). */
function stateLetter(letter: string): string {
  return letter === 'U' ? 'D' : letter;
}

/** macOS gives the path of the executable as `comm`. A kernel thread's name (`kworker/0:1`) may contain a slash too. */
function shortName(comm: string, state: string): string {
  if (state === 'Z') return comm.replace(/ <defunct>$/, '').replace(/^\((.*)\)$/, '$1');
  return comm.startsWith('/') ? comm.slice(comm.lastIndexOf('/') + 1) : comm;
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}
