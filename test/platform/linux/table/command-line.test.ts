import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinCommandLine, parseCommandLine } from '../../../../src/platform/linux/table/command-line.ts';

test.each([
  ['a plain one', 'uv\0tool\0uvx\0', ['uv', 'tool', 'uvx']],
  ['none: a zombie, a kernel thread, an empty argv', '', []],
  ['one empty argument: what the kernel makes of an empty argv', '\0', ['']],
  ['empty arguments', 'sh\0-c\0\0\0', ['sh', '-c', '', '']],
  ['a rewritten one without an end', 'nginx: worker process', ['nginx: worker process']],
  ['line ends and blanks inside', 'sh\0-c\0echo a\necho b\0', ['sh', '-c', 'echo a\necho b']],
])('%s', (_, text, argv) => {
  expect(parseCommandLine(Buffer.from(text))).toEqual(argv);
});

test('parses every argv that exec accepts', () => {
  const argument = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(fc.array(argument, { minLength: 1 }), (argv) => {
      expect(parseCommandLine(Buffer.from(argv.map((part) => `${part}\0`).join('')))).toEqual(argv);
    }),
  );
});

test('decodes invalid UTF-8 deterministically, so that it compares equal', () => {
  const bytes = Buffer.from([0x2f, 0xff, 0xfe, 0x00, 0x61, 0x00]);
  expect(parseCommandLine(bytes)).toEqual(['/\uFFFD\uFFFD', 'a']);
  expect(parseCommandLine(bytes)).toEqual(parseCommandLine(Buffer.from(bytes)));
});

test('removes the empty tail of a rewritten argv', () => {
  expect(joinCommandLine(['nginx: master', '', '', ''])).toBe('nginx: master');
});
