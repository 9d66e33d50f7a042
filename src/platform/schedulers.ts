import { existsSync, statSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Scheduler, SchedulerFiles } from '../operations/ports/guard.ts';
import { createLaunchd } from './darwin/scheduler/launchd.ts';
import { createSystemd } from './linux/scheduler/systemd.ts';
import { createCron } from './posix/scheduler/cron.ts';
import { isCronDaemonRunning } from './posix/scheduler/cron-daemon.ts';
import { runTool, type RunTool } from './run-tool.ts';
import { createTaskScheduler } from './windows/scheduler/task-scheduler.ts';

export interface SchedulerSystem {
  readonly platform: NodeJS.Platform;
  readonly files: SchedulerFiles;
  /** For files that a scheduler reads once. */
  readonly guardFolder: string;
  readonly run?: RunTool;
}

/** The schedulers of a system, the preferred one first. Cron is the last one: it cannot lower the priority of a run. */
export function schedulersOf({ platform, files, guardFolder, run = runTool }: SchedulerSystem): readonly Scheduler[] {
  if (platform === 'win32') {
    return [createTaskScheduler({ run, files, definitionFile: join(guardFolder, 'task.xml') })];
  }
  const uid = process.getuid?.() ?? 0;
  const cron = createCron({
    run,
    userName: userName(),
    now: () => new Date(),
    // macOS starts its cron when there is a crontab.
    isDaemonRunning: () => (platform === 'darwin' ? undefined : isCronDaemonRunning()),
  });
  if (platform === 'darwin') {
    return [createLaunchd({ run, files, uid, agentFolder: join(homedir(), 'Library', 'LaunchAgents') }), cron];
  }
  if (platform !== 'linux') return [cron];
  return [createSystemd({ run, files, uid, unitFolder: unitFolder(), env: runtimeDirectory(uid) }), cron];
}

function unitFolder(): string {
  const config = process.env.XDG_CONFIG_HOME ?? '';
  return join(isAbsolute(config) ? config : join(homedir(), '.config'), 'systemd', 'user');
}

/** Missing after `su` and in cron, although the manager runs. */
function runtimeDirectory(uid: number): Readonly<Record<string, string>> {
  const path = `/run/user/${uid}`;
  if ((process.env.XDG_RUNTIME_DIR ?? '') !== '' || !existsSync(path) || statSync(path).uid !== uid) return {};
  return { XDG_RUNTIME_DIR: path };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as in containers.
    return `user id ${process.getuid?.() ?? '?'}`;
  }
}
