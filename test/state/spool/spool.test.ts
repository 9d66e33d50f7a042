import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { HookEvent } from '../../../src/operations/hooks/hook-event.ts';
import type { BegunEvent } from '../../../src/operations/ports/tree.ts';
import { Spool } from '../../../src/state/spool/spool.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

function event(number: number, sessionId = 's'): HookEvent {
  const at = new Date(Date.UTC(2026, 10, 25, 10, 0, number)).toISOString();
  return { kind: 'stop', id: `e${number}`, at, sessionId, project: 'p' };
}

function contentOf(begun: BegunEvent | undefined): unknown {
  return begun?.form === 'event' ? begun.content : undefined;
}

test('events are listed in the order they happened, and their files are private', () => {
  const dataDir = tempDir();
  const spool = new Spool(dataDir);
  for (const number of [3, 1, 2]) spool.add(event(number));
  const read = spool.list().map((waiting) => contentOf(spool.begin(waiting)));
  expect(read).toEqual([event(1), event(2), event(3)]);
  expect(statSync(join(dataDir, 'spool')).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(join(dataDir, 'spool'))) {
    expect(statSync(join(dataDir, 'spool', name)).mode & 0o777).toBe(0o600);
  }
});

test('knows which sessions have waiting events', () => {
  const spool = new Spool(tempDir());
  expect(spool.holdsSession('s')).toBe(false);
  spool.add(event(1));
  expect([spool.holdsSession('s'), spool.holdsSession('other')]).toEqual([true, false]);
  spool.remove(spool.list()[0]!);
  expect(spool.holdsSession('s')).toBe(false);
});

test('an attempt is counted before the event is read, and can be undone', () => {
  const spool = new Spool(tempDir());
  spool.add(event(1));
  const begun = spool.begin(spool.list()[0]!);
  expect(spool.list()).toEqual([begun!.event]);
  expect(begun!.event.attempts).toBe(1);
  spool.postpone(begun!.event);
  expect(spool.list()[0]!.attempts).toBe(0);
});

test('only one of two readers gets an event', () => {
  const spool = new Spool(tempDir());
  spool.add(event(1));
  const waiting = spool.list()[0]!;
  expect(spool.begin(waiting)).toBeDefined();
  expect(spool.begin(waiting)).toBeUndefined();
});

test('at most 50 undeliverable events are kept', () => {
  const dataDir = tempDir();
  const spool = new Spool(dataDir);
  for (let number = 0; number < 55; number += 1) {
    spool.add(event(number));
    spool.setAside(spool.list()[0]!);
  }
  expect(spool.list()).toEqual([]);
  expect(readdirSync(join(dataDir, 'spool', 'set-aside'))).toHaveLength(50);
});

test('a full spool refuses new events and drops none; an event that is too large is refused too', () => {
  const dataDir = tempDir();
  const spool = new Spool(dataDir);
  expect(() => {
    spool.add({ ...event(1), kind: 'prompt', prompt: 'x'.repeat(70_000) });
  }).toThrow('too large');
  mkdirSync(join(dataDir, 'spool'));
  for (let number = 0; number < 2_000; number += 1) {
    writeFileSync(
      join(dataDir, 'spool', `${String(number).padStart(14, '0')}-${'0'.repeat(20)}-1.aaaaaaaaaaaa.0.json`),
      '{}',
    );
  }
  expect(() => {
    spool.add(event(1));
  }).toThrow('is full');
  expect(spool.list()).toHaveLength(2_000);
});

test('other files are left alone, and a file that is not JSON has no content', () => {
  const dataDir = tempDir();
  const spool = new Spool(dataDir);
  spool.add(event(1));
  const [waiting] = spool.list();
  writeFileSync(join(dataDir, 'spool', 'notes.txt'), 'mine');
  writeFileSync(join(dataDir, 'spool', waiting!.name), '{"torn');
  expect(spool.list()).toHaveLength(1);
  expect(contentOf(spool.begin(waiting!))).toBeUndefined();
});
