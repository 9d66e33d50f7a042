/** Why a command does not use Chroma: its own settings say so. */
export const OFF_BY_SETTING = 'switched off by CLAUDE_MEM_CHROMA_ENABLED';

/** Why a running tree does not use Chroma. The option of `start` reaches the tree as this setting, so the tree cannot tell them apart. */
export const OFF_IN_TREE = `${OFF_BY_SETTING} or claude-mem start --no-chroma`;

/** Whether the user switched Chroma off. Also knows the reason of a worker of an older claude-mem. */
export function isSwitchedOff(reason: string | null): boolean {
  return reason?.startsWith(OFF_BY_SETTING) === true;
}
