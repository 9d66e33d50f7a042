import { closeSync, constants, openSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FIRST_NUMBER_FILE } from '../../core/hooks/hook-script.ts';
import { ioError } from '../files/io-error.ts';
import { trustIn } from '../../shared/own-file.ts';
import { readTrustedText } from '../files/bounded-read.ts';

/** The lowest number that hook scripts may use. Only one process raises it: the worker that stores events. */
export class FirstNumber {
  readonly #dataDir: string;
  readonly #path: string;
  #value: number | undefined;

  constructor(dataDir: string, folder: string) {
    this.#dataDir = dataDir;
    this.#path = join(folder, FIRST_NUMBER_FILE);
  }

  get value(): number {
    return (this.#value ??= this.#read());
  }

  /**
   * Call it before an input with a lower number is renamed or removed.
   * @throws ClaudeMemError `io`.
   */
  raise(number: number): void {
    if (number <= this.value) return;
    replace(this.#path, `${number}\n`);
    this.#value = number;
  }

  /** Zero without a readable file, as in the script. */
  #read(): number {
    try {
      const text = readTrustedText(this.#path, 64, trustIn(this.#dataDir)).trim();
      return /^(?:0|[1-9]\d{0,14})$/.test(text) ? Number(text) : 0;
    } catch {
      // Missing, or not a file of the worker.
      return 0;
    }
  }
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/**
 * Atomic for other processes, but not durable: after a power cut an older number is harmless, and waiting for the disk would delay every
 * event. `writeFileAtomic` removes the temporary file of a killed worker by its name.
 */
function replace(path: string, text: string): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-0.claude-mem-tmp`);
  try {
    const fd = openSync(temporary, NEW_FILE, 0o600);
    try {
      writeFileSync(fd, text);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    throw ioError('write', path, error);
  }
}
