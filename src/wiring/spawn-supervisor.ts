import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { markedEnvironment, marksFor } from '../core/tree/marks.ts';
import type { HeldSupervisor } from '../operations/tree/start-ports.ts';
import type { StartEnvironment } from '../cli/context.ts';
import { withTimeout } from '../shared/with-timeout.ts';

/** Converts the options of `start` to the settings that they override. */
export function overrides({ port, chroma }: StartEnvironment): Readonly<Record<string, string>> {
  return {
    ...(port === undefined ? {} : { CLAUDE_MEM_WORKER_PORT: String(port) }),
    ...(chroma ? {} : { CLAUDE_MEM_CHROMA_ENABLED: 'false' }),
  };
}

export interface OwnSupervisor extends HeldSupervisor {
  readonly ended: Promise<number | null>;
}

/**
 * Spawns a supervisor. In the background it becomes a session leader, because its terminal may close. In the foreground it stays in the
 * terminal and has an IPC channel: if this command is killed, the channel closes and the supervisor ends the tree.
 *
 * @param output descriptor for the output before the supervisor opens its log; closed by this function.
 */
export function spawnSupervisor(dataDir: string, output: number, options: StartEnvironment): OwnSupervisor {
  const { foreground, watch } = options;
  const treeId = randomUUID();
  try {
    const script = join(__dirname, 'supervisor.js');
    const flags = ['--held', ...(watch ? ['--watch'] : []), ...(foreground ? ['--foreground'] : [])];
    const child = spawn(process.execPath, [script, ...flags], {
      env: {
        ...markedEnvironment(environmentOfTree(process.env), marksFor({ treeId, role: 'supervisor', dataDir })),
        ...overrides(options),
      },
      // With --watch, the current folder is watched. Otherwise a working directory below a mount point would block its unmount.
      cwd: watch ? process.cwd() : workFolder(),
      detached: !foreground,
      windowsHide: !foreground,
      stdio: foreground ? ['pipe', 'ignore', 'inherit', 'ipc'] : ['pipe', output, output],
    });
    if (foreground) passSignalsOn(child);
    else child.unref();
    const { ended, hasExited } = watchExit(child);
    return { pid: child.pid ?? -1, treeId, ended, hasExited, ...gateStart(child, ended) };
  } finally {
    closeSync(output);
  }
}

/**
 * Without the certificates for Node.js: reading them makes each start of Node.js 20 three times longer, and no Node.js program of a tree uses
 * TLS. uv and Python have variables of their own.
 */
function environmentOfTree(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, NODE_EXTRA_CA_CERTS: undefined };
}

/** Time limit for a dismissed supervisor to exit. A frozen one exits once it is thawed. In milliseconds. */
const GONE_WITHIN_MS = 2_000;

/** The supervisor waits for a byte on stdin and exits if stdin closes, also if this command is killed. */
function gateStart({ stdin }: ChildProcess, ended: Promise<unknown>): Pick<OwnSupervisor, 'release' | 'dismiss'> {
  // It may exit before its release, which `ended` reports.
  stdin?.on('error', () => undefined);
  let isReleased = false;
  return {
    release: () => {
      isReleased = true;
      stdin?.end('\n');
    },
    dismiss: async () => {
      if (isReleased) return;
      stdin?.destroy();
      await withTimeout(GONE_WITHIN_MS, ended);
    },
  };
}

function watchExit(child: ChildProcess): Pick<OwnSupervisor, 'hasExited' | 'ended'> {
  return {
    hasExited: () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null,
    ended: new Promise((resolve) => {
      child.once('exit', resolve);
      child.once('error', () => {
        if (child.pid === undefined) resolve(1);
      });
    }),
  };
}

/** The terminal sends SIGINT to both processes, but the others may reach only this command. Closing the channel stops the supervisor. */
function passSignalsOn(child: ChildProcess): void {
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGBREAK'] as const) {
    process.on(signal, () => {
      if (child.connected) child.disconnect();
    });
  }
}

function workFolder(): string {
  return existsSync(homedir()) ? homedir() : '/';
}
