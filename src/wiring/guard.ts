import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { homedir, uptime, userInfo } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import type { Context } from '../cli/context.ts';
import type { GuardContext, Launcher } from '../cli/commands/guard/context.ts';
import { guardName } from '../core/guard/entry.ts';
import { PACKAGE_NAME } from '../core/guard/guard-script.ts';
import { isShortLived, isVersioned, searchPatterns } from '../core/guard/search-path.ts';
import { guardStatus, type GuardStatus } from '../operations/guard/guard-status.ts';
import { loadPlatform } from '../platform/index.ts';
import { schedulersOf } from '../platform/schedulers.ts';
import { RotatingFile } from '../shared/rotating-file.ts';
import { readBoundedText } from '../state/files/bounded-read.ts';
import { ensureDataDir } from '../state/files/data-dir.ts';
import { openGuardStore } from '../state/guard/guard-files.ts';
import { schedulerFiles } from '../state/guard/scheduler-files.ts';

/** At most 4 MB: a line per ended process. */
const LOG_ROTATION = { maxBytes: 1024 * 1024, keep: 3 } as const;

/** The adapters of `guard`. */
export function createGuardContext(context: Context, program: string): GuardContext {
  const { dataDir } = context;
  const { store, schedulers } = guardParts(dataDir);
  return {
    store,
    schedulers,
    name: nameOf(dataDir),
    platform: process.platform,
    bootedAt: () => bootTime(),
    prepareDataDir: async () => {
      ensureDataDir(dataDir, (await loadPlatform()).accessLists);
      await context.assertMayAct();
    },
    log: ({ level, message }) => {
      const file = new RotatingFile(store.log, LOG_ROTATION);
      const line = { level, time: new Date().toISOString(), role: 'guard', pid: process.pid, msg: message };
      file.write(`${JSON.stringify(line)}\n`);
      file.close();
    },
    findLauncher: () => findLauncher(program),
    searchFolders: () =>
      searchPatterns([...pathFolders(), dirname(process.execPath)].filter((path) => isAbsolute(path))),
  };
}

/** The state of the guard, for `doctor`. */
export function readGuardStatus(dataDir: string): Promise<GuardStatus> {
  const { store, schedulers } = guardParts(dataDir);
  const ports = { store, schedulers, now: new Date(), bootedAt: bootTime() };
  return guardStatus(ports, { name: nameOf(dataDir), searches: false });
}

function guardParts(dataDir: string) {
  const { platform } = process;
  const guardFolder = join(dataDir, 'guard');
  return {
    store: openGuardStore(dataDir, platform),
    schedulers: schedulersOf({ platform, files: schedulerFiles, guardFolder }),
  };
}

/** A crontab has one guard per data dir. Named by the home of the user database: HOME may differ from call to call. */
function nameOf(dataDir: string): string {
  const isDefault = dataDir === join(homeOfUser(), '.claude-mem');
  return guardName(isDefault ? undefined : createHash('sha256').update(dataDir).digest('hex').slice(0, HASH_LENGTH));
}

/** Hexadecimal digits: enough for the few data dirs of a user. */
const HASH_LENGTH = 8;

function homeOfUser(): string {
  try {
    return realpathSync(userInfo().homedir);
  } catch {
    // A user id without a passwd entry, or without a home.
    return homedir();
  }
}

function bootTime(): Date {
  return new Date(Date.now() - uptime() * 1000);
}

function pathFolders(): readonly string[] {
  return (process.env.PATH ?? '').split(delimiter);
}

/**
 * The path by which a user calls this program: the command on the PATH, not resolved, because an upgrade moves its target. Else the program
 * file, as in a checkout.
 */
function findLauncher(program: string): Launcher {
  const names = ['claude-mem', 'claude-mem-cli'].map((name) => (process.platform === 'win32' ? `${name}.cmd` : name));
  const commands = pathFolders()
    .filter((folder) => isAbsolute(folder))
    .flatMap((folder) => names.map((name) => join(folder, name)));
  const isPackaged = program.includes(join('node_modules', PACKAGE_NAME));
  // pnpm and Windows have a small script in place of a link.
  const command =
    commands.find((file) => isLinkTo(file, program)) ?? (isPackaged ? commands.find(isScriptOfPackage) : undefined);
  const path = command ?? program;
  if (isShortLived(path) || isShortLived(program)) return { kind: 'npx', path };
  if (command === undefined && !isPackaged) return { kind: 'checkout', path };
  return { kind: isVersioned(path) ? 'versioned' : 'installed', path };
}

function isLinkTo(file: string, program: string): boolean {
  try {
    return realpathSync(file) === realpathSync(program);
  } catch {
    return false;
  }
}

function isScriptOfPackage(file: string): boolean {
  try {
    return readBoundedText(file, LONGEST_SCRIPT_BYTES).includes(PACKAGE_NAME);
  } catch {
    return false;
  }
}

/** A program file of another package is longer. */
const LONGEST_SCRIPT_BYTES = 8 * 1024;
