import { closeSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { assertOwnFolder, openOwnForWriting, openTrusted, trustIn } from '../../shared/own-file.ts';

/** Every slot is one line of this many bytes, so that a torn slot does not damage others. */
const SLOT_BYTES = 512;
/** Eight hex digits and a space before the text. */
const CHECKSUM_BYTES = 9;
const TEXT_BYTES = SLOT_BYTES - CHECKSUM_BYTES - 1;
const SLOTS_PER_READ = 128;

/**
 * A file with a fixed number of slots, written cyclically, each with a checksum. It needs no rotation, rename, or sync:
 * a crash of this process loses nothing, a power cut loses the last seconds, and a torn slot affects only itself.
 */
export class SampleRing {
  readonly #path: string;
  readonly #slots: number;

  constructor(path: string, slots: number) {
    this.#path = path;
    this.#slots = slots;
  }

  /** Opens the file for each write, so that a removed or replaced folder is noticed. */
  write(sequence: number, text: string): void {
    const bytes = slotOf(text);
    assertOwnFolder(dirname(this.#path));
    const fd = openOwnForWriting(this.#path, 'in-place');
    try {
      writeSync(fd, bytes, 0, SLOT_BYTES, (sequence % this.#slots) * SLOT_BYTES);
    } finally {
      closeSync(fd);
    }
  }

  /**
   * Calls back with the text and number of each valid slot.
   * @returns the number of damaged slots; slots never written do not count.
   * @throws the Node.js system error; ENOENT if the file does not exist yet.
   */
  read(onText: (text: string, slot: number) => void): number {
    const fd = openTrusted(this.#path, trustIn(dirname(dirname(this.#path))));
    try {
      return readSlots(fd, this.#slots, onText);
    } finally {
      closeSync(fd);
    }
  }
}

function readSlots(fd: number, slots: number, onText: (text: string, slot: number) => void): number {
  const chunk = Buffer.alloc(SLOT_BYTES * SLOTS_PER_READ);
  let damaged = 0;
  for (let slot = 0; slot < slots; slot += SLOTS_PER_READ) {
    const length = readSync(fd, chunk, 0, chunk.length, slot * SLOT_BYTES);
    for (let start = 0; start < length; start += SLOT_BYTES) {
      const bytes = chunk.subarray(start, Math.min(start + SLOT_BYTES, length));
      const text = textOf(bytes);
      if (text === undefined) damaged += isBlank(bytes) ? 0 : 1;
      else onText(text, slot + start / SLOT_BYTES);
    }
    if (length < chunk.length) break;
  }
  return damaged;
}

function slotOf(text: string): Buffer {
  const body = Buffer.alloc(TEXT_BYTES + 1, ' ');
  if (Buffer.byteLength(text) > TEXT_BYTES) throw new RangeError(`a sample is longer than ${TEXT_BYTES} bytes`);
  body.write(text);
  body.write('\n', TEXT_BYTES);
  return Buffer.concat([Buffer.from(`${checksum(body)} `), body]);
}

function textOf(slot: Buffer): string | undefined {
  if (slot.length < SLOT_BYTES) return undefined;
  const body = slot.subarray(CHECKSUM_BYTES);
  if (slot.toString('latin1', 0, CHECKSUM_BYTES) !== `${checksum(body)} `) return undefined;
  return body.toString('utf8').trimEnd();
}

function checksum(body: Buffer): string {
  return crc32(body).toString(16).padStart(8, '0');
}

/** Zero bytes: this slot was skipped or not reached yet. */
function isBlank(slot: Buffer): boolean {
  return slot.every((byte) => byte === 0);
}
