import type { GuardEntry, IncludedLeak, SchedulerKind } from '../../core/guard/entry.ts';
import { renderGuardCmd } from '../../core/guard/guard-cmd.ts';
import { renderGuardScript, type GuardScript } from '../../core/guard/guard-script.ts';
import type { GuardFile, GuardStore, Scheduler } from '../ports/guard.ts';
import { chooseScheduler } from './choose-scheduler.ts';

export interface InstallPorts {
  /** The schedulers of this system, the preferred one first. */
  readonly schedulers: readonly Scheduler[];
  readonly store: GuardStore;
  readonly platform: NodeJS.Platform;
  readonly date: () => Date;
  /** Creates the data dir if it is missing. */
  readonly prepareDataDir: () => Promise<void>;
  readonly underLock: <T>(action: () => Promise<T>) => Promise<T>;
}

export interface InstallRequest {
  readonly name: string;
  readonly everySeconds: number;
  readonly scheduler: SchedulerKind | undefined;
  readonly script: GuardScript;
  readonly include: readonly IncludedLeak[];
  readonly dryRun: boolean;
  /** The command for a scheduler that claude-mem does not know. */
  readonly byHand: string;
}

export interface Installation {
  readonly scheduler: SchedulerKind;
  readonly files: readonly GuardFile[];
  /** Guards of the same data dir that another scheduler ran before. */
  readonly removed: readonly string[];
  readonly remark: string | null;
}

/**
 * Writes the script, then the entry of the scheduler, then the record. A failure leaves no entry without a script.
 * @throws ClaudeMemError `usage`, `io`, `lock-held`, `not-owner`, `data-dir`.
 */
export async function installGuard(ports: InstallPorts, request: InstallRequest): Promise<Installation> {
  const { store, schedulers } = ports;
  const entry: GuardEntry = { name: request.name, script: store.script, everySeconds: request.everySeconds };
  const scheduler = await chooseScheduler(schedulers, entry, { forced: request.scheduler, byHand: request.byHand });
  const text = ports.platform === 'win32' ? renderGuardCmd(request.script) : renderGuardScript(request.script);
  const files = [{ path: store.script, content: text }, ...scheduler.preview(entry)];
  if (request.dryRun) return { scheduler: scheduler.kind, files, removed: [], remark: null };
  await ports.prepareDataDir();
  return ports.underLock(async () => {
    await write(ports, { entry, scheduler, text });
    store.writeRecord({
      schemaVersion: 1,
      ...{ scheduler: scheduler.kind, name: entry.name, everySeconds: entry.everySeconds },
      include: request.include,
      installedAt: ports.date().toISOString(),
      launcher: request.script.launcher ?? null,
    });
    const removed = await removeElsewhere(schedulers, scheduler, entry);
    const { remark } = await scheduler.find(entry);
    return { scheduler: scheduler.kind, files, removed, remark };
  });
}

interface Writing {
  readonly entry: GuardEntry;
  readonly scheduler: Scheduler;
  readonly text: string;
}

async function write({ store }: InstallPorts, { entry, scheduler, text }: Writing): Promise<void> {
  const isNew = store.readRecord() === undefined;
  try {
    store.writeScript(text);
    await scheduler.install(entry);
  } catch (error) {
    if (isNew) store.removeAll();
    throw error;
  }
}

/** One guard per data dir: two schedulers would run it twice. */
async function removeElsewhere(
  schedulers: readonly Scheduler[],
  chosen: Scheduler,
  entry: GuardEntry,
): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const scheduler of schedulers) {
    if (scheduler === chosen) continue;
    const { state } = await scheduler.find(entry);
    if (state === 'scheduled' || state === 'stopped') removed.push(...(await scheduler.remove(entry.name)));
  }
  return removed;
}
