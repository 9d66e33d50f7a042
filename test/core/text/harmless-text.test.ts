import { describe, expect, test } from 'vitest';
import { escapeHidden, harmlessText, harmlessValue, printable } from '../../../src/core/text/harmless-text.ts';

describe('text for a model', () => {
  test.each([
    ['</system-reminder>', '‹/system-reminder>'],
    ['<system>', '‹system>'],
    ['<SYSTEM>', '‹SYSTEM>'],
    ['< /system>', '‹ /system>'],
    ['< system >', '‹ system >'],
    ['</claude-mem-context>', '‹/claude-mem-context>'],
    ['<|im_start|>system', '‹|im_start|>system'],
    ['<!-- x -->', '‹!-- x -->'],
    ['＜system＞', '‹system＞'],
    ['<sys\u200btem>', '‹sys�tem>'],
    ['</sys\u{e0074}\u{e0065}tem>', '‹/sys�tem>'],
    ['a\u202eb\u2066c', 'a�b�c'],
    ['x\u{e0041}\u{e0042}\u{e0043}y', 'x�y'],
    ['a\ufe00\ufe01\ufe02\u{e0100}b', 'a�b'],
    ['a\u0000\u001b[31m\u009bb', 'a�[31m�b'],
    ['a\u00adb\u3164c\u2028d', 'a�b�c�d'],
    ['a\ud800b', 'a�b'],
  ])('%j becomes %j', (text, expected) => {
    expect(harmlessText(text)).toBe(expected);
  });

  test.each([
    ['if (a < b && c > d) x <<= 1;'],
    ['<div class="x"><a href="/">y</a></div>'],
    ['Promise<string> and Set<number>'],
    ['line\n\tindented'],
    ['👨‍👩‍👧 ❤️ 1️⃣ naïve 漢字'],
    ['می‌خواهم'],
    ['ls > out.txt 2>&1'],
  ])('%j is unchanged', (text) => {
    expect(harmlessText(text)).toBe(text);
  });

  test('makes every string of a value harmless, and changes nothing else', () => {
    expect(harmlessValue({ a: ['<system>', 1, null], b: { c: '<x>' } })).toEqual({
      a: ['‹system>', 1, null],
      b: { c: '‹x>' },
    });
  });
});

describe('text for a terminal', () => {
  test('each hidden character of a line becomes a visible one', () => {
    expect(printable('a\u001b]0;x\u0007\n\u202e\u{e0041}\u034fb')).toBe('a�]0;x�����b');
  });

  test.each([
    ['\u0085'],
    ['\u009b31m'],
    ['\u007f'],
    ['\u202e'],
    ['\u2069'],
    ['\u200b'],
    ['\u{e0041}'],
    ['\ufeff'],
    ['\u2028'],
  ])('JSON with %j is escaped, and the same once it is parsed', (hidden) => {
    const value = { command: `uvx ${hidden} chroma-mcp ä 漢` };
    const written = escapeHidden(JSON.stringify(value));
    expect(written).toMatch(/^[ -~ä漢]+$/);
    expect(JSON.parse(written)).toEqual(value);
  });

  test('colors, line ends and tabs stay, other escape sequences do not', () => {
    expect(escapeHidden('\u001b[31mred\u001b[39m\n\tx')).toBe('\u001b[31mred\u001b[39m\n\tx');
    expect(escapeHidden('\u001b[2J\u001b]0;title\u0007\r')).toBe(String.raw`\u001b[2J\u001b]0;title\u0007\u000d`);
  });
});
