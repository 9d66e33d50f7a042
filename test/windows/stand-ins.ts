import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ProcessIndex } from '../../src/core/process/process-index.ts';
import type { ProcessRow, ProcessSnapshot } from '../../src/core/process/snapshot.ts';
import { loadPlatform } from '../../src/platform/index.ts';
import { eventually } from '../helpers/eventually.ts';

/** A program that starts the command lines in UV_STAND_IN_NEXT one below the other, and waits. See `test/fixtures/stand-in.c`. */
const STAND_IN = process.env.CLAUDE_MEM_TEST_PYTHON ?? '';

/** A folder of programs with the names of the real ones. */
export class StandIns {
  readonly folder: string;
  readonly #started: ChildProcess[] = [];
  readonly #below: ProcessRow[] = [];

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    for (const name of ['bun', 'uvx', 'uv', 'chroma-mcp', 'python', 'claude-desktop'])
      copyFileSync(STAND_IN, this.path(name));
  }

  path(name: string): string {
    return join(this.folder, `${name}.exe`);
  }

  /** Starts a program, and below it the command lines, each a child of the one before. */
  start(name: string, below: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const { SystemRoot = '', PATH = '' } = process.env;
    const child = spawn(this.path(name), ['worker-service.cjs', '--daemon'], {
      stdio: 'ignore',
      env: { SystemRoot, PATH, ...env, UV_STAND_IN_NEXT: below.join('\n') },
    });
    this.#started.push(child);
    return child;
  }

  /** The command lines of the chain that leaks on Windows, each as it was reported. */
  chain(dataDir: string, { throughCmd = false } = {}): readonly string[] {
    const options = `--client-type persistent --data-dir "${dataDir}"`;
    const uvx = `--python 3.13 --with "onnxruntime>=1.20" --with "protobuf<7" --from chroma-mcp==0.2.6 chroma-mcp ${options}`;
    const python = `"${this.path('python')}" "${this.path('chroma-mcp')}" ${options}`;
    return [
      throughCmd ? `cmd.exe /d /s /c ""${this.path('uvx')}" ${uvx}"` : `"${this.path('uvx')}" ${uvx}`,
      `"${this.path('uv')}" tool uvx ${uvx}`,
      `"${this.path('chroma-mcp')}" ${options}`,
      python,
      python,
    ];
  }

  /** The processes below a started program, once there are that many. */
  async below(pid: number | undefined, count: number): Promise<readonly ProcessRow[]> {
    const rows = await eventually(
      `${count} processes below ${pid}`,
      async () => {
        // A pid that Windows uses again may be the parent of older processes.
        const found = pid === undefined ? [] : new ProcessIndex(await readTable()).descendantsOf(pid);
        return found.length === count && found;
      },
      { withinMs: 60_000 },
    );
    this.#below.push(...rows);
    return rows;
  }

  /** Ends everything that was started, by identity. */
  async endAll(): Promise<void> {
    const { signaller } = await loadPlatform();
    for (const row of this.#below) {
      const bound = signaller.bind(row, { compareCommand: false });
      if (typeof bound === 'string') continue;
      bound.signal('SIGKILL');
      bound.close();
    }
    for (const child of this.#started) await kill(child);
  }
}

export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}

export async function readRows(): Promise<readonly ProcessRow[]> {
  return (await readTable()).processes;
}

async function readTable(): Promise<ProcessSnapshot> {
  const { table } = await loadPlatform();
  const request = { dataDir: String.raw`C:\nowhere`, recordedPids: new Set<number>(), memory: false };
  const snapshot = await table.snapshot(request);
  // A row that was missed would look like a process that is gone.
  if (!snapshot.complete) throw new Error('the reading is incomplete');
  return snapshot;
}
