import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { markedEnvironment, marksFor } from '../core/tree/marks.ts';
import type { HeldSupervisor } from '../operations/tree/start-tree.ts';
import type { StartEnvironment } from '../cli/context.ts';
import { withTimeout } from '../shared/with-timeout.ts';

/** What the options of a start say, as the settings that they override. */
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
 * In the background it gets a session of its own, because the terminal it was started from may close. In the foreground it stays in the
 * terminal, and a channel tells it when this command is killed: it ends the tree then.
 *
 * @param output descriptor of the file that takes what it prints before its own log is open; closed here.
 */
export function spawnSupervisor(dataDir: string, output: number, options: StartEnvironment): OwnSupervisor {
  const { foreground, watch } = options;
  const treeId = randomUUID();
  try {
    const script = join(__dirname, 'supervisor.js');
    const flags = ['--held', ...(watch ? ['--watch'] : []), ...(foreground ? ['--foreground'] : [])];
    const child = spawn(process.execPath, [script, ...flags], {
      env: {
        ...markedEnvironment(process.env, marksFor({ treeId, role: 'supervisor', dataDir })),
        ...overrides(options),
      },
      // A watched folder is the one it was started in; else it must hold no mount that somebody wants to unmount.
      cwd: watch ? process.cwd() : workFolder(),
      detached: !foreground,
      stdio: foreground ? ['pipe', 'ignore', 'inherit', 'ipc'] : ['pipe', output, output],
    });
    if (foreground) passSignalsOn(child);
    else child.unref();
    const { ended, hasExited } = whatBecomesOf(child);
    return { pid: child.pid ?? -1, treeId, ended, hasExited, ...holdBack(child, ended) };
  } finally {
    closeSync(output);
  }
}

/** One that is frozen goes as soon as it is thawed. In milliseconds. */
const GONE_WITHIN_MS = 2_000;

/** It waits for a byte on its stdin, and goes when that closes: also when this command is killed. */
function holdBack({ stdin }: ChildProcess, ended: Promise<unknown>): Pick<OwnSupervisor, 'release' | 'dismiss'> {
  // It may have ended before it was released; that is seen by its exit.
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

function whatBecomesOf(child: ChildProcess): Pick<OwnSupervisor, 'hasExited' | 'ended'> {
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

/** Ctrl-C reaches both: the supervisor ends the tree, and this command waits for it. These reach this command alone. */
function passSignalsOn(child: ChildProcess): void {
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (child.connected) child.disconnect();
    });
  }
}

function workFolder(): string {
  return existsSync(homedir()) ? homedir() : '/';
}
