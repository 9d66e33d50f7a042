import { join } from 'node:path';
import { FIRST_NUMBER_FILE } from '../../core/hooks/hook-script.ts';
import { trustIn } from '../../shared/own-file.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
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
    writeFileAtomic(this.#path, `${number}\n`);
    this.#value = number;
  }

  /** Zero without a readable file, as in the script. */
  #read(): number {
    try {
      const text = readTrustedText(this.#path, 64, trustIn(this.#dataDir)).trim();
      return /^\d{1,15}$/.test(text) ? Number(text) : 0;
    } catch {
      // Missing, or not a file of the worker.
      return 0;
    }
  }
}
