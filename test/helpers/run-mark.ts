/** Stands in the environment of everything a test run starts; its value names the run and the process that leads it. */
export const RUN_MARK = 'CLAUDE_MEM_TEST_RUN';

/** Names the folder in which this run makes its temporary ones, so that a later run finds them if this one is killed. */
export const RUN_FOLDER = 'CLAUDE_MEM_TEST_FOLDER';

/** The mark for an environment that is not inherited. */
export function runMark(): Record<string, string> {
  const mark = process.env[RUN_MARK];
  return mark === undefined ? {} : { [RUN_MARK]: mark };
}
