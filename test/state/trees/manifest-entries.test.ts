import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Manifest } from '../../../src/core/tree/manifest.ts';
import { endEntries, keepsEveryEntry, registerEntry } from '../../../src/state/trees/manifest-entries.ts';
import { aManifest, anEntry, BORN } from '../manifests.ts';

const LATER = '2026-01-02T04:00:00.000Z';

test('appends an entry', () => {
  const manifest = registerEntry(aManifest(), anEntry(7));
  expect(manifest.entries.map((entry) => entry.identity.pid)).toEqual([100, 7]);
});

test('keeps the first entry of a repeated registration', () => {
  const once = registerEntry(aManifest(), anEntry(7));
  expect(registerEntry(once, anEntry(7, { registeredAt: LATER }))).toBe(once);
});

test('treats a reused pid as another process', () => {
  const again = anEntry(7, { identity: { pid: 7, startTicks: 9999, startedAt: LATER } });
  expect(registerEntry(registerEntry(aManifest(), anEntry(7)), again).entries).toHaveLength(3);
});

test('records the end of exactly one entry, once', () => {
  const manifest = registerEntry(registerEntry(aManifest(), anEntry(7)), anEntry(8));
  const ended = endEntries(manifest, [anEntry(7).identity], LATER);
  expect(ended.entries.map((entry) => entry.endedAt)).toEqual([undefined, LATER, undefined]);
  expect(endEntries(ended, [anEntry(7).identity], BORN)).toBe(ended);
});

test('the end of an unknown process changes nothing', () => {
  const manifest = aManifest();
  expect(endEntries(manifest, [{ pid: 100, startTicks: 1, startedAt: BORN }], LATER)).toBe(manifest);
  expect(endEntries(manifest, [{ pid: 5, startedAt: BORN }], LATER)).toBe(manifest);
});

test('compares start times if there are no ticks, and boots if both are known', () => {
  const identity = { pid: 7, startedAt: BORN, bootId: 'a' };
  const manifest = registerEntry(aManifest(), anEntry(7, { identity }));
  expect(endEntries(manifest, [{ pid: 7, startedAt: LATER }], LATER)).toBe(manifest);
  expect(endEntries(manifest, [{ ...identity, bootId: 'b' }], LATER)).toBe(manifest);
  expect(endEntries(manifest, [{ pid: 7, startedAt: BORN }], LATER)).not.toBe(manifest);
});

test('no sequence of changes drops an entry', () => {
  const pid = fc.integer({ min: 1, max: 6 });
  const ticks = fc.integer({ min: 1, max: 3 });
  const change = fc.tuple(fc.boolean(), pid, ticks).map(([isStart, number, start]) => (manifest: Manifest) => {
    const identity = { pid: number, startTicks: start, startedAt: BORN };
    return isStart ? registerEntry(manifest, anEntry(number, { identity })) : endEntries(manifest, [identity], LATER);
  });
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      changes.reduce((before, apply) => {
        const after = apply(before);
        expect(keepsEveryEntry(before, after)).toBe(true);
        return after;
      }, aManifest());
    }),
  );
});

test('distinguishes a list that lost, moved or replaced an entry from one that grew', () => {
  const before = aManifest({ entries: [anEntry(7), anEntry(8)] });
  expect(keepsEveryEntry(before, aManifest({ entries: [anEntry(7), anEntry(8), anEntry(9)] }))).toBe(true);
  expect(keepsEveryEntry(before, aManifest({ entries: [anEntry(7)] }))).toBe(false);
  expect(keepsEveryEntry(before, aManifest({ entries: [anEntry(8), anEntry(7)] }))).toBe(false);
  expect(keepsEveryEntry(before, aManifest({ entries: [anEntry(7), anEntry(8, { role: 'search' })] }))).toBe(false);
});
