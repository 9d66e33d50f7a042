/** Stands in the environment of everything a test run starts; its value names the run. */
export const RUN_MARK = 'CLAUDE_MEM_TEST_RUN';

/** The mark for an environment that is not inherited. */
export function runMark(): Record<string, string> {
  const mark = process.env[RUN_MARK];
  return mark === undefined ? {} : { [RUN_MARK]: mark };
}
