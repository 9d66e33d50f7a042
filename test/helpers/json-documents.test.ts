import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import * as examples from '../../scripts/documents/json-examples.ts';
import { assertDocuments, problemOf } from './json-documents.ts';

const SCHEMAS = fileURLToPath(new URL('../../docs/schemas', import.meta.url));
const LEAKS = documentOf(examples.leaks());
const ERROR = { schemaVersion: 1, command: 'leaks', error: { code: 'io', message: 'x', hint: null } };

function documentOf(block: string): object {
  return JSON.parse(block.replaceAll(/^```(?:json)?$/gm, '')) as object;
}

test.each([
  ['leaks', examples.leaks],
  ['leaks-watch', examples.watchChange],
  ['leaks-watch', examples.watchEnd],
  ['reap', examples.reap],
  ['guard', examples.guard],
  ['status', examples.status],
  ['history', examples.history],
  ['start', examples.start],
  ['stop', examples.stop],
  ['setup', examples.setup],
  ['doctor', examples.doctor],
  ['verify', examples.verify],
  ['logs', examples.log],
  ['process-snapshot', examples.snapshot],
])('the example in docs/json.md fits docs/schemas/%s.json', async (name, example) => {
  expect(await problemOf(documentOf(example()), name)).toBeUndefined();
});

test('an error fits the schema of every command', async () => {
  for (const file of readdirSync(SCHEMAS))
    expect(await problemOf(ERROR, file.slice(0, -'.json'.length))).toBeUndefined();
});

test.each([
  ['without a field', { ...LEAKS, dataDir: undefined }, 'dataDir'],
  ['with another field', { ...LEAKS, extra: 1 }, 'additional properties'],
  ['with a wrong type', { ...LEAKS, unreadable: '0' }, 'unreadable'],
  [
    'with another field in a list',
    { ...LEAKS, staleEntries: [{ treeId: '', role: '', pid: 1, reason: '', x: 1 }] },
    '0',
  ],
])('a document %s fits no schema', async (_, document, field) => {
  expect(await problemOf(JSON.parse(JSON.stringify(document)), 'leaks')).toContain(field);
});

test('the schemas that the package publishes accept fields of later versions', () => {
  for (const file of readdirSync(SCHEMAS))
    expect(readFileSync(`${SCHEMAS}/${file}`, 'utf8')).not.toContain('"additionalProperties": false');
});

describe('the documents of a run', () => {
  const wrong = JSON.stringify({ schemaVersion: 1, command: 'leaks' });

  test.each([
    [['leaks', '--json'], { stdout: wrong, stderr: '' }],
    [['leaks', '--json', '--watch'], { stdout: `${JSON.stringify(ERROR)}\n${wrong}\n`, stderr: '' }],
    [['verify', '--json', '--', 'true'], { stdout: 'output', stderr: `a note\n${wrong}\n` }],
    [['snapshot'], { stdout: wrong, stderr: '' }],
  ])('of %s are compared', async (args, output) => {
    await expect(assertDocuments(args, output)).rejects.toThrow('does not fit docs/schemas/');
  });

  test('of another command are not', async () => {
    await assertDocuments(['verify', '--', 'claude-mem', 'leaks', '--json'], { stdout: wrong, stderr: '' });
    await assertDocuments(['leaks'], { stdout: wrong, stderr: '' });
  });
});
