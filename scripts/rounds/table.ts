import { readProcText } from '../leak/proc-text.mjs';
import { readdirSync, statSync } from 'node:fs';

/** In the environment of everything a round starts; its value names run and round. */
export const ROUND_MARK = 'CLAUDE_MEM_ROUND';
/** Additionally in the environment of bystanders; its value is their kind. */
export const BYSTANDER_MARK = 'CLAUDE_MEM_BYSTANDER';

/** A process of a round, read from /proc without code of the program. */
export interface Row {
  readonly pid: number;
  readonly ppid: number;
  /** Clock ticks since boot. */
  readonly start: string;
  readonly state: string;
  readonly sid: number;
  readonly uid: number;
  readonly comm: string;
  readonly argv: readonly string[];
  readonly round: string;
  readonly bystander: string | undefined;
  readonly tree: string | undefined;
  readonly owner: string | undefined;
  readonly role: string | undefined;
}

export interface Who {
  readonly pid: number;
  readonly start: string;
}

interface Stat {
  readonly ppid: number;
  readonly start: string;
  readonly state: string;
  readonly sid: number;
  readonly comm: string;
}

/** Reads the processes of one round, or of a whole run. */
export class Table {
  readonly #mark: string;
  /** Starts of processes that were seen twice, half a second apart, without the mark. */
  readonly #others = new Map<number, { readonly start: string; readonly since: number }>();

  constructor(mark: string) {
    this.#mark = mark;
  }

  /** Living processes; a zombie counts as ended. */
  rows(): readonly Row[] {
    return pids()
      .map((pid) => this.#row(pid))
      .filter((row) => row !== undefined);
  }

  #row(pid: number): Row | undefined {
    const stat = readStat(pid);
    if (stat === undefined || this.#isOther(pid, stat.start)) return undefined;
    const environment = environmentOf(pid);
    const round = environment.get(ROUND_MARK);
    if (round === undefined || !(round === this.#mark || round.startsWith(`${this.#mark}/`))) {
      if (this.#others.get(pid)?.start !== stat.start)
        this.#others.set(pid, { start: stat.start, since: performance.now() });
      return undefined;
    }
    this.#others.delete(pid);
    return {
      ...{ pid, ...stat, round },
      uid: uidOf(pid),
      argv: (read(`/proc/${pid}/cmdline`) ?? '').split('\0').filter((word) => word !== ''),
      bystander: environment.get(BYSTANDER_MARK),
      tree: filled(environment.get('CLAUDE_MEM_TREE')),
      owner: filled(environment.get('CLAUDE_MEM_OWNER')),
      role: filled(environment.get('CLAUDE_MEM_ROLE')),
    };
  }

  /** A process can be seen between fork and exec, with the environment of its parent; later it has its own. */
  #isOther(pid: number, start: string): boolean {
    const known = this.#others.get(pid);
    return known?.start === start && performance.now() - known.since > SETTLED_MS;
  }
}

const SETTLED_MS = 500;

/** The role of a program of the tree; undefined for a shell or an editor with marks. */
export function programOf(row: Row): 'supervisor' | 'worker' | 'search' | 'uv' | 'python' | undefined {
  const isNode = /^(?:.*\/)?node$/.test(row.argv[0] ?? '');
  const script = isNode ? row.argv[1]?.replace(/^.*\//, '') : undefined;
  if (script === 'supervisor.js' && row.role === 'supervisor') return 'supervisor';
  if (script === 'worker.js' && row.role === 'worker') return 'worker';
  if (script === 'search-server.js' && row.role === 'search') return 'search';
  if (!row.argv.some((word) => /^(?:.*\/)?chroma-mcp(?:==.*)?$/.test(word)) || row.role === undefined) return undefined;
  return /^uvx?$/.test(row.comm) ? 'uv' : 'python';
}

/** Whether this is a command of the round and not part of a tree. */
export function isCommand(row: Row): boolean {
  return row.argv.some((word) => word.endsWith('/cli.js'));
}

/** Pid and start ticks of a living process. */
export function identify(pid: number): Who | undefined {
  const stat = readStat(pid);
  return stat && { pid, start: stat.start };
}

export function isAlive({ pid, start }: Who): boolean {
  return readStat(pid)?.start === start;
}

/** Signals exactly this process; false if it is gone. */
export function signal(who: Who, name: NodeJS.Signals): boolean {
  if (!isAlive(who)) return false;
  try {
    return process.kill(who.pid, name);
  } catch {
    // It ended meanwhile.
    return false;
  }
}

export function readStat(pid: number): Stat | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  return parseStat(text);
}

/** Undefined if it has ended. */
export function parseStat(text: string): Stat | undefined {
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  const [state = '', ppid, , sid] = fields;
  const isGone = state === 'X' || (state === 'Z' && Number(fields[17]) <= 1);
  if (isGone) return undefined;
  const comm = text.slice(text.indexOf('(') + 1, end);
  return { state, ppid: Number(ppid), sid: Number(sid), start: fields[19] ?? '', comm };
}

function environmentOf(pid: number): ReadonlyMap<string, string> {
  const text = read(`/proc/${pid}/environ`) ?? '';
  return new Map(
    text.split('\0').map((entry): [string, string] => {
      const at = entry.indexOf('=');
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

function pids(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function uidOf(pid: number): number {
  try {
    return statSync(`/proc/${pid}`).uid;
  } catch {
    return -1;
  }
}

function filled(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function read(file: string): string | undefined {
  try {
    return readProcText(file);
  } catch {
    return undefined;
  }
}
