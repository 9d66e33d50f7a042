import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished, type TestContext } from 'vitest';
import { createTempDir } from '../helpers/temp-dir.ts';

const PAGE_BYTES = 4096;

/** A file system of a few megabytes that fills page by page: a real full disk. */
export interface SmallDisk {
  readonly path: string;
  /** Leaves this many pages free. */
  fill(freePages: number): void;
  /** Frees the space that `fill` used. */
  free(): void;
}

/** Mounts one until the end of the test; skips the test if that is not possible. */
export function mountSmallDisk(context: TestContext, size = '8m'): SmallDisk {
  const folder = createTempDir();
  const path = join(folder.path, 'disk');
  mkdirSync(path, { mode: 0o700 });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', path], {
    encoding: 'utf8',
  });
  if (mounted.status !== 0) {
    folder.remove();
    context.skip(`cannot mount a small file system: ${mounted.error?.message ?? mounted.stderr.trim()}`);
  }
  onTestFinished(() => {
    // Processes that still run there must not prevent the end of the test.
    spawnSync('umount', ['-l', path]);
    folder.remove();
  });
  const filling = join(path, 'filling');
  return {
    path,
    fill: (freePages) => {
      rmSync(filling, { force: true });
      const { bavail, bsize } = statfsSync(path);
      const pages = Math.floor((bavail * bsize) / PAGE_BYTES) - freePages;
      writeFileSync(filling, Buffer.alloc(Math.max(0, pages) * PAGE_BYTES));
    },
    free: () => {
      rmSync(filling, { force: true });
    },
  };
}
