import { expect, test } from 'vitest';
import { parseMarks } from '../../../src/platform/posix/parse-environment.ts';

const COMMAND = '/opt/uv/bin/python /opt/uv/bin/chroma-mcp --data-dir /home/ada/my data/vectors';

test('finds the marks after the command line', () => {
  const environment =
    'PATH=/usr/bin CLAUDE_MEM_TREE=7b0c CLAUDE_MEM_OWNER=8110:52:b1:4026531836 CLAUDE_MEM_ROLE=chroma-sync CLAUDE_MEM_DATA_DIR=/home/ada/my data HOME=/home/ada';
  expect(parseMarks(COMMAND, `${COMMAND} ${environment}`)).toEqual({
    treeMark: '7b0c',
    ownerMark: '8110:52:b1:4026531836',
    roleMark: 'chroma-sync',
    dataDirMark: '/home/ada/my data',
  });
});

test('reads a mark at the start or end of the environment', () => {
  expect(parseMarks('uv', 'uv CLAUDE_MEM_TREE=7b0c CLAUDE_MEM_ROLE=setup')).toEqual({
    treeMark: '7b0c',
    roleMark: 'setup',
  });
});

test('finds no marks in an environment without marks', () => {
  expect(parseMarks('uv', 'uv PATH=/usr/bin HOME=/root')).toEqual({});
});

test('ignores an empty mark', () => {
  expect(parseMarks('uv', 'uv CLAUDE_MEM_TREE= PATH=/usr/bin')).toEqual({});
});

test('does not mistake an argument for a mark', () => {
  expect(parseMarks('env CLAUDE_MEM_TREE=x', 'env CLAUDE_MEM_TREE=x PATH=/usr/bin')).toEqual({});
});

test('does not mistake a longer name for a mark', () => {
  expect(parseMarks('uv', 'uv MY_CLAUDE_MEM_TREE=x CLAUDE_MEM_TREES=y A=b')).toEqual({});
});

test.each([
  ['is hidden', 'uv', 'uv'],
  ['could not be read at all', 'uv', ''],
  ['belongs to another program now', 'uv', 'python x PATH=/usr/bin CLAUDE_MEM_TREE=7b0c'],
  ['cannot be distinguished from an unreadable command line', '', ' CLAUDE_MEM_TREE=7b0c'],
])('marks are unknown if the environment %s', (_why, command, shown) => {
  expect(parseMarks(command, shown)).toEqual({ treeMark: null, ownerMark: null, roleMark: null, dataDirMark: null });
});

test('treats two variables with one name as unknown, because one may be part of another value', () => {
  expect(parseMarks('uv', 'uv NOTE=see CLAUDE_MEM_TREE=1 CLAUDE_MEM_TREE=2 A=b')).toEqual({ treeMark: null });
});
