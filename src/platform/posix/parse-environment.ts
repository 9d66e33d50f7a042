/** The marks in an environment. Absent: the environment was read and has no such mark. `null`: it could not be read. */
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
 * Parses the marks from the environment that ps prints after the command line.
 * @param command the command line as ps shows it alone
 * @param shown the command line and the environment, from another run of ps
 */
export function parseMarks(command: string, shown: string): Marks {
  // If the environment is hidden, ps shows only the command line. If the beginnings differ, the process has called exec
  // meanwhile, and the start of its environment is unknown.
  if (command === '' || !shown.startsWith(`${command} `)) return HIDDEN_MARKS;
  const environment = shown.slice(command.length);
  const marks = Object.entries(MARK_VARIABLES).map(([mark, name]) => [mark, valueOf(environment, name)] as const);
  return Object.fromEntries(marks.filter(([, value]) => value !== undefined));
}

/**
 * The value of a variable. A path may contain spaces, so the value ends where the next assignment begins. ps separates
 * variables only by spaces, so another variable's value may contain the same name: two matches are unknown (`null`),
 * never a choice.
 */
function valueOf(environment: string, name: string): string | null | undefined {
  const values = [...environment.matchAll(new RegExp(` ${name}=(.*?)(?= [A-Za-z_][A-Za-z0-9_]*=|$)`, 'gs'))];
  if (values.length > 1) return null;
  const value = values[0]?.[1]?.trimEnd();
  return value === '' ? undefined : value;
}
