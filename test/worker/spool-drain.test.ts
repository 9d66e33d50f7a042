import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { HookEvent } from '../../src/operations/hooks/hook-event.ts';
import { SpoolDrain } from '../../src/worker/spool-drain.ts';
import { eventOfSpooled } from '../../src/worker/spooled-event.ts';
import { ClaudeMemError } from '../../src/shared/errors.ts';
import { Spool } from '../../src/state/spool/spool.ts';
import { eventually } from '../helpers/eventually.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { aLog } from '../a-log.ts';

function event(number: number): HookEvent {
  const at = new Date(Date.UTC(2026, 10, 25, 10, 0, number)).toISOString();
  return { kind: 'prompt', id: `e${number}`, at, sessionId: 's', project: 'p', prompt: `prompt ${number}` };
}

/** Writes the input of a prompt as the hook script does. */
function writeInput(dataDir: string, number: number, text = inputText(number)): void {
  mkdirSync(join(dataDir, 'spool'), { recursive: true, mode: 0o700 });
  writeFileSync(join(dataDir, 'spool', `${number}.hook`), text);
}

function inputText(number: number): string {
  return JSON.stringify({
    ...{ session_id: 's', cwd: '/nonexistent/shop', hook_event_name: 'UserPromptSubmit', prompt: `prompt ${number}` },
  });
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
      eventOf: (begun) =>
        eventOfSpooled(begun, {
          projectOf: () => Promise.resolve('p'),
          lastAnswer: () => undefined,
          isExcluded: () => false,
          isSkippedTool: () => false,
        }),
      store: (files) => {
        const events = files.map(({ event }) => event).filter((event) => event !== undefined);
        for (const given of events) store?.(given);
        stored.push(...events.map((given) => (given.kind === 'prompt' ? given.prompt.replace('prompt ', 'e') : '')));
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
  expect(stored).toEqual([]);
  expect(spool.list().map(({ attempts }) => attempts)).toEqual([0, 0, 0]);
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

test('sets aside an event that crashed the worker five times, and none that did so less often', async () => {
  const { spool, stored, open } = drain();
  spool.add(event(1));
  for (let death = 0; death < 5; death += 1) spool.begin(spool.list()[0]!);
  spool.add(event(2));
  for (let death = 0; death < 4; death += 1) spool.begin(spool.list()[1]!);
  await open().look();
  expect(stored).toEqual(['e2']);
  expect(spool.list()).toEqual([]);
});

test.each(['an event of a hook command', 'an input of the hook script'])(
  '%s that is being read when the worker closes waits for the next one',
  async (form) => {
    const dataDir = tempDir();
    const spool = new Spool(dataDir);
    if (form.startsWith('an event')) spool.add(event(1));
    else writeInput(dataDir, 1);
    let read: () => void = () => undefined;
    const reading = new Promise<undefined>((resolve) => {
      read = () => {
        resolve(undefined);
      };
    });
    const { log, lines } = aLog();
    const opened = new SpoolDrain({
      ...{ spool, log },
      eventOf: () => reading,
      store: () => {
        // As the memory does, which is closed at the same time.
        throw new Error('the memory is closed');
      },
    });
    const closing = opened.close();
    read();
    await closing;
    expect(spool.list().map(({ attempts }) => attempts)).toEqual([0]);
    expect(existsSync(join(dataDir, 'spool', 'set-aside'))).toBe(false);
    expect(lines).toEqual([]);
  },
);

test('leaves the remaining events to the next worker when closed', async () => {
  const { spool, stored, open } = drain();
  for (const number of [1, 2]) spool.add(event(number));
  await open().close();
  expect(stored.length + spool.list().length).toBe(2);
  await open().look();
  expect(stored).toEqual(['e1', 'e2']);
});

test('stores the inputs of the hook script by number, and removes their files', async () => {
  const { dataDir, stored, open } = drain();
  for (const number of [10, 9, 100, 2]) writeInput(dataDir, number);
  await open().look();
  expect(stored).toEqual(['e2', 'e9', 'e10', 'e100']);
  expect(readdirSync(join(dataDir, 'spool'))).toEqual(['first-number']);
});

test('stores an input as soon as it appears', async () => {
  const { dataDir, spool, stored } = drain();
  const { log } = aLog();
  const opened = new SpoolDrain({
    ...{ spool, log, everyMs: 3_600_000 },
    eventOf: (begun) =>
      eventOfSpooled(begun, {
        projectOf: () => Promise.resolve('p'),
        lastAnswer: () => undefined,
        isExcluded: () => false,
        isSkippedTool: () => false,
      }),
    store: (files) => stored.push(...files.map(({ id }) => id)),
  });
  onTestFinished(() => opened.close());
  await opened.look();
  writeInput(dataDir, 0);
  await eventually('it is stored', () => stored.length === 1);
});

test('inputs and events that wait together are stored in the order of their times', async () => {
  const { dataDir, spool, stored, open } = drain();
  spool.add({ ...event(1), at: '2000-01-01T00:00:00.000Z' });
  writeInput(dataDir, 2);
  spool.add({ ...event(3), at: '2999-01-01T00:00:00.000Z' });
  await open().look();
  expect(stored).toEqual(['e1', 'e2', 'e3']);
});

test('an input that is damaged is removed, because it may contain secrets, and those behind it are stored', async () => {
  const { dataDir, spool, stored, open, lines } = drain();
  writeInput(dataDir, 1, '');
  writeInput(dataDir, 2, 'password=hunter2');
  writeInput(dataDir, 3, '[]');
  writeInput(dataDir, 4, `"${'x'.repeat(1024 * 1024)}"`);
  writeInput(dataDir, 5, '{"session_id":"s"}');
  writeInput(dataDir, 6);
  await open().look();
  expect([stored, spool.list()]).toEqual([['e6'], []]);
  expect(existsSync(join(dataDir, 'spool', 'set-aside'))).toBe(false);
  expect(lines.filter((line) => line.startsWith('error'))).toHaveLength(5);
  expect(JSON.stringify(lines)).not.toContain('hunter2');
});

test('an input whose end is cut off is stored as far as it goes', async () => {
  const { dataDir, stored, open } = drain();
  writeInput(dataDir, 1, inputText(1).slice(0, -2));
  await open().look();
  expect(stored).toEqual(['e1']);
});

test('a pipe, a folder and a link in place of an input are set aside unread, and those behind them are stored', async () => {
  const { dataDir, stored, open } = drain();
  const folder = join(dataDir, 'spool');
  writeInput(dataDir, 4);
  mkdirSync(join(folder, '1.hook'));
  symlinkSync('/etc/hostname', join(folder, '2.hook'));
  expect(spawnSync('mkfifo', [join(folder, '3.hook')]).status).toBe(0);
  await open().look();
  expect(stored).toEqual(['e4']);
  expect(readdirSync(join(folder, 'set-aside')).sort()).toEqual(['1.1.hook', '2.1.hook', '3.1.hook']);
});

test('an event that crashed the worker is stored alone, so that no other event is given up with it', async () => {
  const { dataDir, spool, open } = drain();
  for (const number of [1, 2, 3]) writeInput(dataDir, number);
  spool.list();
  for (const waiting of spool.list()) spool.begin(waiting);
  const batches: number[] = [];
  const opened = new SpoolDrain({
    ...{ spool, log: aLog().log },
    eventOf: (begun) =>
      eventOfSpooled(begun, {
        projectOf: () => Promise.resolve('p'),
        lastAnswer: () => undefined,
        isExcluded: () => false,
        isSkippedTool: () => false,
      }),
    store: (files) => batches.push(files.length),
  });
  await opened.look();
  await opened.close();
  expect(batches).toEqual([1, 1, 1]);
  await open().close();
});

test('requests are answered while thousands of events are stored', async () => {
  const { dataDir, spool, stored, open } = drain();
  for (let number = 0; number < 2_000; number += 1) writeInput(dataDir, number);
  const opened = open();
  let turns = 0;
  const count = setInterval(() => (turns += 1), 1);
  await opened.look();
  clearInterval(count);
  expect([stored.length, spool.list().length]).toEqual([2_000, 0]);
  expect(turns).toBeGreaterThan(20);
});
