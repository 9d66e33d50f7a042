import { describe, expect, test } from 'vitest';
import { isMarked, parseCutMarks, parseMarks, UNKNOWN_MARKS } from '../../src/platform/marks.ts';

function marksOf(...variables: readonly string[]) {
  return parseMarks(Buffer.from(variables.map((variable) => `${variable}\0`).join('')));
}

describe('parseMarks', () => {
  test('finds all four marks', () => {
    const owner = '4242:232988:66e56bf8:4026531836';
    expect(
      marksOf(
        'PATH=/bin',
        'CLAUDE_MEM_TREE=t-1',
        `CLAUDE_MEM_OWNER=${owner}`,
        'CLAUDE_MEM_ROLE=worker',
        'CLAUDE_MEM_DATA_DIR=/home/zoë/.claude-mem',
      ),
    ).toEqual({ treeMark: 't-1', ownerMark: owner, roleMark: 'worker', dataDirMark: '/home/zoë/.claude-mem' });
  });

  test.each([
    ['an empty environment', []],
    ['only unrelated variables', ['PATH=/bin', 'HOME=/root']],
    ['text inside a value', ['NOTE=see CLAUDE_MEM_TREE=t-1', 'OTHER=a\nCLAUDE_MEM_TREE=t-1']],
    ['a longer name', ['CLAUDE_MEM_TREES=t-1', 'XCLAUDE_MEM_TREE=t-1', 'CLAUDE_MEM_VERIFY=v']],
    ['an empty value', ['CLAUDE_MEM_TREE=']],
    ['a name without a value', ['CLAUDE_MEM_TREE']],
    ['another case', ['claude_mem_tree=t-1', 'CLAUDE_MEM_tree=t-1']],
    ['names every object has', ['CLAUDE_MEM_X=1', 'constructor=1', '__proto__=1', '=1']],
  ])('finds no mark in %s', (_, variables) => {
    expect(marksOf(...variables)).toEqual({});
  });

  test('uses the first of two variables with one name, as getenv does', () => {
    expect(marksOf('CLAUDE_MEM_TREE=first', 'CLAUDE_MEM_TREE=second').treeMark).toBe('first');
    expect(marksOf('CLAUDE_MEM_TREE=', 'CLAUDE_MEM_TREE=second').treeMark).toBeUndefined();
  });

  test('accepts equals signs and line ends in a value', () => {
    expect(marksOf('CLAUDE_MEM_DATA_DIR=/a=b\nc').dataDirMark).toBe('/a=b\nc');
  });

  test('reads the marks of a truncated environment', () => {
    expect(parseMarks(Buffer.from('CLAUDE_MEM_ROLE=worker\0CLAUDE_MEM_TR')).roleMark).toBe('worker');
  });
});

describe('parseCutMarks', () => {
  test('a mark missing from the beginning of a longer environment is unknown', () => {
    expect(parseCutMarks(Buffer.from('CLAUDE_MEM_TREE=t-1\0PATH=/b'))).toEqual({ ...UNKNOWN_MARKS, treeMark: 't-1' });
    expect(parseCutMarks(Buffer.from('PATH=/bin\0'))).toEqual(UNKNOWN_MARKS);
  });

  test.each(['CLAUDE_MEM_TREE=t-1', 'PATH=/bin\0CLAUDE_MEM_TREE=t-1'])(
    'the last variable of a truncated environment is unknown: %j',
    (beginning) => {
      expect(parseCutMarks(Buffer.from(beginning))).toEqual(UNKNOWN_MARKS);
    },
  );

  test('an empty mark in the beginning of an environment is not a mark', () => {
    expect(parseCutMarks(Buffer.from('CLAUDE_MEM_OWNER=\0PATH'))).not.toHaveProperty('ownerMark');
  });
});

describe('isMarked', () => {
  test.each([
    [{ treeMark: 't' }, true],
    [{ ownerMark: 'o' }, true],
    [{ roleMark: 'r' }, true],
    [{ dataDirMark: '/d' }, false],
    [{}, false],
    [UNKNOWN_MARKS, false],
  ])('%j: %s', (marks, expected) => {
    expect(isMarked(marks)).toBe(expected);
  });
});

test('unknown marks are null, unlike absent ones', () => {
  expect(UNKNOWN_MARKS).toEqual({ treeMark: null, ownerMark: null, roleMark: null, dataDirMark: null });
});
