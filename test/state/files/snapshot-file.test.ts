import { readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { snapshotDocument } from '../../../src/state/files/snapshot-document.ts';
import { readSnapshotFile, writeSnapshotFile } from '../../../src/state/files/snapshot-file.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { anError } from '../an-error.ts';
import { aDocument, parse, ROW } from './snapshot-documents.ts';

test('reads a file with a byte order mark, as Windows writes it', () => {
  const file = join(tempDir(), 'snapshot.json');
  const text = JSON.stringify(aDocument());
  for (const bytes of [Buffer.from(`\uFEFF${text}`, 'utf16le'), Buffer.from(`\uFEFF${text}`)]) {
    writeFileSync(file, bytes);
    expect(readSnapshotFile(file).snapshot.processes).toEqual([ROW]);
  }
});

test('reports a missing file and a folder', () => {
  const folder = tempDir();
  expect(() => readSnapshotFile(join(folder, 'x'))).toThrow(/cannot read .*no such file/);
  expect(() => readSnapshotFile(folder)).toThrow(anError('snapshot-file'));
});

test('writes a private file, replaces a link, and writes into a device', (context) => {
  if (process.platform === 'win32') context.skip('Windows has neither modes nor named pipes in folders');
  const folder = tempDir();
  const file = join(folder, 'snapshot.json');
  const document = snapshotDocument(parse());
  writeSnapshotFile(file, document);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readSnapshotFile(file)).toEqual(parse());
  symlinkSync(file, join(folder, 'link'));
  writeSnapshotFile(join(folder, 'link'), document);
  expect(readdirSync(folder).sort()).toEqual(['link', 'snapshot.json']);
  expect(statSync(file).isFile()).toBe(true);
  writeSnapshotFile('/dev/null', document);
  expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
});

test('names the path that cannot be written', () => {
  expect(() => {
    writeSnapshotFile('/nowhere/at/all.json', snapshotDocument(parse()));
  }).toThrow(anError('io', '/nowhere/at/all.json'));
});
