import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { lastAnswerOf } from '../../../src/state/files/transcript.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const LINE = `${JSON.stringify({ type: 'assistant', message: { content: [{ type: 'text', text: 'Done 🚀.' }] } })}\n`;

test('the last answer is read from the end of a long transcript, within bounded time', () => {
  const file = join(tempDir(), 'a "b"\nc.jsonl');
  writeFileSync(file, `{"type":"user","text":"${'x'.repeat(20 * 1024 * 1024)}"}\n`);
  appendFileSync(file, LINE);
  const before = performance.now();
  expect(lastAnswerOf(file)).toBe('Done 🚀.');
  expect(performance.now() - before).toBeLessThan(1_000);
});

test('a transcript that is missing, a link, a folder or a pipe has no last answer and does not block', () => {
  const folder = tempDir();
  const at = (name: string) => join(folder, name);
  writeFileSync(at('real.jsonl'), LINE);
  symlinkSync(at('real.jsonl'), at('link.jsonl'));
  mkdirSync(at('folder.jsonl'));
  execFileSync('mkfifo', [at('pipe.jsonl')]);
  expect(lastAnswerOf(at('real.jsonl'))).toBe('Done 🚀.');
  for (const name of ['none', 'link', 'folder', 'pipe'])
    expect(lastAnswerOf(at(`${name}.jsonl`)), name).toBeUndefined();
});
