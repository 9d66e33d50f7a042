/** The environment variable that every process of a test run inherits. Its value names the run and its leader process. */
export const RUN_MARK = 'CLAUDE_MEM_TEST_RUN';

/** The folder for the temporary folders of this run. A later run finds them if this run is killed. */
export const RUN_FOLDER = 'CLAUDE_MEM_TEST_FOLDER';

/** The mark for a clean environment. */
export function runMark(): Record<string, string> {
  const mark = process.env[RUN_MARK];
  return mark === undefined ? {} : { [RUN_MARK]: mark };
}
