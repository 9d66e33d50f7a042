import type { TestOutcome } from './test-outcome.ts';

const COMMIT = 'Commit: ';
const TESTS = /^Tests (?<verdict>passed|failed): (?<command>.{0,200}?) \((?<counts>.{0,200})$/;

/** The title of an observation that committed. */
export function commitTitle(subjects: readonly string[]): string {
  return `${COMMIT}${subjects.join('; ')}`;
}

/** The subject in the title of an observation of type `commit`. */
export function subjectInTitle(title: string): string {
  return title.startsWith(COMMIT) ? title.slice(COMMIT.length) : title;
}

/** The title of an observation that ran tests, from texts that are short enough and without secrets: `Tests failed: npm test (2 failed, 40 passed; first: login rejects …)`. */
export function testTitle({ command, isFailed, counts, failure }: TestOutcome): string {
  const reported = counts === undefined ? 'no report' : countsText(counts);
  const first = failure === undefined ? '' : `; first: ${failure}`;
  return `Tests ${isFailed ? 'failed' : 'passed'}: ${command} (${reported}${first})`;
}

function countsText({ passed, failed }: NonNullable<TestOutcome['counts']>): string {
  return [...(failed > 0 ? [`${failed} failed`] : []), `${passed} passed`].join(', ');
}

/** The command in such a title; undefined for another title. */
export function testedCommand(title: string): string | undefined {
  return TESTS.exec(title)?.groups?.command;
}
