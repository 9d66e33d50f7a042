import { describe, expect, test } from 'vitest';
import { eventOf } from '../../../src/operations/hooks/event-of-payload.ts';
import { parsePayload } from '../../../src/operations/hooks/hook-payload.ts';
import { hookInput } from '../../helpers/hook-input.ts';

const AT = new Date('2026-11-25T10:00:00.000Z');

function eventFrom(text: string, transcriptBytes = 0) {
  return eventOf(parsePayload(text, undefined), {
    ...{ project: 'shop', at: AT, transcriptBytes },
    isSkippedTool: (tool) => tool === 'Skipped',
    lastAnswer: (file) => `the end of ${file}`,
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
    expect(event).toMatchObject({ kind: 'observation', observation: { type: 'test', files: [] } });
    expect(event).toHaveProperty('observation.title', 'Tests passed: npm test -- --reporter=dot (42 passed)');
    expect(event).toHaveProperty('observation.text', expect.stringContaining('$ npm test -- --reporter=dot\n'));
    expect(event).toHaveProperty('observation.text', expect.stringContaining('✓ 42 passed'));
    expect(JSON.stringify(event)).not.toMatch(/hunter2|\\u001b/);
  });

  test('stores a commit by its subject, and the result of tests at the end of a long output', () => {
    const commit = { command: `git add -A && git commit -m "Make the login faster\n\nIt uses an index."` };
    const answer = { stdout: '[main 1a2b3c4] Make the login faster\n 1 file changed, 2 insertions(+)\n', stderr: '' };
    expect(eventFrom(hookInput('post-tool-use-bash', { tool_input: commit, tool_response: answer }))).toMatchObject({
      observation: { type: 'commit', title: 'Commit: Make the login faster' },
    });
    const tests = { command: 'cd shop && npx vitest run 2>&1 | tail -400' };
    const output = `${' ✓ a test\n'.repeat(9_000)} FAIL  login.test.ts > rejects\n      Tests  1 failed | 9000 passed (9001)\n`;
    expect(eventFrom(hookInput('post-tool-use-bash', { tool_input: tests, tool_response: output }))).toMatchObject({
      observation: {
        type: 'test',
        title: 'Tests failed: vitest run (1 failed, 9000 passed; first: login.test.ts > rejects)',
      },
    });
  });

  test('stores a failed tool as one that failed', () => {
    const failure = { hook_event_name: 'PostToolUseFailure', tool_response: undefined };
    expect(
      eventFrom(hookInput('post-tool-use-bash', { ...failure, error: 'Exit code 127\nsh: 1: vitest: not found' })),
    ).toMatchObject({ observation: { type: 'test', title: 'Tests failed: npm test -- --reporter=dot (no report)' } });
    const failed = (command: string, error: string, more = {}) =>
      eventFrom(hookInput('post-tool-use-bash', { ...failure, error, tool_input: { command }, ...more }));
    expect(failed('npm test && git push', 'Exit code 1\n40 passed in 3s\nrejected')).toMatchObject({
      observation: { type: 'command', title: 'Failed: Bash npm test && git push' },
    });
    expect(failed('npm ci && npm test', 'Exit code 1\n40 passed in 3s\nno coverage')).toMatchObject({
      observation: { type: 'test', title: 'Tests failed: npm test (40 passed)' },
    });
    expect(failed('npm test', 'The user stopped it', { is_interrupt: true })).toBeUndefined();
    expect(
      eventFrom(hookInput('post-tool-use-bash', { ...failure, error: 'Exit code 1\n2 failed, 40 passed in 3s' })),
    ).toMatchObject({ observation: { type: 'test', title: expect.stringContaining('2 failed, 40 passed') as string } });
  });

  test('takes the last answer from the input, else from the transcript, without secrets', () => {
    const token = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';
    expect(eventFrom(hookInput('stop', { last_assistant_message: `Done. ${token}` }))).toHaveProperty(
      'answer',
      'Done. [redacted]',
    );
    expect(eventFrom(hookInput('stop'))).toHaveProperty('answer', expect.stringMatching(/^the end of .*\.jsonl$/));
    expect(eventFrom(hookInput('stop', { transcript_path: undefined }))).not.toHaveProperty('answer');
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

  const PASSWORD = 'Sup3rS3cretPw99';
  const URL = `postgres://admin:${PASSWORD}@db.example.com/prod`;
  const REPORT = '== 1 failed, 3 passed in 0.12s ==';
  test.each<[string, (padding: number) => { readonly command: string; readonly stdout: string }, number, number]>([
    ['a command', (n) => ({ command: `echo ${'x'.repeat(n)} ${URL}`, stdout: '' }), 0, 700],
    ['blanks that are removed', (n) => ({ command: `echo ${' '.repeat(n)}${URL}`, stdout: '' }), 500, 700],
    ['a test command', (n) => ({ command: `pytest -k ${'x'.repeat(n)} ${URL}`, stdout: REPORT }), 0, 300],
    [
      'a failure',
      (n) => ({ command: 'npm test', stdout: `FAIL  ${'x'.repeat(n)} ${URL}\nTests  1 failed (1)` }),
      0,
      160,
    ],
    ['a commit', (n) => ({ command: `git commit -qm "${'x'.repeat(n)} ${URL}"`, stdout: '' }), 0, 400],
    ['an answer', (n) => ({ command: 'cat x', stdout: `${'x '.repeat(n)}${URL} y` }), 1_100, 1_300],
    [
      'replaced data',
      (n) => ({ command: 'cat x', stdout: `${`${'QUJD'.repeat(200)} `.repeat(6)}${'z'.repeat(n)} ${URL}` }),
      0,
      400,
    ],
  ])('cuts no secret in two, wherever %s ends', (_, padded, least, most) => {
    for (let padding = least; padding <= most; padding += 4) {
      const { command, stdout } = padded(padding);
      const input = { tool_input: { command }, tool_response: { stdout, stderr: '' } };
      const text = JSON.stringify(eventFrom(hookInput('post-tool-use-bash', input)));
      expect(text, `padding ${padding}`).not.toContain(PASSWORD.slice(0, 4));
    }
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
    expect(eventFrom(hookInput('post-tool-use-mcp', { tool_name: 'Skipped' }))).toBeUndefined();
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
