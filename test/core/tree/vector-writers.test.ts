import { expect, test } from 'vitest';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import { isHttpClient, vectorWriters } from '../../../src/core/tree/vector-writers.ts';
import { asPsListShows, DATA_DIR, python, row, snapshotOf, uv } from '../builders.ts';

/** directory → pids, of those that are open. */
const writersOf = (...rows: readonly ProcessRow[]) =>
  Object.fromEntries(
    vectorWriters(snapshotOf(rows), DATA_DIR).map(({ directory, rows: open }) => [
      directory.slice(DATA_DIR.length + 1),
      open.map(({ pid }) => pid),
    ]),
  );

const onVectors = `uvx chroma-mcp --data-dir ${DATA_DIR}/vectors`;

test('a wrapper and its python count as one writer, the python', () => {
  expect(writersOf(uv(100, 1), python(110, 100))).toEqual({ chroma: [110] });
});

test('two chains on one directory count as two writers, and a lone wrapper as one', () => {
  expect(writersOf(uv(100, 1), python(110, 100), python(120, 1), uv(130, 1))).toEqual({ chroma: [110, 120, 130] });
});

test('each Chroma directory has its own writers', () => {
  expect(writersOf(python(110, 1), row(120, 1, onVectors))).toEqual({ vectors: [120], chroma: [110] });
});

test('of a chain of pythons only the last one counts', () => {
  expect(writersOf(python(110, 1), python(111, 110))).toEqual({ chroma: [111] });
});

test('the resolved directory takes precedence over the written one', () => {
  expect(writersOf(python(110, 1, { roleDirectory: `${DATA_DIR}/vectors` }))).toEqual({ vectors: [110] });
  expect(writersOf(python(110, 1, { roleDirectory: '/elsewhere/chroma' }))).toEqual({});
});

test.each([
  ['a zombie', python(110, 1, { state: 'Z' })],
  ['an editor on the directory', row(110, 1, `vim --data-dir ${DATA_DIR}/chroma`)],
  ['a chroma-mcp on another data dir', row(110, 1, 'uvx chroma-mcp --data-dir /elsewhere/chroma')],
  ['the client of a server', row(110, 1, `uvx chroma-mcp --client-type http --data-dir ${DATA_DIR}/chroma`)],
])('a process is not a writer: %s', (_which, candidate) => {
  expect(writersOf(candidate)).toEqual({});
});

test.each([
  ['uvx chroma-mcp --client-type http', true],
  ['uvx chroma-mcp --client-type=http --port 1', true],
  ['uvx chroma-mcp --client-type https-like', false],
  ['uvx chroma-mcp --client-type persistent', false],
  ['uvx chroma-mcp', false],
])('%s is an HTTP client: %s', (command, expected) => {
  expect(isHttpClient(row(100, 1, command))).toBe(expected);
  expect(isHttpClient(asPsListShows(row(100, 1, command)))).toBe(expected);
});
