import type { GuardStore, Scheduler } from '../ports/guard.ts';

export interface RemovePorts {
  readonly schedulers: readonly Scheduler[];
  readonly store: GuardStore;
  readonly underLock: <T>(action: () => Promise<T>) => Promise<T>;
}

export interface Removal {
  /** A sentence for each change; empty if no guard was installed. */
  readonly changes: readonly string[];
  /** The same for `--dry-run`: the schedulers that have the entry. */
  readonly found: readonly string[];
}

/**
 * Removes the entry from each scheduler that has it, then the files in the data dir. The log stays.
 * @throws ClaudeMemError `io`, `lock-held`.
 */
export async function removeGuard(
  { schedulers, store, underLock }: RemovePorts,
  { name, dryRun }: { readonly name: string; readonly dryRun: boolean },
): Promise<Removal> {
  const record = store.readRecord();
  const everySeconds = record?.everySeconds ?? 0;
  const having: Scheduler[] = [];
  for (const scheduler of schedulers) {
    const { state } = await scheduler.find({ name, everySeconds });
    if (state === 'scheduled' || state === 'stopped') having.push(scheduler);
    // The record names it, so a scheduler that does not answer must fail loudly.
    else if (state === 'unknown' && record?.scheduler === scheduler.kind) having.push(scheduler);
  }
  const found = having.map(({ kind }) => kind);
  if (dryRun) return { changes: [], found };
  if (having.length === 0 && record === undefined && !store.hasScript()) return { changes: [], found };
  return underLock(async () => {
    const changes: string[] = [];
    for (const scheduler of having) changes.push(...(await scheduler.remove(name)));
    changes.push(...store.removeAll().map((path) => `Removed ${path}`));
    return { changes, found };
  });
}
