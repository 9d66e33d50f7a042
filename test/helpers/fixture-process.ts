import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { identify, isAlive, signalIfSame, type Identity } from '../../scripts/leak/identity.mjs';
import { eventually } from './eventually.ts';
import { createTempDir } from './temp-dir.ts';

const PROGRAM = fileURLToPath(new URL('../fixtures/process.mjs', import.meta.url));

export interface FixtureProcessOptions {
  /** Length of the chain of descendants (default: 0). */
  readonly depth?: number;
  /** Reaction of the whole chain to SIGTERM (default: `exit`). `slow` exits after `slowMs`. */
  readonly onSigterm?: 'exit' | 'ignore' | 'slow';
  readonly slowMs?: number;
  /** True if each process of the chain is a session leader. */
  readonly detached?: boolean;
  /** Lifetime of each process in seconds (default: 120). */
  readonly watchdogSeconds?: number;
  /** Additional environment variables, for example marks. */
  readonly env?: Readonly<Record<string, string>>;
  /** File name of the script, such as `worker.js`. */
  readonly scriptName?: string;
}

export interface FixtureProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  /** The pids of the chain, top down. */
  readonly chain: readonly Identity[];
  readonly stateDir: string;
  /** True if this process of the chain (default: the first) has received SIGTERM. */
  readonly hasReceivedSigterm: (pid?: number) => boolean;
  /** Ends the whole chain. Runs automatically at the end of the test. */
  readonly end: () => Promise<void>;
}

/** Starts a Node process with a chain of descendants, and waits until all are ready. */
export async function startFixtureProcess(options: FixtureProcessOptions = {}): Promise<FixtureProcess> {
  const { env, scriptName, ...task } = options;
  const state = createTempDir();
  const script = scriptName === undefined ? PROGRAM : join(state.path, scriptName);
  if (script !== PROGRAM) symlinkSync(PROGRAM, script);
  const child = spawn(process.execPath, [script, JSON.stringify({ ...task, stateDir: state.path })], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: options.detached ?? false,
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${process.execPath} cannot be started`);
  let chain: readonly Identity[] = [];
  const end = async () => {
    for (const identity of chain) signalIfSame(identity, 'SIGKILL');
    child.kill('SIGKILL');
    await eventually(`the chain of pid ${pid} has ended`, () => !chain.some(isAlive));
    state.remove();
  };
  onTestFinished(end);
  const file = join(state.path, `${pid}.ready`);
  const ready = await eventually(`pid ${pid} is ready`, () => existsSync(file) && readFileSync(file, 'utf8'));
  const { chain: pids } = JSON.parse(ready) as { chain: readonly number[] };
  chain = pids.map((member) => identify(member)).filter((identity) => identity !== undefined);
  return {
    pid,
    child,
    chain,
    stateDir: state.path,
    hasReceivedSigterm: (member = pid) => existsSync(join(state.path, `${member}.sigterm`)),
    end,
  };
}
