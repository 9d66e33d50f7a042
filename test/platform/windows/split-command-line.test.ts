import { expect, test } from 'vitest';
import { splitCommandLine } from '../../../src/platform/windows/split-command-line.ts';

// The middle block is Microsoft's own table of examples.
test.each<[string, readonly string[]]>([
  ['', []],
  ['uvx', ['uvx']],
  [String.raw`"C:\Program Files\uv.exe" tool  uvx`, [String.raw`C:\Program Files\uv.exe`, 'tool', 'uvx']],
  [String.raw`"C:\dir\" next`, ['C:\\dir\\', 'next']],
  [
    String.raw`x.exe --data-dir "C:\Users\Ada Lovelace\chroma"`,
    ['x.exe', '--data-dir', String.raw`C:\Users\Ada Lovelace\chroma`],
  ],
  [
    String.raw`x.exe --data-dir=C:\a\b --with onnx>=1.20`,
    ['x.exe', String.raw`--data-dir=C:\a\b`, '--with', 'onnx>=1.20'],
  ],
  [String.raw`x "C:\my data\\" end`, ['x', 'C:\\my data\\', 'end']],

  [String.raw`x "abc" d e`, ['x', 'abc', 'd', 'e']],
  [String.raw`x a\\b d"e f"g h`, ['x', String.raw`a\\b`, 'de fg', 'h']],
  [String.raw`x a\\\"b c d`, ['x', String.raw`a\"b`, 'c', 'd']],
  [String.raw`x a\\\\"b c" d e`, ['x', String.raw`a\\b c`, 'd', 'e']],
  [String.raw`x a"b"" c d`, ['x', 'ab" c d']],

  ['x "" y', ['x', '', 'y']],
  ['x """quoted""" y', ['x', '"quoted"', 'y']],
  ['x\ta\t b', ['x', 'a', 'b']],
  ['x "never closed', ['x', 'never closed']],
])('splits %j', (commandLine, expected) => {
  expect(splitCommandLine(commandLine)).toEqual(expected);
});
