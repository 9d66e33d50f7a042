import type { GuardStatus } from '../../../operations/guard/guard-status.ts';
import type { Installation } from '../../../operations/guard/install-guard.ts';
import type { GuardRun } from '../../../operations/guard/records.ts';
import type { Removal } from '../../../operations/guard/remove-guard.ts';
import type { Launcher } from './context.ts';

export interface InstallationReport {
  readonly installation: Installation;
  readonly everySeconds: number;
  readonly launcher: Launcher;
  readonly dryRun: boolean;
}

export interface RemovalReport {
  readonly removal: Removal;
  readonly dryRun: boolean;
  /** Null if there is none. */
  readonly log: string | null;
}

const COMMON = { schemaVersion: 1, command: 'guard' } as const;

/** `guard install --json`. Field names are API: add, never rename. */
export function reportInstallation({ installation, everySeconds, launcher, dryRun }: InstallationReport) {
  const { scheduler, files, removed, remark } = installation;
  return { ...COMMON, action: 'install', dryRun, scheduler, everySeconds, launcher, files, removed, remark } as const;
}

/** `guard status --json`. */
export function reportStatus(status: GuardStatus) {
  return { ...COMMON, action: 'status', ...status } as const;
}

/** `guard remove --json`. With `--dry-run`, `found` names the schedulers that have the entry. */
export function reportRemoval({ removal, dryRun, log }: RemovalReport) {
  return { ...COMMON, action: 'remove', dryRun, ...removal, log } as const;
}

/** `guard run --json`. */
export function reportRun(run: GuardRun) {
  return { ...COMMON, action: 'run', ...run } as const;
}
