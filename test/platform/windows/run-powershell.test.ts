import { describe, expect, test } from 'vitest';
import { cimScript, parseCim } from '../../../src/platform/windows/parse-cim.ts';
import { inAscii } from '../../../src/platform/windows/in-ascii.ts';

describe('the script', () => {
  const script = inAscii(cimScript());

  test('uses only what Constrained Language Mode allows: no static members, no methods, only core types', () => {
    expect(script).not.toContain('::');
    expect(script).not.toMatch(/\.\w+\(/);
    expect([...script.matchAll(/\[([A-Za-z.]+)\]/g)].map(([, type]) => type)).toEqual(['int', 'char']);
    expect(script).not.toMatch(/New-Object|Add-Type|Invoke-Expression/i);
  });

  test('contains no double quotes, which two parsers would have to preserve', () => {
    expect(script).not.toContain('"');
  });

  test('compares case-sensitively, because otherwise a Kelvin sign equals the letter k', () => {
    expect(script.match(/-c?(?:split|match)/g)).toEqual(['-cmatch', '-csplit', '-cmatch']);
  });
});

test('escapes of non-ASCII characters are read back as these characters', () => {
  const command = 'uvx --data-dir C:\\Users\\Zoë 😀';
  const json = JSON.stringify([
    { ProcessId: 4, ParentProcessId: 0, Name: 'K\u212a', CommandLine: command, CreationDate: '/Date(1785000000000)/' },
  ]);
  // Like the script, unit by unit, so that a surrogate pair becomes two escapes.
  const ascii = json.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  expect(ascii).toMatch(/^[\0-\x7f]*$/);
  expect(parseCim(ascii).processes).toMatchObject([{ name: 'K\u212a', command }]);
});
