import { expect, test } from 'vitest';
import { renderContext } from '../../../src/operations/hooks/context-text.ts';
import { summarizeSession } from '../../../src/operations/hooks/session-summary.ts';

test('a summary lists the prompts and the files, each once', () => {
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

test('a summary keeps the first and last prompts and the last files, within its length', () => {
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

test('an empty session has an empty summary', () => {
  expect(summarizeSession({ prompts: [], observations: [] })).toBe('');
});

test('the context labels itself as background and is bounded', () => {
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

test('without memory there is no context', () => {
  expect(renderContext({ project: 'shop', summaries: [], observations: [] })).toBeUndefined();
});
