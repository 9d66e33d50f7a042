import { describe, expect, test } from 'vitest';
import { eventOf } from '../../../src/operations/hooks/event-of-payload.ts';
import { parsePayload } from '../../../src/operations/hooks/hook-payload.ts';
import { boundedValue } from '../../../src/operations/hooks/bounded-value.ts';
import { hookInput } from '../../helpers/hook-input.ts';

/** A hook has 4 s for everything. A linear algorithm takes milliseconds; the bound leaves room for a machine under load. */
const WITHIN_MS = 1_500;

describe('a hook input of any shape is stored within bounds and time', () => {
  test.each([
    ['a field name of 500 kB', { [`${'token'.repeat(100_000)}!`]: 'x' }],
    ['a field name of 500 kB without a break', { ['a'.repeat(500_000)]: 'x' }],
    ['250 fields of hostile words', Object.fromEntries(range(250, (n) => [`f${n}`, 'pass-key.'.repeat(450)]))],
    ['250 fields of dots', Object.fromEntries(range(250, (n) => [`f${n}`, '.'.repeat(4_000)]))],
    ['250 fields of blanks', Object.fromEntries(range(250, (n) => [`f${n}`, ' '.repeat(4_000)]))],
    ['250 fields of dashes', Object.fromEntries(range(250, (n) => [`f${n}`, '-----BEGIN '.repeat(400)]))],
    ['60,000 fields', Object.fromEntries(range(60_000, (n) => [`f${n}`, n]))],
    ['lists that multiply', range(200, () => range(200, () => ({ a: [1, 2, 3] })))],
    ['one word of 900 kB', 'x'.repeat(900_000)],
    ['one line of slashes', '/'.repeat(900_000)],
    ['a list of 400,000 empty lists', range(300_000, () => [])],
  ])('%s', (_, response) => {
    expectStored(hookInput('post-tool-use-mcp', { tool_response: response }));
    expectStored(hookInput('post-tool-use-mcp', { tool_input: response }));
  });

  test.each([
    ['lists', '['.repeat(100_000), ']'.repeat(100_000)],
    ['objects', '{"a":'.repeat(100_000) + '1', '}'.repeat(100_000)],
  ])('%s nested 100,000 deep', (_, open, close) => {
    const marker = '"DEEP"';
    const text = hookInput('post-tool-use-mcp', { tool_response: 'DEEP', tool_use_id: undefined });
    expectStored(text.replace(marker, `${open}${close}`));
    // The end of the input was cut off.
    expectStored(text.slice(0, text.indexOf(marker)) + open);
  });

  test('a working directory of 4,000 slashes and a prompt of one word', () => {
    expectStored(hookInput('user-prompt-submit', { cwd: '/'.repeat(4_000), prompt: 'y'.repeat(900_000) }));
  });
});

describe('a bounded value', () => {
  test('keeps values within the bounds', () => {
    const value = { a: [1, 'two', null, { b: true }], c: 'x'.repeat(10_000) };
    expect(boundedValue(value)).toEqual(value);
  });

  test('keeps a field called __proto__ as a field', () => {
    const copied = boundedValue(JSON.parse('{"__proto__":{"a":1}}')) as object;
    expect(Object.getPrototypeOf(copied)).toBe(Object.prototype);
    expect(JSON.stringify(copied)).toBe('{"__proto__":{"a":1}}');
  });

  test('contains at most 2,000 values and 64 KiB of text', () => {
    const copied = JSON.stringify(boundedValue(range(200, () => range(200, () => 'x'.repeat(100)))));
    expect(copied.length).toBeLessThan(2_000 * 3 + 64 * 1024);
  });

  test('replaces values that are nested too deeply by …', () => {
    expect(JSON.stringify(boundedValue(JSON.parse(`${'['.repeat(50)}1${']'.repeat(50)}`)))).toContain('"…"');
  });
});

test('two large answers that differ only beyond the bounds are two events', () => {
  const answer = (end: string) =>
    hookInput('post-tool-use-mcp', { tool_use_id: undefined, tool_response: 'x'.repeat(100_000) + end });
  expect(eventFrom(answer('a'))?.id).not.toBe(eventFrom(answer('b'))?.id);
});

function expectStored(text: string): void {
  const before = performance.now();
  const event = eventFrom(text);
  const elapsedMs = performance.now() - before;
  expect(event).toBeDefined();
  expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(32 * 1024);
  expect(elapsedMs).toBeLessThan(WITHIN_MS);
}

function eventFrom(text: string) {
  return eventOf(parsePayload(text, undefined), {
    ...{ project: 'shop', at: new Date('2026-11-25T10:00:00.000Z'), transcriptBytes: 0 },
    isSkippedTool: () => false,
    lastAnswer: () => undefined,
    digest: (value) => `${value.length}-${value.slice(-2_000)}`.replaceAll(/\W/g, '').slice(-60),
  });
}

function range<Item>(count: number, make: (n: number) => Item): Item[] {
  return Array.from({ length: count }, (_, n) => make(n));
}
