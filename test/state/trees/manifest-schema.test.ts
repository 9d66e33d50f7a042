import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Manifest, TREE_ROLES } from '../../../src/core/tree/manifest.ts';
import { checkManifest, parseManifest } from '../../../src/state/trees/manifest-schema.ts';
import { aManifest, anEntry, aRoot, BORN, TREE } from '../manifests.ts';

const dates = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const identities = fc.record(
  { pid: fc.integer({ min: 1, max: 4194304 }), startTicks: fc.nat(), startedAt: dates, bootId: fc.string() },
  { requiredKeys: ['pid', 'startedAt'] },
);
const manifests: fc.Arbitrary<Manifest> = fc.record(
  {
    schemaVersion: fc.constant(1 as const),
    treeId: fc.uuid(),
    state: fc.constantFrom('starting', 'running', 'stopping', 'failed'),
    machineId: fc.string(),
    bootId: fc.string(),
    pidNamespace: fc.nat().map(String),
    dataDir: fc.string({ unit: 'binary' }),
    startedAt: dates,
    retiredAt: dates,
    entries: fc.array(
      fc.record(
        {
          role: fc.constantFrom(...TREE_ROLES),
          identity: identities,
          pgid: fc.nat(),
          owner: identities,
          command: fc.array(fc.string({ unit: 'binary' })),
          registeredAt: dates,
          endedAt: dates,
        },
        { requiredKeys: ['role', 'identity', 'command', 'registeredAt'] },
      ),
      { maxLength: 4 },
    ),
  },
  { requiredKeys: ['schemaVersion', 'treeId', 'state', 'bootId', 'dataDir', 'startedAt', 'entries'] },
);

describe('parseManifest', () => {
  test('parses every manifest that can be written', () => {
    fc.assert(
      fc.property(manifests, (manifest) => {
        expect(parseManifest(JSON.stringify(manifest))).toEqual({ kind: 'good', manifest });
      }),
    );
  });

  test('rejects a file truncated at any position', () => {
    const text = JSON.stringify(aManifest({ entries: [aRoot(), anEntry(7)] }));
    for (let length = 0; length < text.length; length += 1) {
      expect(parseManifest(text.slice(0, length)).kind).toBe('damaged');
    }
  });

  test('never throws for any content', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
        expect(['damaged', 'newer']).toContain(parseManifest(text).kind);
      }),
    );
  });

  test('reports an empty file and a file of zeros, as a power cut leaves them', () => {
    expect(parseManifest('')).toEqual({ kind: 'damaged', reason: 'is empty' });
    expect(parseManifest('\0\0\0')).toEqual({ kind: 'damaged', reason: 'is not JSON (truncated or overwritten)' });
  });
});

describe('checkManifest', () => {
  test('keeps unknown fields', () => {
    const value = { ...aManifest(), color: 'red', entries: [{ ...aRoot(), mood: 1 }] };
    expect(checkManifest(value)).toEqual({ kind: 'good', manifest: value });
  });

  test('reduces a pid namespace to its digits', () => {
    const result = checkManifest({ ...aManifest(), pidNamespace: 'pid:[4026531836]' });
    expect(result).toMatchObject({ kind: 'good', manifest: { pidNamespace: '4026531836' } });
  });

  test('reports a later version before any other problem', () => {
    expect(checkManifest({ schemaVersion: 2, trees: 'otherwise' })).toEqual({
      kind: 'newer',
      reason: 'has schemaVersion 2, written by a later version of claude-mem (this one reads 1)',
    });
  });

  test.each<[string, object]>([
    ['schemaVersion', { schemaVersion: undefined }],
    ['schemaVersion', { schemaVersion: 0 }],
    ['schemaVersion', { schemaVersion: '1' }],
    ['treeId', { treeId: '../../etc/passwd' }],
    ['state', { state: 'asleep' }],
    ['bootId', { bootId: undefined }],
    ['pidNamespace', { pidNamespace: 'mnt:[1]' }],
    ['startedAt', { startedAt: 'yesterday' }],
    ['startedAt', { startedAt: '2026-01-02T03:04:05' }],
    ['startedAt', { startedAt: 1767322800 }],
    ['entries', { entries: {} }],
    ['entries[0].role', { entries: [{ ...aRoot(), role: 'king' }] }],
    ['entries[0].command', { entries: [{ ...aRoot(), command: 'node' }] }],
    ['entries[1].identity.pid', { entries: [aRoot(), anEntry(0)] }],
    ['entries[1].identity.pid', { entries: [aRoot(), anEntry(-1)] }],
    ['entries[1].identity.pid', { entries: [aRoot(), anEntry(1.5)] }],
    ['entries[0].identity.pid', { entries: [{ ...aRoot(), identity: { pid: '7', startedAt: BORN } }] }],
    ['entries[0].owner.startedAt', { entries: [{ ...aRoot(), owner: { pid: 7 } }] }],
    [
      'entries[0].identity.startTicks',
      { entries: [{ ...aRoot(), identity: { pid: 7, startedAt: BORN, startTicks: null } }] },
    ],
  ])('names the wrong field %s', (field, change) => {
    const result = checkManifest({ ...aManifest(), ...change });
    expect(result).toMatchObject({
      kind: 'damaged',
      reason: expect.stringContaining(`is not a manifest: ${field}: `) as string,
    });
  });

  test.each([null, 1, 'text', [], true])('rejects %j', (value) => {
    expect(checkManifest(value).kind).toBe('damaged');
  });

  test('cuts messages and removes control characters', () => {
    const result = checkManifest({ ...aManifest(), state: `\u001b[31m${'x'.repeat(5000)}` });
    const reason = result.kind === 'good' ? '' : result.reason;
    expect(reason).not.toContain('\u001b');
    expect(reason.length).toBeLessThan(300);
    expect(checkManifest({ ...aManifest(), treeId: TREE }).kind).toBe('good');
  });
});
