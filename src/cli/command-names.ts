/** The commands in the order of the help. */
export const COMMAND_NAMES = [
  'setup',
  'start',
  'stop',
  'restart',
  'status',
  'monit',
  'logs',
  'history',
  'doctor',
  'leaks',
  'reap',
  'guard',
  'snapshot',
  'search-server',
  'hook',
  'integrate',
  'completion',
  'verify',
] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];

export function isCommandName(word: string): word is CommandName {
  return (COMMAND_NAMES as readonly string[]).includes(word);
}
