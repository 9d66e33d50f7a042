import { describe, expect, test } from 'vitest';
import { isSamePath, joinPath } from '../../../src/core/process/path.ts';

describe('two paths are written for the same place', () => {
  test.each([
    ['/h/.claude-mem/chroma', '/h/.claude-mem/chroma', 'linux', true],
    ['/h/.claude-mem/chroma/', '/h/.claude-mem/chroma', 'linux', true],
    ['/h//.claude-mem/./chroma/.', '/h/.claude-mem/chroma', 'linux', true],
    ['/h/.claude-mem/chroma-backup', '/h/.claude-mem/chroma', 'linux', false],
    ['/h/.claude-mem/chroma', '/h/.claude-mem/chrom', 'linux', false],
    ['/h/.claude-mem', '/h/.claude-mem/chroma', 'linux', false],
    ['/h/.claude-mem/../chroma', '/h/chroma', 'linux', false],
    ['/H/.claude-mem', '/h/.claude-mem', 'linux', false],
    ['/h/a\\b', '/h/a/b', 'linux', false],
    ['/', '//', 'linux', true],
    ['C:\\Users\\U\\.claude-mem\\chroma', 'c:/users/u/.claude-mem/chroma/', 'win32', true],
    ['C:\\Users\\U\\.claude-mem\\chroma', 'C:\\Users\\U\\.claude-mem\\chroma-backup', 'win32', false],
    ['C:\\Users\\U', 'D:\\Users\\U', 'win32', false],
  ])('%s and %s on %s: %s', (left, right, platform, expected) => {
    expect(isSamePath(left, right, platform)).toBe(expected);
    expect(isSamePath(right, left, platform)).toBe(expected);
  });
});

test.each([
  ['/h/.claude-mem', 'chroma', '/h/.claude-mem/chroma'],
  ['/h/.claude-mem/', 'chroma', '/h/.claude-mem/chroma'],
  ['/', 'chroma', '/chroma'],
  ['C:\\Users\\U', 'chroma', 'C:\\Users\\U\\chroma'],
  ['C:/Users/U', 'chroma', 'C:/Users/U/chroma'],
])('joins %s and %s the way the directory is written', (directory, name, expected) => {
  expect(joinPath(directory, name)).toBe(expected);
});
