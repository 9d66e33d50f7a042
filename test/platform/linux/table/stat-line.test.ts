import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isZombie, parseStatLine } from '../../../../src/platform/linux/table/stat-line.ts';

/** Fields 3 to 52 of a real node process; the five fields that are read have distinct values. */
const REST =
  'S 41 42 43 34816 43 4194304 10821 0 12 0 55 20 0 0 20 0 11 0 232988 1058750464 11758 18446744073709551615 1 1 0 0 0 0 0 4096 134300162 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0';

function stat(name: string, rest = REST): string {
  return `4242 (${name}) ${rest}\n`;
}

describe('parseStatLine', () => {
  test('reads every field by its position', () => {
    expect(parseStatLine(stat('node'))).toMatchObject({
      pid: 4242,
      name: 'node',
      state: 'S',
      ppid: 41,
      pgid: 42,
      sid: 43,
      isKernelThread: false,
      threads: 11,
      startTicks: 232_988,
      rssPages: 11_758,
    });
  });

  test.each([
    ['a bracket and blanks', 'a) R 1 1 1 (b'],
    ['a whole forged line', '1 (init) S 0 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 1 0 1'],
    ['line ends', 'a\nb\n'],
    ['nothing', ''],
    ['brackets only', '))))(((('],
    ['bytes that are no text', 'uv\uFFFD\uFFFD'],
  ])('a name of %s shifts no field', (_, name) => {
    expect(parseStatLine(stat(name))).toMatchObject({ pid: 4242, name, ppid: 41, startTicks: 232_988 });
  });

  test('no name shifts a field', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 15 }), (name) => {
        expect(parseStatLine(stat(name))).toMatchObject({ name, state: 'S', ppid: 41, rssPages: 11_758 });
      }),
    );
  });

  test('rejects a line truncated before the end of its last used field', () => {
    const whole = stat('uv');
    const used = whole.indexOf(' 11758 ') + ' 11758 '.length;
    for (let length = 0; length < used; length += 1) expect(parseStatLine(whole.slice(0, length))).toBeUndefined();
    expect(parseStatLine(whole.slice(0, used))).toBeDefined();
  });

  test.each(['', '\n', 'x', '4242 node S 1', '(node) S 1', 'abc (node) S 1 2 3'])('rejects %j', (text) => {
    expect(parseStatLine(text)).toBeUndefined();
  });

  test.each([' 0  0 184', ' 0 x 0 184'])('rejects a start that is no number: %j', (end) => {
    const line = `2 (node) S 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1${end} 0 1 1\n`;
    expect(parseStatLine(line.replace(end, ' 0 2 0 184'))).toMatchObject({ startTicks: 2 });
    expect(parseStatLine(line)).toBeUndefined();
  });

  test('recognizes a kernel thread by its flag, not by its parent', () => {
    const kernelThread = '2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 2 0 0 18446744073709551615 0\n';
    const secondInContainer = '2 (node) S 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 2 0 0 18446744073709551615 0\n';
    expect(parseStatLine(kernelThread)).toMatchObject({ isKernelThread: true });
    expect(parseStatLine(secondInContainer)).toMatchObject({ isKernelThread: false });
  });

  test('reads a process group outside this namespace, which is 0 or negative', () => {
    expect(parseStatLine(stat('x', REST.replace('41 42 43', '0 -1 -1')))).toMatchObject({ ppid: 0, pgid: -1, sid: -1 });
  });
});

describe('isZombie', () => {
  test.each([
    ['Z', 1, true],
    ['Z', 0, true],
    ['X', 1, true],
    ['Z', 2, false],
    ['S', 1, false],
    ['D', 1, false],
    ['T', 1, false],
  ])('a process in state %s with %i threads is a zombie: %s', (state, threads, expected) => {
    expect(isZombie({ state, threads })).toBe(expected);
  });
});
