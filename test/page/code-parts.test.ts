import { expect, test } from 'vitest';
import { codeParts } from '../../src/page/code-parts.ts';

test.each([
  ['nothing here', []],
  ['`claude-mem reap` marks those of dead trees as ended.', ['claude-mem reap']],
  ['uvx was not found; run claude-mem setup', ['claude-mem setup']],
  ['To stop it: claude-mem stop', ['claude-mem stop']],
  ['run claude-mem status --open', ['claude-mem status --open']],
  ['to look there: claude-mem leaks --data-dir /a/b.c. It is', ['claude-mem leaks --data-dir /a/b.c']],
  ["claude-mem leaks --data-dir '/my data' lists it", ["claude-mem leaks --data-dir '/my data'"]],
  [
    'switched off by CLAUDE_MEM_CHROMA_ENABLED or claude-mem start --no-chroma',
    ['CLAUDE_MEM_CHROMA_ENABLED', 'claude-mem start --no-chroma'],
  ],
  ['CLAUDE_MEM_CHROMA_MODE=remote, so', ['CLAUDE_MEM_CHROMA_MODE=remote']],
  ['names it in --data-dir, and', ['--data-dir']],
  ['another claude-mem runs on this data dir; the claude-mem worker', []],
  ['left-behind--text and a-claude-mem', []],
])('the code in %j is %j', (sentence, code) => {
  const parts = codeParts(sentence);
  expect(parts.filter(({ isCode }) => isCode).map(({ text }) => text)).toEqual(code);
  expect(parts.map(({ text }) => text).join('')).toBe(sentence.replaceAll('`', ''));
});
