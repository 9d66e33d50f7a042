import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, watch, type BigIntStats } from 'node:fs';
import { join } from 'node:path';
import { LONGEST_INPUT_BYTES, parseInputName, parseUnfinishedName } from '../../core/hooks/hook-script.ts';
import type { BegunEvent, EventSpool, SpooledEvent } from '../../operations/ports/tree.ts';
import { ClaudeMemError, errnoOf } from '../../shared/errors.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { assertTrustedFolder, lookAtTrusted, type Trust, trustIn } from '../../shared/own-file.ts';
import { readTrustedText } from '../files/bounded-read.ts';
import { ioError } from '../files/io-error.ts';
import { FirstNumber } from './first-number.ts';
import { compareSpooled, parseSpooledName, type SpooledName, withAttempts } from './spooled-name.ts';

/** Events have bounded parts, so a larger file is not an event. All files together have at most 128 MB. */
const MAX_EVENT_BYTES = 64 * 1024;
const MAX_EVENTS = 2_000;
/** How many undeliverable events are kept for inspection, the newest first. */
const MAX_SET_ASIDE = 50;
/** An unfinished input that is older has no living writer: Claude Code ends its hooks much sooner. */
const UNFINISHED_AGE_MS = 10 * 60_000;
const SWEEP_EVERY_MS = 60_000;
/** Failures of this process, not of the file that it reads. */
const NOT_THE_FILE = ['EMFILE', 'ENFILE', 'ENOMEM'];

/** Hook events that wait for the worker, in the `spool` folder of a data dir. */
export class Spool implements EventSpool {
  readonly #folder: string;
  readonly #asideFolder: string;
  readonly #dataDir: string;
  readonly #first: FirstNumber;
  /** Above each number in the last listing. */
  #next = 0;
  #sweptAtMs = Number.NEGATIVE_INFINITY;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    this.#folder = join(dataDir, 'spool');
    this.#asideFolder = join(this.#folder, 'set-aside');
    this.#first = new FirstNumber(dataDir, this.#folder);
  }

  holdsSession(sessionId: string): boolean {
    const key = sessionKey(sessionId);
    return this.#names()
      .map(parseSpooledName)
      .some((spooled) => spooled?.form === 'event' && spooled.session === key);
  }

  /**
   * Returns once the event is durably on disk.
   * @throws ClaudeMemError `io`, also if the spool is full: earlier events are never dropped for a new one.
   */
  add(event: Parameters<EventSpool['add']>[0]): void {
    const text = JSON.stringify(event);
    if (Buffer.byteLength(text) > MAX_EVENT_BYTES) throw refused('the event is too large');
    const waiting = this.#names().filter((name) => parseSpooledName(name)?.form === 'event').length;
    if (waiting >= MAX_EVENTS) throw refused(`the spool ${this.#folder} is full (${MAX_EVENTS} events)`);
    this.#makeFolder(this.#folder);
    writeFileAtomic(join(this.#folder, nameOf(event)), text);
  }

  /** The oldest first; empty if no event was ever spooled. Also removes what killed hook scripts left behind. */
  list(): readonly SpooledEvent[] {
    const names = this.#steadyNames();
    const spooled = names.map(parseSpooledName).filter((name) => name !== undefined);
    const unfinished = names.map(parseUnfinishedName).filter((number) => number !== undefined);
    const inputs = spooled.filter(({ form }) => form === 'input').sort(compareSpooled);
    const events = spooled.filter(({ form }) => form === 'event').sort(compareSpooled);
    this.#next = 1 + [...inputs.map(numberOf), ...unfinished].reduce((most, number) => Math.max(most, number), -1);
    if (unfinished.length > 0) this.#sweep(unfinished);
    if (inputs.length === 0 || events.length === 0) return [...inputs, ...events];
    return mergeByTime(inputs, events, (name) => this.#writtenAtMs(name));
  }

  /**
   * Counts the attempt before the event is processed, so that an event that crashes the worker cannot do so forever.
   */
  begin(event: SpooledEvent): BegunEvent | undefined {
    if (event.form === 'input') this.#first.raise(this.#next);
    const begun = this.#rename(event, event.attempts + 1);
    if (begun === undefined) return undefined;
    if (begun.form === 'event') {
      return { event: begun, form: 'event', id: begun.order, content: parseJson(this.#read(begun, MAX_EVENT_BYTES)) };
    }
    const stats = this.#stats(begun.name);
    if (stats === undefined) return undefined;
    return {
      ...{ event: begun, form: 'input', id: `${begun.number}-${stats.mtimeNs}-${stats.ino}` },
      text: this.#read(begun, LONGEST_INPUT_BYTES),
      writtenAt: new Date(Math.min(Number(stats.mtimeMs), Date.now())),
    };
  }

  postpone(event: SpooledEvent): void {
    this.#rename(event, Math.max(0, event.attempts - 1));
  }

  remove({ name }: SpooledEvent): void {
    try {
      rmSync(join(this.#folder, name), { force: true });
    } catch (error) {
      throw ioError('remove', join(this.#folder, name), error);
    }
  }

  setAside(event: SpooledEvent): void {
    if (event.form === 'input') this.#first.raise(this.#next);
    if (event.form === 'input' && this.#isOwnFile(event)) {
      this.remove(event);
      return;
    }
    const { name } = event;
    this.#makeFolder(this.#asideFolder);
    this.#move(join(this.#folder, name), join(this.#asideFolder, name));
    const kept = readdirSync(this.#asideFolder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
    for (const old of kept.slice(0, -MAX_SET_ASIDE)) rmSync(join(this.#asideFolder, old), { force: true });
  }

  watch(onChange: () => void): () => void {
    try {
      this.#makeFolder(this.#folder);
      const watcher = watch(this.#folder, { persistent: false }, onChange);
      watcher.on('error', () => {
        watcher.close();
      });
      return () => {
        watcher.close();
      };
    } catch {
      // For example no inotify watches left. The caller also looks at intervals.
      return () => undefined;
    }
  }

  #names(): readonly string[] {
    try {
      assertTrustedFolder(this.#folder, this.#trust());
      return readdirSync(this.#folder);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw ioError('read', this.#folder, error);
    }
  }

  /**
   * The system may list a folder in parts, between which files change: a listing could contain the second input of a session without the
   * first. A listing is complete if the next one contains no further input with a lower number than its highest one.
   */
  #steadyNames(): readonly string[] {
    let names = this.#names();
    let inputs = inputNumbers(names);
    const highest = Math.max(...inputs);
    while (inputs.length > 0) {
      const again = this.#names();
      const then = inputNumbers(again).filter((number) => number <= highest);
      if (then.length <= inputs.length) return names;
      names = again.filter((name) => !((parseInputName(name)?.number ?? 0) > highest));
      inputs = then;
    }
    return names;
  }

  /** The number of an unfinished input stays claimed until the first number is above it. */
  #sweep(numbers: readonly number[]): void {
    const now = Date.now();
    if (now - this.#sweptAtMs < SWEEP_EVERY_MS) return;
    this.#sweptAtMs = now;
    const names = numbers.map((number) => `.${number}.new`);
    const old = names.filter((name) => now - Number(this.#stats(name)?.mtimeMs ?? now) > UNFINISHED_AGE_MS);
    if (old.length === 0) return;
    this.#first.raise(this.#next);
    for (const name of old) rmSync(join(this.#folder, name), { force: true });
  }

  #writtenAtMs(spooled: SpooledName): number {
    return spooled.form === 'event' ? spooled.writtenAtMs : Number(this.#stats(spooled.name)?.mtimeMs ?? 0);
  }

  #stats(name: string): BigIntStats | undefined {
    return lstatSync(join(this.#folder, name), { bigint: true, throwIfNoEntry: false });
  }

  #makeFolder(folder: string): void {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      assertTrustedFolder(folder, this.#trust());
    } catch (error) {
      throw ioError('create', folder, error);
    }
  }

  #trust(): Trust {
    return trustIn(this.#dataDir);
  }

  #isOwnFile({ name }: SpooledEvent): boolean {
    try {
      return lookAtTrusted(join(this.#folder, name), this.#trust()) !== undefined;
    } catch {
      // A link, a folder, a pipe, or another user's file.
      return false;
    }
  }

  /** Undefined if the file is not readable, or not a file of the owner. */
  #read(event: SpooledEvent, maxBytes: number): string | undefined {
    const path = join(this.#folder, event.name);
    try {
      return readTrustedText(path, maxBytes, this.#trust());
    } catch (error) {
      if (!NOT_THE_FILE.includes(errnoOf(error) ?? '')) return undefined;
      this.postpone(event);
      throw ioError('read', path, error);
    }
  }

  #rename(event: SpooledEvent, attempts: number): SpooledName | undefined {
    const spooled = parseSpooledName(event.name);
    if (spooled === undefined) return undefined;
    const name = withAttempts(spooled, attempts);
    if (!this.#move(join(this.#folder, event.name), join(this.#folder, name))) return undefined;
    return { ...spooled, name, attempts };
  }

  #move(from: string, to: string): boolean {
    try {
      renameSync(from, to);
      return true;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw ioError('move', from, error);
    }
  }
}

/** Keeps the order of each list. */
function mergeByTime(
  left: readonly SpooledName[],
  right: readonly SpooledName[],
  timeOf: (name: SpooledName) => number,
): readonly SpooledName[] {
  const merged: SpooledName[] = [];
  let next = 0;
  for (const name of left) {
    const time = timeOf(name);
    for (let other = right[next]; other !== undefined && timeOf(other) <= time; other = right[next]) {
      merged.push(other);
      next += 1;
    }
    merged.push(name);
  }
  return [...merged, ...right.slice(next)];
}

function inputNumbers(names: readonly string[]): readonly number[] {
  return names.map((name) => parseInputName(name)?.number).filter((number) => number !== undefined);
}

function numberOf(name: SpooledName): number {
  return name.form === 'input' ? name.number : -1;
}

/** Undefined for text that is not JSON: damaged by a failing disk, or written by another program. The caller sets it aside. */
function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

function nameOf({ sessionId, at }: { readonly sessionId: string; readonly at: string }): string {
  const time = String(Date.parse(at)).padStart(14, '0');
  const tick = String(process.hrtime.bigint()).padStart(20, '0');
  return `${time}-${tick}-${process.pid}.${sessionKey(sessionId)}.0.json`;
}

/** File names must not contain text from the host program. */
function sessionKey(sessionId: string): string {
  return createHash('sha256').update(sessionId).digest('hex').slice(0, 12);
}

function refused(message: string): ClaudeMemError {
  return new ClaudeMemError('io', message, {
    hint: 'It empties when the tree runs: claude-mem start.',
  });
}
