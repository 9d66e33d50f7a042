import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { HookEvent } from '../../src/operations/hooks/hook-event.ts';
import { SpoolDrain } from '../../src/worker/spool-drain.ts';
import { ClaudeMemError } from '../../src/shared/errors.ts';
import { Spool } from '../../src/state/spool/spool.ts';
import { eventually } from '../helpers/eventually.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { aLog } from '../a-log.ts';

function event(number: number): HookEvent {
  const at = new Date(Date.UTC(2026, 10, 25, 10, 0, number)).toISOString();
  return { kind: 'prompt', id: `e${number}`, at, sessionId: 's', project: 'p', prompt: `prompt ${number}` };
}

/** A drain on a real spool; `store` can be made to fail. */
function drain(store?: (event: HookEvent) => void) {
  const dataDir = tempDir();
  const spool = new Spool(dataDir);
  const stored: string[] = [];
  const { log, lines } = aLog();
  const open = () => {
    const opened = new SpoolDrain({
      ...{ spool, log, everyMs: 5 },
      store: (given) => {
        store?.(given);
        stored.push(given.id);
      },
    });
    onTestFinished(() => opened.close());
    return opened;
  };
  return { dataDir, spool, stored, lines, open };
}

test('stores waiting events in order, and later ones', async () => {
  const { spool, stored, open } = drain();
  for (const number of [2, 1, 3]) spool.add(event(number));
  await open().look();
  expect(stored).toEqual(['e1', 'e2', 'e3']);
  spool.add(event(4));
  await eventually('the next one is stored', () => stored.includes('e4') && spool.list().length === 0);
});

test('stops on a failing disk without losing, counting or reordering events', async () => {
  let isFull = true;
  const { spool, stored, open } = drain(({ id }) => {
    if (isFull && id === 'e2') throw new ClaudeMemError('io', 'no space left');
  });
  for (const number of [1, 2, 3]) spool.add(event(number));
  const opened = open();
  for (let look = 0; look < 6; look += 1) await opened.look();
  expect(stored).toEqual(['e1']);
  expect(spool.list().map(({ attempts }) => attempts)).toEqual([0, 0]);
  isFull = false;
  await eventually('all are stored', () => stored.length === 3);
  expect(stored).toEqual(['e1', 'e2', 'e3']);
});

test('sets aside files that are not events or cannot be stored, and continues', async () => {
  const { dataDir, spool, stored, open, lines } = drain(({ id }) => {
    if (id === 'e2') throw new TypeError('unforeseen');
  });
  for (const number of [1, 2, 3]) spool.add(event(number));
  writeFileSync(join(dataDir, 'spool', spool.list()[0]!.name), '{"kind":"prompt"}');
  await open().look();
  expect(stored).toEqual(['e3']);
  expect(spool.list()).toEqual([]);
  expect(JSON.stringify(lines)).toContain('the file is not a hook event');
  expect(JSON.stringify(lines)).not.toContain('prompt 2');
});

test('sets aside an event that crashed the worker three times', async () => {
  const { spool, stored, open } = drain();
  spool.add(event(1));
  for (let death = 0; death < 3; death += 1) spool.begin(spool.list()[0]!);
  spool.add(event(2));
  await open().look();
  expect(stored).toEqual(['e2']);
  expect(spool.list()).toEqual([]);
});

test('leaves the remaining events to the next worker when closed', async () => {
  const { spool, stored, open } = drain();
  for (const number of [1, 2]) spool.add(event(number));
  await open().close();
  expect(stored.length + spool.list().length).toBe(2);
  await open().look();
  expect(stored).toEqual(['e1', 'e2']);
});
