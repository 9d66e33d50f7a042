import { describe, expect, test } from 'vitest';
import { commitSubjects } from '../../../src/core/memory/commit-outcome.ts';
import { isReadOnlyCommand } from '../../../src/core/memory/read-only-command.ts';
import { testOutcome } from '../../../src/core/memory/test-outcome.ts';

const REPORT = '[main (root-commit) 1a2b3c4] Add login\n 1 file changed, 2 insertions(+)\n';

describe('the subjects of commits', () => {
  test.each([
    ['a plain commit', `git commit -m 'Add login'`, REPORT, ['Add login']],
    ['a commit after other commands', `cd shop && git add -A && git commit -q -am "Add login"`, '', ['Add login']],
    ['a commit in another folder', `git -C shop -c user.name=x commit -F message.txt`, REPORT, ['Add login']],
    [
      'a message from a here document',
      `git commit -m "$(cat <<'EOF'\nAdd login\n\nWhy.\nEOF\n)"`,
      REPORT,
      ['Add login'],
    ],
    [
      'a report cut by tail',
      `git commit -m "Add login" -m body | tail -1`,
      ' 1 file changed, 2 insertions(+)',
      ['Add login'],
    ],
    ['two commits', 'git commit -m a; git commit -m b', '[main 1a2b3c4] a\n[main 2a2b3c4] b', ['a', 'b']],
    ['nothing to commit', `git commit -m 'Add login'`, 'On branch main\nnothing to commit, working tree clean', []],
    ['git log', 'git log --grep commit', REPORT, []],
    ['a text about a commit', `echo "git commit -m x"`, '', []],
    ['a script in another language', `node -e "console.log('[main 1a2b3c4] x')"`, '[main 1a2b3c4] x', []],
  ])('%s', (_, command, output, subjects) => {
    expect(commitSubjects(command, output)).toEqual(subjects);
  });
});

describe('the outcome of tests', () => {
  test.each([
    [
      'Vitest',
      'npx vitest run',
      ' Test Files  1 failed | 3 passed (4)\n      Tests  2 failed | 40 passed (42)\n',
      40,
      2,
    ],
    [
      'Vitest in color',
      'vitest',
      '\u001b[2m      Tests \u001b[22m \u001b[1m\u001b[32m42 passed\u001b[39m\u001b[22m (42)',
      42,
      0,
    ],
    ['Jest', 'npm t', 'Test Suites: 1 failed, 1 total\nTests:       1 failed, 5 passed, 6 total\nTime: 1 s', 5, 1],
    ['Mocha', 'npx mocha', '  12 passing (30ms)\n  1 failing\n\n  1) x', 12, 1],
    ['pytest', 'uv run pytest -x', '=== 1 failed, 3 passed, 1 warning in 0.12s ===', 3, 1],
    ['pytest -q', 'python3 -m pytest -q', '....\n4 passed in 0.02s', 4, 0],
    ['unittest', 'python -m unittest', 'Ran 5 tests in 0.1s\n\nFAILED (failures=1, errors=1)', 3, 2],
    [
      'Cargo',
      'cargo test',
      'test result: ok. 3 passed; 0 failed; 0 ignored\ntest result: FAILED. 2 passed; 1 failed; 0 ignored',
      5,
      1,
    ],
    ['Go', 'go test ./...', 'ok  \tshop/a\t0.1s\n--- FAIL: TestB (0.00s)\nFAIL\tshop/b\t0.2s\nFAIL', 1, 1],
    ['node --test', 'node --test', '# tests 4\n# suites 0\n# pass 3\n# fail 1\n', 3, 1],
    ['RSpec', 'bundle exec rspec', '5 examples, 1 failure', 4, 1],
    ['CTest', 'ctest', '90% tests passed, 1 tests failed out of 10', 9, 1],
    ['.NET', 'dotnet test', 'Failed!  - Failed:     1, Passed:     2, Skipped:     0, Total:     3', 2, 1],
    ['Playwright', 'CI=1 npx playwright test', '  1 failed\n    a.spec.ts:3:1 › x\n  5 passed (3.2s)', 5, 1],
    ['a make target', 'make test 2>&1 | tail -5', '3 passed in 0.1s', 3, 0],
    ['a script of package.json', 'npm run test:unit', 'Tests  3 passed (3)', 3, 0],
  ])('%s', (_, command, output, passed, failed) => {
    expect(testOutcome(command, output)).toMatchObject({ isFailed: failed > 0, counts: { passed, failed } });
  });

  test.each([
    ['FAIL  login.test.ts > rejects an empty password', 'login.test.ts > rejects an empty password'],
    ['FAILED tests/test_a.py::test_b - assert 1 == 2', 'tests/test_a.py::test_b - assert 1 == 2'],
    ['--- FAIL: TestB (0.00s)', 'TestB (0.00s)'],
    ['not ok 3 - rejects', 'rejects'],
  ])('names the first failure: %s', (line, failure) => {
    expect(testOutcome('npm test', `${line}\n1 failed, 1 passed in 1s`)).toMatchObject({ failure });
  });

  test.each([
    ['a command that runs no test', 'npm install', '3 passed in 1s'],
    ['a search for the word', 'grep -rn vitest .', '3 passed in 1s'],
    ['a commit message about tests', 'git commit -m "npm test"', '3 passed in 1s'],
    ['an output without numbers', 'npm test', 'sh: vitest: not found'],
  ])('%s has no outcome', (_, command, output) => {
    expect(testOutcome(command, output)).toBeUndefined();
  });
});

describe('a command that only reads', () => {
  test.each(
    [
      ...[
        'ls -la',
        'cat a | head -5',
        'git status',
        'git -h',
        'cd shop && git diff --stat 2>&1 | tail -3',
        'find . -name "*.ts"',
      ],
      ...[
        'sed -n 1,20p a.ts',
        'grep -rn "=>" src',
        'rg x 2>/dev/null',
        'node --version',
        'for f in a b; do cat $f; done',
      ],
    ].filter((command) => command !== 'git -h'),
  )('%s', (command) => {
    expect(isReadOnlyCommand(command)).toBe(true);
  });

  test.each([
    ...[
      'npm install',
      'rm -rf dist',
      'cat a > b',
      'echo x >> log',
      'sed -i s/a/b/ x',
      'find . -delete',
      'git push',
      'git branch -D x',
    ],
    ...['ls && npm ci', 'cat <<EOF > a.ts', ''],
  ])('a change is not: %s', (command) => {
    expect(isReadOnlyCommand(command)).toBe(false);
  });
});
