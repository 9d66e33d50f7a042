// Prints "PASSED FAILED" from vitest's JSON report and the exit code of the whole test command, then a line for each failure.
import { readFileSync } from 'node:fs';

const [file, status] = process.argv.slice(2);
const { passed, failures } = count(read(file));
// A leaked process, or a failed build, fails the command without a failing test.
if (failures.length === 0 && status !== '0')
  failures.push('a process that the tests left behind, or the build: see above');
console.log(passed, failures.length);
for (const failure of failures) console.log(failure);

function count(report) {
  if (report === undefined) return { passed: 0, failures: [] };
  const failures = report.testResults.flatMap(({ name, status, assertionResults }) => {
    const failed = assertionResults
      .filter((test) => test.status === 'failed')
      .map((test) => `${name} > ${test.fullName}`);
    // A file that cannot be loaded has no tests to count.
    return status === 'failed' && failed.length === 0 ? [`${name} (could not be loaded)`] : failed;
  });
  return { passed: report.numPassedTests, failures };
}

/** Undefined where the command did not come as far as the tests. */
function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
