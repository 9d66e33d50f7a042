import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

const SIZE = '6m';
const BLOCK = Buffer.alloc(4096, 'x');

/** The disk of a data dir: can be filled if it is a small one, and the data dir can be made read-only. */
export class Disk {
  readonly #folder: string;
  readonly #isSmall: boolean;
  #closed: string | undefined;

  constructor(folder: string, isSmall: boolean) {
    this.#folder = folder;
    this.#isSmall = isSmall;
    mkdirSync(folder, { recursive: true });
    if (isSmall) run('mount', '-t', 'tmpfs', '-o', `size=${SIZE},mode=755`, 'tmpfs', folder);
  }

  get isFull(): boolean {
    return existsSync(join(this.#folder, 'fill'));
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** Leaves this many kB free. */
  fill(leaveKb: number): void {
    if (!this.#isSmall) return;
    const file = openSync(join(this.#folder, 'fill'), 'a');
    try {
      for (;;) if (writeSync(file, BLOCK) < BLOCK.length) break;
    } catch {
      // ENOSPC is the goal.
    }
    const { size } = statSync(join(this.#folder, 'fill'));
    ftruncateSync(file, Math.max(0, size - leaveKb * 1024));
    closeSync(file);
  }

  free(): void {
    rmSync(join(this.#folder, 'fill'), { force: true });
  }

  /**
   * Root ignores modes, so for root the data dir is mounted over itself read-only; files that are open already stay
   * writable.
   */
  close(dataDir: string): void {
    if (this.isClosed) return;
    this.#closed = dataDir;
    if (process.getuid?.() !== 0) {
      chmodSync(dataDir, 0o500);
      return;
    }
    // Prepared in another place, because a file opened for writing before the flag is set makes the kernel refuse the
    // flag.
    const aside = join(this.#folder, '..', 'aside');
    mkdirSync(aside, { recursive: true });
    run('mount', '--bind', dataDir, aside);
    run('mount', '-o', 'remount,ro,bind', aside);
    run('mount', '--bind', aside, dataDir);
    run('umount', '-l', aside);
  }

  open(): void {
    if (this.#closed === undefined) return;
    if (process.getuid?.() === 0) run('umount', '-l', this.#closed);
    else chmodSync(this.#closed, 0o700);
    this.#closed = undefined;
  }

  /** Unmounts the small disk lazily, because an exiting process may still have a file on it open. */
  remove(): void {
    this.open();
    if (this.#isSmall) run('umount', '-l', this.#folder);
  }
}

/** Whether this user may mount. */
export function canMount(folder: string): boolean {
  mkdirSync(folder, { recursive: true });
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' }).status !== 0)
    return false;
  run('umount', folder);
  return true;
}

function run(file: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(file, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}
