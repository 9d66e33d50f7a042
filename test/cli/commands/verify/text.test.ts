import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reportToGithub } from '../../../../src/cli/commands/verify/github.ts';
import { renderJunit } from '../../../../src/cli/commands/verify/junit.ts';
import { renderCommandReport } from '../../../../src/cli/commands/verify/text.ts';
import type { VerifyReport } from '../../../../src/cli/commands/verify/json.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

const HOSTILE = 'sh -c "<&>\u0007%0A::error::x\n]]>|`\uD800"';

function report(command = HOSTILE): VerifyReport {
  const left = {
    pid: 12,
    ppid: 1,
    startedAt: '2026-11-25T22:00:00.000Z',
    command,
    foundBy: 'descent' as const,
    outcome: null,
    protectedBy: null,
  };
  const scenario = { baseline: 0, during: 3, settledMs: null, elapsedMs: 1_500, problem: null, allowed: [] };
  return {
    schemaVersion: 1,
    command: 'verify',
    passed: false,
    complete: true,
    run: null,
    chroma: null,
    blindSpot: null,
    scenarios: [
      { ...scenario, name: 'stop', passed: true, after: 0, left: [] },
      { ...scenario, name: 'a, b: c', passed: false, after: 1, left: [left] },
      { ...scenario, name: 'chroma-crash', passed: null, after: null, left: [], problem: 'no uvx' },
    ],
    error: null,
  };
}

test('JUnit XML is well-formed for any command line and counts the failures', () => {
  const xml = renderJunit(report());
  const parse = `import sys, xml.etree.ElementTree as E
s = E.fromstring(sys.stdin.buffer.read())[0]
print(s.get('tests'), s.get('failures'), s.get('skipped'), s.get('time'), [c.get('name') for c in s], s[1][0].tag, s[2][0].tag)
assert '<&>' in s[1][0].text and ']]>' in s[1][0].text`;
  const { stdout, stderr } = spawnSync('python3', ['-c', parse], { input: xml, encoding: 'utf8' });
  expect([stderr, stdout.trim()]).toEqual(['', "3 1 1 4.500 ['stop', 'a, b: c', 'chroma-crash'] failure skipped"]);
});

test('an annotation is one line, and a command line cannot begin another one', () => {
  const lines: string[] = [];
  reportToGithub(report(), { GITHUB_ACTIONS: 'true' }, (line) => lines.push(line));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^::error title=claude-mem verify%3A a%2C b%3A c::/);
  expect(lines[0]).not.toContain('\n');
  expect(lines[0]).toContain('%250A::error::x');
});

test('the job summary is appended, only under GitHub Actions', () => {
  const file = join(tempDir(), 'summary.md');
  const said: string[] = [];
  const say = (line: string) => said.push(line);
  reportToGithub(report(), { GITHUB_STEP_SUMMARY: file }, say);
  expect(said).toEqual([]);
  reportToGithub(report(), { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: file }, say);
  expect(said).toHaveLength(1);
  const summary = readFileSync(file, 'utf8');
  expect(summary).toContain('| stop | ✅ passed | 0 | 3 | 0 | – |');
  expect(summary).toContain('&#124;&#96;');
});

test('no control character of a command line reaches the terminal', () => {
  const shown = renderCommandReport(report()).join('');
  expect([shown.includes('\u0007'), shown.includes('\n')]).toEqual([false, false]);
});

test('an incomplete reading never passes', () => {
  const [line] = renderCommandReport({ ...report(), scenarios: [], complete: false });
  expect(line).toContain('nothing is proven');
});

test.each([
  [{ error: { code: 'not-found', message: './x was not run', hint: null } }, './x was not run'],
  [{ complete: false }, 'the process table could not be read completely'],
])('JUnit XML reports a problem that no scenario shows: %j', (wrong, message) => {
  const { scenarios, ...rest } = report();
  const xml = renderJunit({ ...rest, ...wrong, scenarios: scenarios.filter(({ passed }) => passed === true) });
  expect(xml).toContain('tests="2" failures="0" errors="1"');
  expect(xml).toContain(`<error message="${message}"/>`);
});
