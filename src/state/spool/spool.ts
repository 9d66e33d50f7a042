import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EventSpool, SpooledEvent } from '../../operations/ports/tree.ts';
import { ClaudeMemError, errnoOf } from '../../shared/errors.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { assertTrustedFolder, type Trust, trustIn } from '../../shared/own-file.ts';
import { readTrustedText } from '../files/bounded-read.ts';
import { ioError } from '../files/io-error.ts';

/** Events have bounded parts, so a larger file is not an event. All files together have at most 128 MB. */
const MAX_EVENT_BYTES = 64 * 1024;
const MAX_EVENTS = 2_000;
/** How many undeliverable events are kept for inspection, the newest first. */
const MAX_SET_ASIDE = 50;

/** `<ms since 1970>-<ns of the monotonic clock>-<pid>.<session>.<attempts>.json`: sorts by time of the event. */
const NAME = /^(?<order>\d{14}-\d{20}-\d+)\.(?<session>[0-9a-f]{12})\.(?<attempts>\d+)\.json$/;

/** Hook events that wait for the worker, in the `spool` folder of a data dir. */
export class Spool implements EventSpool {
  readonly #folder: string;
  readonly #asideFolder: string;
  readonly #dataDir: string;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    this.#folder = join(dataDir, 'spool');
    this.#asideFolder = join(this.#folder, 'set-aside');
  }

  holdsSession(sessionId: string): boolean {
    const session = sessionKey(sessionId);
    return this.list().some(({ name }) => NAME.exec(name)?.groups?.session === session);
  }

  /**
   * Returns once the event is durably on disk.
   * @throws ClaudeMemError `io`, also if the spool is full: earlier events are never dropped for a new one.
   */
  add(event: Parameters<EventSpool['add']>[0]): void {
    const text = JSON.stringify(event);
    if (Buffer.byteLength(text) > MAX_EVENT_BYTES) throw refused('the event is too large');
    if (this.list().length >= MAX_EVENTS) throw refused(`the spool ${this.#folder} is full (${MAX_EVENTS} events)`);
    this.#makeFolder(this.#folder);
    writeFileAtomic(join(this.#folder, nameOf(event)), text);
  }

  /** The oldest first; empty if no event was ever spooled. */
  list(): readonly SpooledEvent[] {
    try {
      assertTrustedFolder(this.#folder, this.#trust());
      return readdirSync(this.#folder)
        .sort()
        .map((name) => ({ name, attempts: Number(NAME.exec(name)?.groups?.attempts) }))
        .filter(({ attempts }) => !Number.isNaN(attempts));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw ioError('read', this.#folder, error);
    }
  }

  /**
   * Counts the attempt before the event is processed, so that an event that crashes the worker cannot do so forever.
   */
  begin(event: SpooledEvent): ReturnType<EventSpool['begin']> {
    const begun = this.#rename(event, event.attempts + 1);
    if (begun === undefined) return undefined;
    return { event: begun, content: this.#read(begun) };
  }

  postpone(event: SpooledEvent): void {
    this.#rename(event, Math.max(0, event.attempts - 1));
  }

  remove({ name }: SpooledEvent): void {
    rmSync(join(this.#folder, name), { force: true });
  }

  setAside({ name }: SpooledEvent): void {
    this.#makeFolder(this.#asideFolder);
    this.#move(join(this.#folder, name), join(this.#asideFolder, name));
    const kept = readdirSync(this.#asideFolder).sort();
    for (const old of kept.slice(0, -MAX_SET_ASIDE)) rmSync(join(this.#asideFolder, old), { force: true });
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

  /** Undefined if the file is not a readable event. */
  #read({ name }: SpooledEvent): unknown {
    try {
      return JSON.parse(readTrustedText(join(this.#folder, name), MAX_EVENT_BYTES, this.#trust()));
    } catch {
      // Damaged by a failing disk, or written by another program. The caller that validates events sets it aside.
      return undefined;
    }
  }

  #rename({ name }: SpooledEvent, attempts: number): SpooledEvent | undefined {
    const renamed = name.replace(/\.\d+\.json$/, `.${attempts}.json`);
    if (!this.#move(join(this.#folder, name), join(this.#folder, renamed))) return undefined;
    return { name: renamed, attempts };
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
