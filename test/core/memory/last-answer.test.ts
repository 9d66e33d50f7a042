import { expect, test } from 'vitest';
import { lastAnswerIn } from '../../../src/core/memory/last-answer.ts';

const assistant = (content: unknown, fields: object = {}) =>
  JSON.stringify({
    parentUuid: 'x',
    isSidechain: false,
    type: 'assistant',
    message: { role: 'assistant', content },
    ...fields,
  });
const text = (words: string) => ({ type: 'text', text: words });
const user = JSON.stringify({ type: 'user', message: { role: 'user', content: 'the "assistant" said' } });

test('the last text of the assistant counts, also if a tool was used after it', () => {
  const lines = [
    assistant([text('First.')]),
    user,
    assistant([
      { type: 'thinking', thinking: 'hm' },
      text('Done: the login uses an index.'),
      text('See src/login.ts.'),
    ]),
    assistant([{ type: 'tool_use', name: 'Bash', input: {} }]),
    user,
  ];
  expect(lastAnswerIn(`${lines.join('\n')}\n`)).toBe('Done: the login uses an index.\n\nSee src/login.ts.');
});

test.each([
  ['a subagent', { isSidechain: true }],
  ['an error of the API', { isApiErrorMessage: true }],
])('a text of %s does not count', (_, fields) => {
  expect(lastAnswerIn([assistant([text('Mine.')]), assistant([text('Not mine.')], fields)].join('\n'))).toBe('Mine.');
});

test('a line that is cut or still being written is skipped', () => {
  const line = assistant([text('Whole.')]);
  expect(lastAnswerIn(`${line.slice(20)}\n${line}\n${line.slice(0, -10)}`)).toBe('Whole.');
  expect(lastAnswerIn(line.slice(20))).toBeUndefined();
});

test.each([
  ['an empty transcript', ''],
  ['a session without an answer', user],
  ['other JSON', 'null\n["assistant"]\n{"type":"assistant"}\n{"type":"assistant","message":{"content":[null,7]}}'],
])('%s has no answer', (_, transcript) => {
  expect(lastAnswerIn(transcript)).toBeUndefined();
});
