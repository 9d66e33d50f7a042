import { expect, test } from 'vitest';
import { summarizeSession } from '../../../src/operations/hooks/session-summary.ts';

test('a summary lists the prompts and the files, each once', () => {
  const observations = [
    { type: 'read', title: '', files: ['a.ts'] },
    { type: 'read', title: '', files: ['b.ts'] },
    { type: 'change', title: '', files: ['a.ts'] },
    { type: 'change', title: '', files: ['a.ts'] },
  ];
  expect(summarizeSession({ prompts: ['fix it', 'and\ntest it'], observations })).toBe(
    'Asked: fix it\nAsked: and test it\nChanged: a.ts',
  );
});

test('a summary keeps the first and last prompts and the last files, within its length', () => {
  const summary = summarizeSession({
    prompts: Array.from({ length: 500 }, (_, number) => `prompt ${number} ${'x '.repeat(500)}`),
    observations: Array.from({ length: 500 }, (_, number) => ({
      type: 'change',
      title: '',
      files: [`src/${number}.ts`],
    })),
  });
  expect(summary).toContain('Asked: prompt 0 ');
  expect(summary).toContain('Asked: prompt 499 ');
  expect(summary).toContain('(495 more)');
  expect(summary).toContain('src/499.ts and 485 more');
  expect(summary.length).toBeLessThanOrEqual(3_000);
});

test('an empty session has an empty summary', () => {
  expect(summarizeSession({ prompts: [], observations: [] })).toBe('');
});

test('a session that changed nothing is summarized by the files it read', () => {
  const observations = [{ type: 'read', title: 'Read b.ts', files: ['b.ts'] }];
  expect(summarizeSession({ prompts: ['why?'], observations })).toBe('Asked: why?\nRead: b.ts');
});

test('a summary has the result of the session, its commits and the last result of each test command', () => {
  const step = (type: string, title: string) => ({ type, title, files: [] });
  const observations = [
    step('test', 'Tests failed: npm test (2 failed, 40 passed; first: login)'),
    step('test', 'Tests passed: npx vitest run a.test.ts (3 passed)'),
    step('commit', 'Commit: Make the login use an index'),
    step('test', 'Tests passed: npm test (42 passed)'),
    step('commit', 'Commit: Make the login use an index'),
    step('commit', 'Commit: Write the release notes'),
  ];
  expect(
    summarizeSession({ prompts: ['faster login'], answers: ['The login uses\nan index now.'], observations }),
  ).toBe(
    [
      'Asked: faster login',
      'Result: The login uses an index now.',
      'Commit: Make the login use an index',
      'Commit: Write the release notes',
      'Tests passed: npx vitest run a.test.ts (3 passed)',
      'Tests passed: npm test (42 passed)',
    ].join('\n'),
  );
});
