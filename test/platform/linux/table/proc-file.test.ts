import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readProcArguments, readProcFile } from '../../../../src/platform/linux/table/proc-file.ts';
import { eachProcLine, readProcText } from '../../../../src/platform/linux/table/proc-text.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

const KIB = 1024;

function fileOf(content: string | Buffer): string {
  const file = join(tempDir(), 'file');
  writeFileSync(file, content);
  return file;
}

describe('readProcArguments', () => {
  test.each([
    [0, 0, false],
    [128 * KIB - 1, 128 * KIB - 1, false],
    [128 * KIB, 128 * KIB, false],
    [128 * KIB + 1, 128 * KIB, true],
    [1024 * KIB, 128 * KIB, true],
  ])('reads at most 128 KiB of %i bytes and reports whether the file continues', (length, read, isCut) => {
    const answer = readProcArguments(fileOf('x'.repeat(length)));
    expect(answer).toMatchObject({ isCut });
    expect(typeof answer === 'string' ? answer : answer.bytes.length).toBe(read);
  });

  test('uses one buffer that a long file does not enlarge', () => {
    for (const length of [10, 4_000_000, 10]) {
      const answer = readProcArguments(fileOf(Buffer.alloc(length)));
      expect(typeof answer === 'string' ? answer : answer.bytes.buffer.byteLength).toBe(128 * KIB + 1);
    }
  });

  test('distinguishes a missing file from an unreadable one', () => {
    expect(readProcArguments(join(tempDir(), 'absent'))).toBe('vanished');
    expect(readProcArguments(tempDir())).toBe('unreadable');
  });
});

describe('readProcFile', () => {
  test('treats a file longer than 64 KiB as unreadable', () => {
    expect(readProcFile(fileOf('x'.repeat(64 * KIB)))).toHaveLength(64 * KIB);
    const long = fileOf('x'.repeat(64 * KIB + 1));
    expect(readProcFile(long)).toBe('unreadable');
  });
});

describe('readProcText', () => {
  test('returns the text of a file of up to 64 KiB, and nothing of a longer one', () => {
    expect(readProcText(fileOf('ä'.repeat(32 * KIB)))).toBe('ä'.repeat(32 * KIB));
    expect(readProcText(fileOf('x'.repeat(64 * KIB + 1)))).toBeUndefined();
    expect(readProcText(join(tempDir(), 'absent'))).toBeUndefined();
    expect(readProcText(tempDir())).toBeUndefined();
  });
});

describe('eachProcLine', () => {
  function linesOf(file: string): { end: string; lines: string[] } {
    const lines: string[] = [];
    return { end: eachProcLine(file, (line) => lines.push(line)), lines };
  }

  test('visits every line of a table longer than its buffer', () => {
    const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index} ${'x'.repeat(100)}`);
    expect(linesOf(fileOf(`${lines.join('\n')}\n`))).toEqual({ end: 'whole', lines });
    expect(linesOf(fileOf('one\ntwo'))).toEqual({ end: 'whole', lines: ['one', 'two'] });
  });

  test('reports a cut for a line longer than 64 KiB and for a table longer than 4 MiB', () => {
    expect(linesOf(fileOf(`one\n${'x'.repeat(200 * KIB)}\nthree\n`))).toEqual({ end: 'cut', lines: ['one'] });
    const { end, lines } = linesOf(fileOf('x\n'.repeat(3 * KIB * KIB)));
    expect(end).toBe('cut');
    expect(lines.length).toBeLessThan(2.2 * KIB * KIB);
  });

  test('reports a missing or unreadable table', () => {
    expect(linesOf(join(tempDir(), 'absent')).end).toBe('unreadable');
    const folder = join(tempDir(), 'folder');
    mkdirSync(folder);
    expect(linesOf(folder).end).toBe('unreadable');
  });
});
