import { describe, expect, test } from 'vitest';
import { eventOf } from '../../../src/operations/hooks/event-of-payload.ts';
import { parsePayload } from '../../../src/operations/hooks/hook-payload.ts';
import { hookInput } from '../../helpers/hook-input.ts';

const AT = new Date('2026-11-25T10:00:00.000Z');

function eventFrom(text: string, transcriptBytes = 0) {
  return eventOf(parsePayload(text, undefined), {
    ...{ project: 'shop', at: AT, transcriptBytes },
    digest: (value) => `digest-${value.length}-${value.slice(0, 40)}`,
  });
}

describe('the event of a hook', () => {
  test('stores a prompt without its secret', () => {
    const event = eventFrom(hookInput('user-prompt-submit'));
    expect(event).toMatchObject({ kind: 'prompt', project: 'shop', at: AT.toISOString() });
    expect(event).toHaveProperty('prompt', expect.stringContaining('faster 🚀 – die Übersicht'));
    expect(JSON.stringify(event)).not.toContain('0123456789abcdefghij');
  });

  test('stores a command, and its output without colors and passwords', () => {
    const event = eventFrom(hookInput('post-tool-use-bash'));
    expect(event).toMatchObject({ kind: 'observation', observation: { type: 'command', files: [] } });
    expect(event).toHaveProperty('observation.title', 'Bash npm test -- --reporter=dot');
    expect(event).toHaveProperty('observation.text', expect.stringContaining('$ npm test -- --reporter=dot\n'));
    expect(event).toHaveProperty('observation.text', expect.stringContaining('✓ 42 passed'));
    expect(JSON.stringify(event)).not.toMatch(/hunter2|\\u001b/);
  });

  test('stores a change with the file below the project and the new text', () => {
    expect(eventFrom(hookInput('post-tool-use-edit'))).toMatchObject({
      observation: {
        ...{ type: 'change', title: 'Edit src/checkout.ts', files: ['src/checkout.ts'] },
        text: expect.stringContaining('WHERE day = ?') as string,
      },
    });
  });

  test.each([
    ['post-tool-use-read', ['sk_live_abcdefghijklmnop', 'MIIEowIBAAKCAQEA0000'], 'PORT=3000'],
    ['post-tool-use-mcp', ['0123456789', 'abc.def.ghi', 'p4ss'], 'Slow checkout'],
    ['post-tool-use-image', ['iVBORw0KGgo'], 'logo.png'],
  ])('stores %s without secrets and pictures', (name, never, kept) => {
    const text = JSON.stringify(eventFrom(hookInput(name)));
    for (const word of never) expect(text).not.toContain(word);
    expect(text).toContain(kept);
  });

  test('replaces binary output by its length', () => {
    expect(eventFrom(hookInput('post-tool-use-binary'))).toHaveProperty(
      'observation.text',
      '$ head -c 200 dist/app.bin\n\n[binary, 200 characters]',
    );
  });

  test.each([
    ['session-start', 'session-start'],
    ['stop', 'stop'],
    ['session-end', 'session-end'],
  ])('%s', (name, kind) => {
    expect(eventFrom(hookInput(name))).toMatchObject({ kind });
  });

  test('the event of a hook is undefined for an unused hook and for an empty prompt', () => {
    expect(eventFrom(hookInput('stop', { hook_event_name: 'PreCompact' }))).toBeUndefined();
    expect(eventFrom(hookInput('stop', { hook_event_name: 'toString' }))).toBeUndefined();
    expect(eventFrom(hookInput('user-prompt-submit', { prompt: ' \n' }))).toBeUndefined();
    expect(eventFrom(hookInput('post-tool-use-mcp', { tool_name: 'mcp__claude-mem__search' }))).toBeUndefined();
  });
});

describe('bounds', () => {
  test.each([
    ['a big answer', 'post-tool-use-bash', { tool_response: { stdout: 'line\n'.repeat(400_000), stderr: '' } }],
    ['a big input', 'post-tool-use-edit', { tool_input: { file_path: '/f', content: '漢'.repeat(500_000) } }],
    ['a big prompt', 'user-prompt-submit', { prompt: '🚀'.repeat(200_000) }],
    ['control characters', 'user-prompt-submit', { prompt: `\u0001 word `.repeat(9_000) }],
    ['many fields', 'post-tool-use-mcp', { tool_response: Array.from({ length: 9_000 }, (_, id) => ({ id })) }],
  ])('%s makes an event of less than 32 KB', (_, name, changes) => {
    const event = eventFrom(hookInput(name, changes));
    expect(event).toBeDefined();
    expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(32 * 1024);
  });

  test('cut text ends in …, never in half a character', () => {
    const event = eventFrom(hookInput('user-prompt-submit', { prompt: `a${'🚀'.repeat(9_000)}` }));
    expect(event).toHaveProperty('prompt', expect.stringMatching(/^a🚀+…$/u));
  });

  test('an input whose end was cut off still gives its event', () => {
    const whole = hookInput('post-tool-use-bash', { tool_response: { stdout: 'x y '.repeat(90_000) } });
    expect(eventFrom(whole.slice(0, 100_000))).toMatchObject({
      observation: { title: 'Bash npm test -- --reporter=dot', text: expect.stringContaining('x y x y') as string },
    });
  });
});

describe('ids', () => {
  test("the same delivery has the same id, and a tool use has the host's id", () => {
    const text = hookInput('post-tool-use-bash');
    expect(eventFrom(text)?.id).toBe(eventFrom(text, 99)?.id);
    expect(eventFrom(text)?.id).toContain('toolu_01Bash000000000000000000');
    expect(eventFrom(hookInput('user-prompt-submit'))?.id).toBe(eventFrom(hookInput('user-prompt-submit'))?.id);
  });

  test('an equal prompt later in the session has another id', () => {
    const text = hookInput('user-prompt-submit', { prompt: 'continue' });
    expect(eventFrom(text, 1_000)?.id).not.toBe(eventFrom(text, 2_000)?.id);
  });
});

describe('an invalid input is rejected', () => {
  test.each([
    ['', 'the input is empty'],
    ['nonsense', 'not a JSON object'],
    ['[1]', 'not a JSON object'],
    ['{"session_id":"s"}', 'names no hook event'],
    ['{"hook_event_name":"Stop"}', 'names no session'],
    [`{"hook_event_name":"Stop","session_id":"${'x'.repeat(201)}"}`, 'names no session'],
  ])('%s', (text, message) => {
    expect(() => parsePayload(text, undefined)).toThrow(message);
  });

  test('the command line can name the event', () => {
    expect(parsePayload('{"session_id":"s"}', 'Stop').event).toBe('Stop');
  });
});
