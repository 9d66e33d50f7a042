import { expect, test } from 'vitest';
import { withoutPrivate, withoutPrivateParts } from '../../../../src/operations/redact/secrets/private-parts.ts';
import { eventOf } from '../../../../src/operations/hooks/event-of-payload.ts';
import { parsePayload } from '../../../../src/operations/hooks/hook-payload.ts';
import { hookInput } from '../../../helpers/hook-input.ts';

test.each([
  ['a <private>HIDDEN</private> b', 'a [private] b'],
  ['a <PRIVATE>HIDDEN</Private> b', 'a [private] b'],
  ['a <private reason="x & y">HIDDEN</private > b', 'a [private] b'],
  ['a <private>HIDDEN <private>HIDDEN</private> HIDDEN</private> b', 'a [private] b'],
  ['a <private>HIDDEN', 'a [private]'],
  ['a <private', 'a [private]'],
  ['HIDDEN</private> b', '[private] b'],
  ['a <private>HIDDEN</private> b <private>HIDDEN</private> c', 'a [private] b [private] c'],
  ['a &lt;private&gt;HIDDEN&lt;/private&gt; b', 'a [private] b'],
  [String.raw`a \u003cprivate\u003eHIDDEN\u003c/private\u003e b`, 'a [private] b'],
  ['a <private>\nHIDDEN\n</private>\nb', 'a [private]\nb'],
  ['class A { private x: Set<number>; }', 'class A { private x: Set<number>; }'],
  ['<private-room> is another element', '<private-room> is another element'],
])('%j becomes %j', (text, expected) => {
  expect(withoutPrivate(text)).toBe(expected);
});

test('a private part that begins in one field ends in a later one', () => {
  expect(
    withoutPrivateParts({ a: 'x <private>HIDDEN', b: ['HIDDEN', { c: 42, n: null }], d: 'HIDDEN</private> y' }),
  ).toEqual({ a: 'x [private]', b: ['[private]', { c: '[private]', n: null }], d: '[private] y' });
});

const PRIVATE_TEXT = 'x <private>HIDDEN</private> y';

test.each([
  ['the prompt', 'user-prompt-submit', { prompt: PRIVATE_TEXT }],
  ['a command', 'post-tool-use-bash', { tool_input: { command: `echo "${PRIVATE_TEXT}"` } }],
  ['an answer', 'post-tool-use-bash', { tool_response: { stdout: PRIVATE_TEXT, stderr: PRIVATE_TEXT } }],
  ['a path', 'post-tool-use-edit', { tool_input: { file_path: `/${PRIVATE_TEXT}`, new_string: PRIVATE_TEXT } }],
  ['a name of a field', 'post-tool-use-mcp', { tool_input: { [PRIVATE_TEXT]: 1 } }],
  ['fields of an input', 'post-tool-use-mcp', { tool_input: { a: '<private>', b: 'HIDDEN', c: '</private> y' } }],
  [
    'blocks',
    'post-tool-use-mcp',
    {
      tool_response: [
        { type: 'text', text: '<private>' },
        { type: 'text', text: 'HIDDEN' },
      ],
    },
  ],
  [
    'a prompt that is too long to be kept whole',
    'user-prompt-submit',
    { prompt: `${'x '.repeat(3_990)}<private>${'HIDDEN '.repeat(9_000)}</private>` },
  ],
  [
    'a long answer whose end is kept',
    'post-tool-use-bash',
    {
      tool_input: { command: 'npm test' },
      tool_response: {
        stdout: `<private>x</private>${'a\n'.repeat(9_000)}<private>\n${'FAIL HIDDEN\n'.repeat(900)}</private>\n 1 failed`,
      },
    },
  ],
  ['a last answer', 'stop', { last_assistant_message: 'Done. <private>HIDDEN</private>' }],
])('a private part of %s does not occur in the event', (_, name, changes) => {
  const event = eventOf(parsePayload(hookInput(name, changes), undefined), {
    ...{ project: 'shop', at: new Date(0), transcriptBytes: 0 },
    isSkippedTool: () => false,
    lastAnswer: () => undefined,
    digest: () => 'digest',
  });
  expect(event).toBeDefined();
  expect(JSON.stringify(event)).toContain('[private]');
  expect(JSON.stringify(event)).not.toContain('HIDDEN');
});
