import { simpleCommands } from './simple-commands.ts';

/** The report of a run of tests. */
export interface TestOutcome {
  /** The command as typed. */
  readonly command: string;
  /** Whether the run failed; also a run without a failed test, for example because of a syntax error. */
  readonly isFailed: boolean;
  /** Numbers of tests; for Go, of packages. Undefined if the output reports none. */
  readonly counts: { readonly passed: number; readonly failed: number } | undefined;
  /** The first failure that has a name. */
  readonly failure?: string | undefined;
}

const TEST_PROGRAMS: ReadonlySet<string> = new Set([
  ...[
    'vitest',
    'jest',
    'mocha',
    'ava',
    'tap',
    'jasmine',
    'pytest',
    'py.test',
    'tox',
    'nox',
    'nose2',
    'rspec',
    'phpunit',
  ],
  ...['ctest', 'playwright', 'cypress', 'pest', 'nextest', 'bats'],
]);
const WITH_SUBCOMMAND: ReadonlySet<string> = new Set([
  ...[
    'npm',
    'pnpm',
    'yarn',
    'bun',
    'cargo',
    'go',
    'make',
    'just',
    'mvn',
    './mvnw',
    'gradle',
    './gradlew',
    'dotnet',
    'mix',
  ],
  ...['deno', 'swift', 'bazel', 'rake', 'composer', 'task', 'zig', 'sbt', 'turbo', 'nx', 'php', 'rails', 'flutter'],
]);
const SUBCOMMAND = /^(?:t|tst|test|tests|check|verify|nextest|.{0,40}[:-]tests?|tests?[:-].{0,40})$/;
/** `node --test`, `python3 -m pytest`, `./manage.py test`. */
const INTERPRETER = /^(?:node|python[\d.]{0,6}|py|tsx)$/;

/** A line may be as long as the output. Characters. */
const LONGEST_LINE = 300;
/** Reports are at the end. */
const MOST_LINES = 400;
// eslint-disable-next-line no-control-regex -- the pattern matches control characters on purpose
const COLORS = /\u001b\[[0-9;]{0,20}m/g;

/**
 * The outcome of a shell line that runs tests; undefined for other lines, and if neither numbers in the output nor the end of the line
 * tell the outcome of the tests.
 * @param hasFailed whether the line ended with an error.
 */
export function testOutcome(commandLine: string, output: string, hasFailed = false): TestOutcome | undefined {
  const commands = simpleCommands(commandLine);
  const command = commands.find(({ words }) => runsTests(words));
  if (command === undefined) return undefined;
  const lines = output.replace(COLORS, '').split('\n').slice(-MOST_LINES);
  const short = lines.map((line) => line.slice(0, LONGEST_LINE).trim());
  const counts = countsOf(short);
  // The exit code of a line is that of its last command.
  const isFailed = (counts?.failed ?? 0) > 0 || (hasFailed && commands.at(-1) === command);
  if (!isFailed && (counts === undefined || hasFailed)) return undefined;
  const failure = isFailed ? short.flatMap((line) => FAILURE.exec(line)?.groups?.name ?? [])[0] : undefined;
  return { command: withoutRedirection(command.text), isFailed, counts, failure };
}

function withoutRedirection(text: string): string {
  return text
    .replace(/\s\d?>.{0,200}$/s, '')
    .replace(/\s+/g, ' ')
    .trim();
}

function runsTests(words: readonly string[]): boolean {
  const [program = '', ...rest] = words;
  const name = program.slice(program.lastIndexOf('/') + 1);
  if (TEST_PROGRAMS.has(name)) return true;
  if (INTERPRETER.test(name)) {
    if (rest.some((word) => word === '--test')) return true;
    const module = rest[rest.indexOf('-m') + 1] ?? '';
    return rest.includes('-m') && (module === 'unittest' || TEST_PROGRAMS.has(module));
  }
  if (!WITH_SUBCOMMAND.has(name) && !WITH_SUBCOMMAND.has(program))
    return /^(?:manage\.py|test\.sh|run-tests?(?:\.sh)?)$/.test(name);
  return rest.slice(0, 4).some((word) => SUBCOMMAND.test(word) || TEST_PROGRAMS.has(word));
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

const FAILURE = /^(?:FAIL|FAILED|[×✗✕✖]|not ok \d{1,9} -|--- FAIL:)\s{1,4}(?<name>\S.{0,160})$/;

/** One report for the whole run: the last one counts. */
const TOTALS: readonly RegExp[] = [
  // Vitest, Jest: `Tests  2 failed | 40 passed (42)`.
  /^Tests:?\s{1,8}(?=.{0,80}(?:passed|failed))/,
  // pytest: `== 1 failed, 3 passed in 0.12s ==`.
  /^=* ?(?=\d{1,9} (?:passed|failed|error)).{0,120} in \d/,
  // RSpec: `3 examples, 1 failure`.
  /^\d{1,9} examples?, \d{1,9} failures?/,
  // .NET: `Failed!  - Failed: 1, Passed: 2`.
  /^(?:Passed|Failed)!\s{1,4}- Failed:/,
];
/** Reports of parts, which are added up. */
const PARTS: readonly RegExp[] = [
  // Cargo, one for each binary.
  /^test result: (?:ok|FAILED)\./,
  // Mocha, Playwright, node --test: one line for each kind. Node begins each with `#` or `ℹ`.
  /^(?:[#ℹ✓✔✗✘] )?(?:\d{1,9} (?:passing|failing|passed|failed)\b|(?:pass|fail) \d{1,9}$)/,
  // CTest: `90% tests passed, 1 tests failed out of 10`.
  /^\d{1,3}% tests passed, \d/,
];
const GO = /^(?<verdict>ok|FAIL)\s{1,4}\S{1,200}\s/;

function countsOf(lines: readonly string[]): Counts | undefined {
  const total = lines.filter((line) => TOTALS.some((pattern) => pattern.test(line))).at(-1);
  if (total !== undefined) return countsIn(total);
  const parts = lines.filter((line) => PARTS.some((pattern) => pattern.test(line))).map(countsIn);
  if (parts.length > 0) return sum(parts);
  const unittest = unittestCounts(lines);
  if (unittest !== undefined) return unittest;
  const packages = lines.flatMap((line) => GO.exec(line)?.groups?.verdict ?? []);
  const passed = packages.filter((verdict) => verdict === 'ok').length;
  return packages.length === 0 ? undefined : { passed, failed: packages.length - passed };
}

/** Python's unittest: `Ran 3 tests in 0.1s`, then `OK` or `FAILED (failures=1, errors=1)`. */
function unittestCounts(lines: readonly string[]): Counts | undefined {
  const ran = lines.flatMap((line) => /^Ran (\d{1,9}) tests? in /.exec(line)?.[1] ?? []).at(-1);
  if (ran === undefined) return undefined;
  const verdict = lines.findLast((line) => /^(?:OK|FAILED)\b/.test(line)) ?? '';
  const failed = [...verdict.matchAll(/(?:failures|errors)=(\d{1,9})/g)].reduce(
    (all, [, count]) => all + Number(count),
    0,
  );
  return { passed: Math.max(0, Number(ran) - failed), failed };
}

const PASSED = /(\d{1,9}) (?:tests? )?(?:passed|passing)\b|\b(?:Passed:|pass) {1,8}(\d{1,9})/g;
const FAILED = /(\d{1,9}) (?:tests? )?(?:failed|failing|failures?|errors?)\b|\b(?:Failed:|fail) {1,8}(\d{1,9})/g;

function countsIn(line: string): Counts {
  const add = (pattern: RegExp): number =>
    [...line.matchAll(pattern)].reduce((all, [, before, after]) => all + Number(before ?? after ?? 0), 0);
  const [passed, failed] = [add(PASSED), add(FAILED)];
  const examples = /^(\d{1,9}) examples?/.exec(line)?.[1];
  const outOf = /tests passed, \d{1,9} tests failed out of (\d{1,9})/.exec(line)?.[1];
  const all = examples ?? outOf;
  return all === undefined ? { passed, failed } : { passed: Math.max(0, Number(all) - failed), failed };
}

function sum(parts: readonly Counts[]): Counts {
  return parts.reduce((all, { passed, failed }) => ({ passed: all.passed + passed, failed: all.failed + failed }));
}
