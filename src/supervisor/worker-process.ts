import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, ftruncateSync } from 'node:fs';
import { dirname } from 'node:path';
import type { StoredIdentity } from '../core/tree/manifest.ts';
import type { IdentifyProcess } from '../operations/ports/tree.ts';
import type { SupervisorMessage } from '../operations/tree/tree-messages.ts';
import { assertOwnFolder, openOwnForWriting } from '../shared/own-file.ts';

const MAX_CRASH_LOG_BYTES = 1024 * 1024;

export interface WorkerSpawn {
  /** Path of the worker's entry script. */
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Receives what Node prints before the worker opens its log, such as a syntax error. */
  readonly crashLog: string;
}

export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/** One generation of the worker: the process and its IPC channel. */
export class WorkerProcess {
  readonly identity: StoredIdentity;
  readonly command: readonly string[];
  /** Resolves when it has ended or could not be spawned. Never rejects. */
  readonly ended: Promise<WorkerEnd>;
  readonly #child: ChildProcess;

  private constructor(
    child: ChildProcess,
    identity: StoredIdentity,
    command: readonly string[],
    ended: Promise<WorkerEnd>,
  ) {
    this.#child = child;
    this.identity = identity;
    this.command = command;
    this.ended = ended;
  }

  /**
   * Spawns the worker in its own session, so that Ctrl-C on a foreground supervisor reaches only the supervisor. Uses
   * no pipes to the supervisor, because a broken pipe would kill the worker after the supervisor's death.
   * @throws Error if it could not be spawned.
   */
  static spawn({ script, env, cwd, crashLog }: WorkerSpawn, identify: IdentifyProcess): WorkerProcess {
    const command = [process.execPath, script];
    const output = openCrashLog(crashLog);
    let child: ChildProcess;
    try {
      child = spawn(process.execPath, [script], {
        ...{ env, cwd, detached: true, windowsHide: true },
        stdio: ['ignore', output, output, 'ipc'],
      });
    } finally {
      closeSync(output);
    }
    const ended = new Promise<WorkerEnd>((resolve) => {
      child.once('exit', (code, signal) => {
        resolve({ code, signal });
      });
      child.once('error', () => {
        if (child.pid === undefined) resolve({ code: null, signal: null });
      });
    });
    if (child.pid === undefined) throw new Error(`could not spawn the worker: ${process.execPath} ${script}`);
    return new WorkerProcess(child, identityOf(child.pid, identify), command, ended);
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#child.on('message', listener);
  }

  /** Does nothing if the channel is closed: the worker is then ending already. */
  send(message: SupervisorMessage): void {
    if (!this.#child.connected) return;
    this.#child.send(message, () => {
      // The channel may close meanwhile; `ended` reports that.
    });
  }
}

/** Every generation appends; a large file is emptied first, because only the last crash matters. */
function openCrashLog(path: string): number {
  assertOwnFolder(dirname(path));
  const fd = openOwnForWriting(path, 'append');
  if (fstatSync(fd).size > MAX_CRASH_LOG_BYTES) ftruncateSync(fd);
  return fd;
}

/** The start time is always available: a child keeps its pid until it is waited for. */
function identityOf(pid: number, identify: IdentifyProcess): StoredIdentity {
  const row = identify(pid);
  return {
    pid,
    startedAt: row?.startedAt ?? new Date().toISOString(),
    ...(row?.startTicks === undefined ? {} : { startTicks: row.startTicks }),
  };
}
