// Prints "PASSED FAILED" from vitest's JSON report and the exit code of the whole test command.
import { readFileSync } from 'node:fs';

const [file, status] = process.argv.slice(2);
const { passed, failed } = count(read(file));
// A linter, a compiler, a process left behind: they fail the command and are no test.
console.log(passed, failed === 0 && status !== '0' ? 1 : failed);

function count(report) {
  if (report === undefined) return { passed: 0, failed: 0 };
  // A file that cannot even be loaded has no tests to count.
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + unloaded.length };
}

/** Undefined where the command did not come as far as the tests. */
function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
