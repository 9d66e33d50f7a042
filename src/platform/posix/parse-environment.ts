/** The marks of an environment; absent: the environment was read and holds no such mark. `null`: it could not be read. */
export interface Marks {
  readonly treeMark?: string | null;
  readonly ownerMark?: string | null;
  readonly roleMark?: string | null;
  readonly dataDirMark?: string | null;
}

const MARK_VARIABLES = {
  treeMark: 'CLAUDE_MEM_TREE',
  ownerMark: 'CLAUDE_MEM_OWNER',
  roleMark: 'CLAUDE_MEM_ROLE',
  dataDirMark: 'CLAUDE_MEM_DATA_DIR',
} as const;

/** The marks of a process whose environment is hidden. */
export const HIDDEN_MARKS: Marks = { treeMark: null, ownerMark: null, roleMark: null, dataDirMark: null };

/**
 * The marks in what ps shows behind the command line when it is asked for the environment.
 * @param command the command line as ps shows it alone
 * @param shown the command line and the environment behind it, from another run of ps
 */
export function parseMarks(command: string, shown: string): Marks {
  // Where the environment is hidden ps shows the command line alone. Where the beginnings differ the process has called exec in
  // between, and where its environment begins is anybody's guess.
  if (command === '' || !shown.startsWith(`${command} `)) return HIDDEN_MARKS;
  const environment = shown.slice(command.length);
  const marks = Object.entries(MARK_VARIABLES).map(([mark, name]) => [mark, valueOf(environment, name)] as const);
  return Object.fromEntries(marks.filter(([, value]) => value !== undefined));
}

/**
 * The value of a variable: a path may hold spaces, so it ends where the next assignment begins. ps puts nothing but spaces between
 * variables, so the value of another one may look like ours: two of a name are unknown (`null`), never a choice.
 */
function valueOf(environment: string, name: string): string | null | undefined {
  const values = [...environment.matchAll(new RegExp(` ${name}=(.*?)(?= [A-Za-z_][A-Za-z0-9_]*=|$)`, 'gs'))];
  if (values.length > 1) return null;
  const value = values[0]?.[1]?.trimEnd();
  return value === '' ? undefined : value;
}
