import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseSnapshot, snapshotDocument } from '../../../src/state/files/snapshot-document.ts';
import { readSnapshotFile } from '../../../src/state/files/snapshot-file.ts';
import { anError } from '../an-error.ts';
import { aManifest } from '../manifests.ts';
import { parse, ROW } from './snapshot-documents.ts';

const recordings = new URL('../../fixtures/recordings/', import.meta.url);
const recordingNames = readdirSync(recordings).filter((name) => name.endsWith('.json'));

describe('recordings', () => {
  test('all seven recordings exist', () => {
    expect(recordingNames).toHaveLength(7);
  });

  test.each(recordingNames)('%s is read and written back unchanged', (name) => {
    const file = fileURLToPath(new URL(name, recordings));
    const recorded = readSnapshotFile(file);
    const raw = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    expect(recorded.snapshot.source).toBe('file');
    expect(recorded.snapshot.processes).toEqual(raw.processes);
    expect(recorded.dataDir).toBe('/home/u/.claude-mem');
    expect(recorded.otherRegistries).toEqual(raw.otherRegistries);
    expect(JSON.parse(JSON.stringify(snapshotDocument(recorded)))).toEqual({ ...raw, answering: [] });
  });
});

describe('parseSnapshot', () => {
  test('normalizes all pid namespaces when reading and writing', () => {
    const recorded = parse({
      pidNamespace: 'pid:[4026531836]',
      processes: [
        { ...ROW, pidNamespace: 'pid:[4026531837]' },
        { ...ROW, pidNamespace: '4026531838' },
      ],
      manifests: [aManifest({ pidNamespace: 'pid:[4026531839]' })],
    });
    expect(recorded.snapshot.pidNamespace).toBe('4026531836');
    expect(recorded.snapshot.processes.map((row) => row.pidNamespace)).toEqual(['4026531837', '4026531838']);
    expect(recorded.manifests[0]?.pidNamespace).toBe('4026531839');
    const raw = {
      ...recorded,
      snapshot: { ...recorded.snapshot, pidNamespace: 'pid:[1]' },
      manifests: [aManifest({ pidNamespace: 'pid:[2]' })],
    };
    expect(snapshotDocument(raw)).toMatchObject({ pidNamespace: '1', manifests: [{ pidNamespace: '2' }] });
  });

  test('null means unreadable for a mark and absent for any other field', () => {
    const row = { ...ROW, treeMark: null, ownerMark: 'x', uid: null, argv: null };
    const recorded = parse({ nowTicks: null, self: { pid: 1, uid: null }, processes: [row] });
    expect(recorded.snapshot.processes).toEqual([{ ...ROW, treeMark: null, ownerMark: 'x' }]);
    expect(recorded.snapshot).not.toHaveProperty('nowTicks');
    expect(recorded.snapshot.self).toEqual({ pid: 1 });
  });

  test('accepts a file without manifests, registries and answering', () => {
    const { manifests, otherRegistries, answering, damaged } = parse({
      manifests: undefined,
      otherRegistries: undefined,
    });
    expect({ manifests, otherRegistries, answering, damaged }).toEqual({
      manifests: [],
      otherRegistries: [],
      answering: [],
      damaged: [],
    });
    expect(parse({ answering: ['a'] }).answering).toEqual(['a']);
  });

  test('drops unknown fields', () => {
    expect(parse({ color: 'red', processes: [{ ...ROW, mood: 1 }] }).snapshot.processes).toEqual([ROW]);
  });

  test('reports a damaged or newer manifest and keeps the rest', () => {
    const { manifests, damaged } = parse({ manifests: [{ schemaVersion: 1 }, aManifest(), { schemaVersion: 9 }] });
    expect(manifests).toEqual([aManifest()]);
    expect(damaged).toMatchObject([
      { file: 'snapshot.json: manifests[0]', kind: 'damaged' },
      { file: 'snapshot.json: manifests[2]', kind: 'newer' },
    ]);
  });

  test('keeps the reports of manifests that were unreadable at recording', () => {
    const damaged = [{ file: '/home/u/.claude-mem/trees/x.json', kind: 'unreadable' as const, reason: 'denied' }];
    const document = snapshotDocument({ ...parse(), damaged });
    expect(parseSnapshot(JSON.stringify(document), 'again').damaged).toEqual(damaged);
  });

  test.each<[string, object]>([
    ['schemaVersion', { schemaVersion: undefined }],
    ['kind', { kind: 'heap-snapshot' }],
    ['takenAt', { takenAt: 'noon' }],
    ['complete', { complete: undefined }],
    ['complete', { complete: 'yes' }],
    ['unreadable', { unreadable: -1 }],
    ['dataDir', { dataDir: 7 }],
    ['self.pid', { self: {} }],
    ['processes', { processes: {} }],
    ['processes[3].pid', { processes: [ROW, ROW, ROW, { ...ROW, pid: '7' }] }],
    ['processes[0].pid', { processes: [{ ...ROW, pid: -7 }] }],
    ['processes[0].startedAt', { processes: [{ ...ROW, startedAt: undefined }] }],
    ['processes[0].argv[1]', { processes: [{ ...ROW, argv: ['uv', 7] }] }],
    ['processes[0].startTicks', { processes: [{ ...ROW, startTicks: 1.5 }] }],
    ['processes[0].treeMark', { processes: [{ ...ROW, treeMark: 7 }] }],
    ['processes[0].pidNamespace', { processes: [{ ...ROW, pidNamespace: 'here' }] }],
    ['manifests', { manifests: {} }],
    ['otherRegistries[0].content', { otherRegistries: [{ file: 'x', content: {} }] }],
  ])('names the wrong field %s', (field, change) => {
    expect(() => parse(change)).toThrow(anError('snapshot-file', `snapshot.json is not a snapshot: ${field}: `));
  });

  test('refuses a later version and names it', () => {
    expect(() => parse({ schemaVersion: 2, kind: 'other' })).toThrow(/has schemaVersion 2, written by a later version/);
  });

  test.each([
    ['', /is empty/],
    ['{"schemaVersion":1,', /is truncated/],
    ['[]', /is not a snapshot/],
    ['null', /is not a snapshot/],
  ])('rejects %j', (text, message) => {
    expect(() => parseSnapshot(text, 'x')).toThrow(message);
  });
});
