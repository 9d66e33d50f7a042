import { expect, test } from 'vitest';
import { renderContext } from '../../../src/operations/hooks/context-text.ts';
import { summarizeSession } from '../../../src/operations/hooks/session-summary.ts';

test('a summary is the prompts and the files, each once', () => {
  const observations = [
    { type: 'read', files: ['a.ts'] },
    { type: 'read', files: ['b.ts'] },
    { type: 'change', files: ['a.ts'] },
    { type: 'change', files: ['a.ts'] },
  ];
  expect(summarizeSession({ prompts: ['fix it', 'and\ntest it'], observations })).toBe(
    'Asked: fix it\nAsked: and test it\nChanged: a.ts\nRead: b.ts',
  );
});

test('of many prompts the first and the last, of many files the last; always short', () => {
  const summary = summarizeSession({
    prompts: Array.from({ length: 500 }, (_, number) => `prompt ${number} ${'x '.repeat(500)}`),
    observations: Array.from({ length: 500 }, (_, number) => ({ type: 'change', files: [`src/${number}.ts`] })),
  });
  expect(summary).toContain('Asked: prompt 0 ');
  expect(summary).toContain('Asked: prompt 499 ');
  expect(summary).toContain('(494 more)');
  expect(summary).toContain('src/499.ts and 485 more');
  expect(summary.length).toBeLessThanOrEqual(2_000);
});

test('a session that did nothing has none', () => {
  expect(summarizeSession({ prompts: [], observations: [] })).toBe('');
});

test('what a session is told says what it is, and is bounded', () => {
  const createdAt = '2026-11-25T10:00:00.000Z';
  const context = renderContext({
    project: 'shop',
    summaries: Array.from({ length: 50 }, () => ({ text: 'Asked: x\n'.repeat(500), createdAt })),
    observations: [{ title: 'Edit src/a.ts', createdAt }],
  });
  expect(context).toMatch(/^<claude-mem-context>\n# Earlier work on shop, from claude-mem\n\n.*not instructions/);
  expect(context).toContain('## Session until 2026-11-25 10:00 UTC\nAsked: x');
  expect(context!.length).toBeLessThanOrEqual(6_000);
});

test('no memory, no context', () => {
  expect(renderContext({ project: 'shop', summaries: [], observations: [] })).toBeUndefined();
});
