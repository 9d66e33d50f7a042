/** `4` and `yes` mean no colors, too. */
const FORCED = ['', '1', 'true', '2', '3'];

/**
 * Whether an output gets colors, in the order of Node.js: FORCE_COLOR, then NO_COLOR and NODE_DISABLE_COLORS, then the output itself.
 * `--no-color` comes before all of them.
 */
export function wantsColor(env: NodeJS.ProcessEnv, isTerminal: () => boolean): boolean {
  if (env.FORCE_COLOR !== undefined) return FORCED.includes(env.FORCE_COLOR);
  return !isSet(env.NO_COLOR) && !isSet(env.NODE_DISABLE_COLORS) && env.TERM !== 'dumb' && isTerminal();
}

/** The rule of no-color.org: present and not empty. */
function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
