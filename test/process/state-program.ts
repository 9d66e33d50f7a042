// The program for the state tests: writes manifests until it is killed, takes locks on request, or reads as another
// user.
import { createRecords } from '../../src/state/trees/records.ts';
import { resolveDataDir } from '../../src/state/files/data-dir.ts';
import { acquireLock, type HeldLock, isLockFree } from '../../src/state/locks/lock.ts';
import { openTreeStore } from '../../src/state/trees/trees.ts';
import { anEntry, TREE } from '../state/manifests.ts';

/** How long this program outlives the test that started it, in milliseconds. */
const WATCHDOG_MS = 90_000;

export type LockCommand = { readonly take: string; readonly waitMs: number } | { readonly release: true };
export type LockAnswer =
  { readonly taken: true } | { readonly released: true } | { readonly refused: string; readonly message: string };

/** Prints how many entries are safely on disk, one line per write. */
async function writeUntilKilled(dataDir: string): Promise<never> {
  const store = openTreeStore(dataDir);
  for (let count = store.update(TREE, (manifest) => manifest).entries.length; ; count += 1) {
    store.register(TREE, anEntry(count + 1000, { command: ['node', 'x'.repeat(5_000)] }));
    process.stdout.write(`${count + 1}\n`);
    // Lets the line out, because a burst of writes would only slow the test down.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function serveLocks(): void {
  let held: HeldLock | undefined;
  process.on('disconnect', () => process.exit());
  process.on('message', (command: LockCommand) => {
    const answer = (message: LockAnswer) => process.send?.(message);
    if ('release' in command) {
      held?.release();
      answer({ released: true });
      return;
    }
    const holder = { pid: process.pid, command: 'claude-mem start' };
    acquireLock(command.take, { waitMs: command.waitMs, holder }).then(
      (lock) => {
        held = lock;
        answer({ taken: true });
      },
      (error: unknown) => answer({ refused: (error as { code: string }).code, message: (error as Error).message }),
    );
  });
}

/** The view of this user on a data dir, as JSON on stdout. */
async function look(dataDir: string): Promise<void> {
  const tried = async (read: () => unknown): Promise<unknown> => {
    try {
      return await read();
    } catch (error) {
      const { code, message, hint } = error as Record<string, unknown>;
      return { code, message, hint };
    }
  };
  const records = createRecords(dataDir);
  const store = openTreeStore(dataDir);
  const seen = {
    dataDir: await tried(() => resolveDataDir({ flag: dataDir, env: {} })),
    manifests: await tried(() => records.readManifests()),
    registries: await tried(() => records.readOtherRegistries()),
    update: await tried(() => store.register(TREE, anEntry(7))),
    isLockFree:
      process.env.STATE_LOCK === undefined ? null : await tried(() => isLockFree(process.env.STATE_LOCK ?? '')),
  };
  process.stdout.write(JSON.stringify(seen));
}

setTimeout(() => process.exit(99), WATCHDOG_MS).unref();
const [mode, dataDir = ''] = process.argv.slice(2);
if (mode === 'write') await writeUntilKilled(dataDir);
else if (mode === 'locks') serveLocks();
else await look(dataDir);
