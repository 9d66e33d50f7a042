import { describe, expect, test } from 'vitest';
import { cimScript, parseCim } from '../../../src/platform/windows/parse-cim.ts';
import { inAscii } from '../../../src/platform/windows/run-powershell.ts';

describe('the script', () => {
  const script = inAscii(cimScript());

  test('asks for nothing that Constrained Language Mode refuses: no static members, no methods, no types but core ones', () => {
    expect(script).not.toContain('::');
    expect(script).not.toMatch(/\.\w+\(/);
    expect([...script.matchAll(/\[([A-Za-z.]+)\]/g)].map(([, type]) => type)).toEqual(['int', 'char']);
    expect(script).not.toMatch(/New-Object|Add-Type|Invoke-Expression/i);
  });

  test('holds no double quotes, which would have to survive two parsers', () => {
    expect(script).not.toContain('"');
  });

  test('compares with case: without it a Kelvin sign counts as the letter k', () => {
    expect(script.match(/-c?(?:split|match)/g)).toEqual(['-cmatch', '-csplit', '-cmatch']);
  });
});

test('what the script writes for characters beyond ASCII is read as these', () => {
  const command = 'uvx --data-dir C:\\Users\\Zoë 😀';
  const json = JSON.stringify([
    { ProcessId: 4, ParentProcessId: 0, Name: 'K\u212a', CommandLine: command, CreationDate: '/Date(1785000000000)/' },
  ]);
  // As the script does it: unit by unit, so that a pair of surrogates becomes two escapes.
  const ascii = json.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  expect(ascii).toMatch(/^[\0-\x7f]*$/);
  expect(parseCim(ascii).processes).toMatchObject([{ name: 'K\u212a', command }]);
});
