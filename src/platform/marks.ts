import type { ProcessRow } from '../core/process/snapshot.ts';

export type Marks = Pick<ProcessRow, 'treeMark' | 'ownerMark' | 'roleMark' | 'dataDirMark'>;

/** The marks of a row whose environment could not be read; differs from having no marks. */
export const UNKNOWN_MARKS: Marks = { treeMark: null, ownerMark: null, roleMark: null, dataDirMark: null };

const PREFIX = 'CLAUDE_MEM_';
const PREFIX_BYTES = Buffer.from(PREFIX);
const VARIABLES = {
  CLAUDE_MEM_TREE: 'treeMark',
  CLAUDE_MEM_OWNER: 'ownerMark',
  CLAUDE_MEM_ROLE: 'roleMark',
  CLAUDE_MEM_DATA_DIR: 'dataDirMark',
} as const satisfies Record<string, keyof Marks>;

/**
 * Finds claude-mem marks in an environment: variables as UTF-8, separated by NUL, as in `/proc/PID/environ`. Only a whole variable counts, never text inside another
 * value. Of two with the same name the first counts, as for `getenv`. An empty one is not a mark.
 */
export function parseMarks(environ: Buffer): Marks {
  // Most environments contain none. One search over the bytes avoids decoding and splitting.
  return environ.indexOf(PREFIX_BYTES) < 0 ? {} : findMarks(environ).marks;
}

/**
 * Finds marks in the beginning of a partially read environment. The last variable may be incomplete, and a missing mark
 * may follow later, so it is unknown.
 */
export function parseCutMarks(beginning: Buffer): Marks {
  const { marks, seen } = findMarks(beginning.subarray(0, beginning.lastIndexOf(0) + 1));
  const unknown = Object.entries(VARIABLES).filter(([name]) => !seen.has(name));
  return { ...marks, ...Object.fromEntries(unknown.map(([, mark]) => [mark, null])) };
}

function findMarks(environ: Buffer): { readonly marks: Marks; readonly seen: ReadonlySet<string> } {
  const marks: { -readonly [Name in keyof Marks]: Marks[Name] } = {};
  const seen = new Set<string>();
  for (const variable of environ.toString('utf8').split('\0')) {
    // A thousand environments have tens of thousands of variables.
    if (!variable.startsWith(PREFIX)) continue;
    const name = variable.slice(0, Math.max(variable.indexOf('='), 0));
    if (!isMarkVariable(name) || seen.has(name)) continue;
    seen.add(name);
    const value = variable.slice(name.length + 1);
    if (value !== '') marks[VARIABLES[name]] = value;
  }
  return { marks, seen };
}

/**
 * Whether a process descends from a claude-mem tree. The data dir alone proves nothing, because users set it in their
 * shells.
 */
export function isMarked(marks: Marks): boolean {
  return [marks.treeMark, marks.ownerMark, marks.roleMark].some((mark) => typeof mark === 'string');
}

function isMarkVariable(name: string): name is keyof typeof VARIABLES {
  return Object.hasOwn(VARIABLES, name);
}
