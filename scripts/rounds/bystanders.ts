import { readProcText } from '../leak/proc-text.mjs';
import { spawn } from 'node:child_process';
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { BystanderKind } from './plan.ts';
import type { Scene } from './scene.ts';
import { BYSTANDER_MARK, identify, programOf, readStat, ROUND_MARK, signal, type Row, type Who } from './table.ts';

/** An unrelated process that must not be harmed. */
export interface Bystander extends Who {
  readonly kind: string;
  readonly comm: string;
}

/** Each of them ends by itself after this time. */
const SECONDS = '600';
const READY_WITHIN_MS = 10_000;
const NOBODY = 65_534;
const PAIR = ['python', 'uv'];

interface Recipe {
  readonly command: readonly string[];
  /** Names of its processes when it is ready, in alphabetical order. */
  readonly names: readonly string[];
  readonly isMarked: boolean;
  readonly isChild?: boolean;
  readonly uid?: number;
}

/** Starts a bystander and waits until it is ready. */
export async function startBystander(scene: Scene, kind: BystanderKind, number: number): Promise<readonly Bystander[]> {
  const { command, names, isMarked, isChild, uid } = recipeOf(scene, kind);
  const id = `${kind}-${number}`;
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    cwd: scene.fake,
    env: { ...plainEnvironment(scene, id), ...(isMarked ? marksOfTree(scene) : {}) },
    detached: isChild !== true,
    stdio: 'ignore',
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  child.on('error', () => undefined);
  child.unref();
  return ready(scene, id, names);
}

async function ready(scene: Scene, id: string, names: readonly string[]): Promise<readonly Bystander[]> {
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const rows = scene.rows().filter(({ bystander }) => bystander === id);
    if (isDeepStrictEqual(rows.map(({ comm }) => comm).sort(), names) && rows.every(isSettled)) {
      return rows.map(({ pid, start, comm }) => ({ pid, start, comm, kind: id }));
    }
    if (performance.now() > deadline) throw new Error(`bystander ${id} did not get ready: ${JSON.stringify(rows)}`);
    await sleep(20);
  }
}

/** Whether it is past its last exec. */
function isSettled({ argv, comm }: Row): boolean {
  return argv.length > 0 && (comm !== 'python' || argv.some((word) => word.endsWith('/chroma-mcp')));
}

function recipeOf({ fake, folder, dataDir }: Scene, kind: BystanderKind): Recipe {
  switch (kind) {
    case 'shell':
      return { command: ['/bin/sh', '-c', `sleep ${SECONDS}; :`], names: ['sh', 'sleep'], isMarked: true };
    case 'daemon':
      return {
        command: ['/bin/sh', '-c', `setsid sh -c 'sleep ${SECONDS}; :' &`],
        names: ['sh', 'sleep'],
        isMarked: true,
      };
    case 'editor':
      return { command: [editor(fake), SECONDS], names: ['vi'], isMarked: true, isChild: true };
    case 'typed-chroma':
      return {
        command: script(`${chroma(fake, join(dataDir, 'vectors'))}; :`, fake),
        names: ['python', 'sh', 'uv'],
        isMarked: true,
      };
    case 'stranger':
      return { command: script(`${chroma(fake, join(folder, 'elsewhere'))} &`, fake), names: PAIR, isMarked: false };
    case 'backup':
      return {
        command: script(`${chroma(fake, join(dataDir, 'vectors-backup'))} &`, fake),
        names: PAIR,
        isMarked: false,
      };
    case 'other-user': {
      const command = script(`${chroma(fake, join(dataDir, 'vectors'))} &`, fake);
      return { command, names: PAIR, isMarked: false, uid: NOBODY };
    }
  }
}

/** Through a script file, so that its text does not appear on the command line of the shell. */
function script(text: string, fake: string): readonly string[] {
  const name = join(fake, `script-${Buffer.from(text).toString('hex').slice(-24)}`);
  if (!existsSync(name)) writeFileSync(name, `${text}\n`);
  return ['/bin/sh', name];
}

function chroma(fake: string, directory: string): string {
  return `'${fake}/uv' tool uvx --from chroma-mcp==0.2.6 chroma-mcp --client-type persistent --data-dir '${directory}'`;
}

function editor(fake: string): string {
  const file = join(fake, 'vi');
  if (!existsSync(file)) symlinkSync('/bin/sleep', file);
  return file;
}

/** An environment without marks. */
function plainEnvironment(scene: Scene, id: string): Record<string, string> {
  return { PATH: '/usr/bin:/bin', [ROUND_MARK]: scene.mark, [BYSTANDER_MARK]: id };
}

const MARKS = /^CLAUDE_MEM_(?:TREE|OWNER|ROLE|DATA_DIR)=/;

/** The marks that a process started inside the tree inherits: those of the innermost running process. */
function marksOfTree(scene: Scene): Record<string, string> {
  const programs = scene.programs();
  const inner = ['python', 'uv', 'search', 'worker', 'supervisor'];
  const found = inner.map((name) => programs.find((row) => programOf(row) === name)).find((row) => row !== undefined);
  if (found === undefined) return { CLAUDE_MEM_DATA_DIR: scene.dataDir };
  const entries = environ(found.pid).filter((entry) => MARKS.test(entry));
  return Object.fromEntries(
    entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
}

function environ(pid: number): readonly string[] {
  try {
    return readProcText(`/proc/${pid}/environ`).split('\0');
  } catch {
    return [];
  }
}

const MOST_TRIES = 60;

/**
 * Kills a process and gives its pid to another one. Only in an own pid namespace, where the next pid can be chosen.
 * @returns an empty list if another process got the pid.
 */
export async function reusePid(
  scene: Scene,
  victim: Who,
  { by, number }: { readonly by: 'sleeper' | 'stranger'; readonly number: number },
): Promise<readonly Bystander[]> {
  signal(victim, 'SIGKILL');
  for (let waited = 0; existsSync(`/proc/${victim.pid}`) && waited < 2_000; waited += 5) await sleep(5);
  if (existsSync(`/proc/${victim.pid}`)) return [];
  const id = `reused-by-${by}-${number}`;
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const pid = spawnNext(scene, { pid: victim.pid, id, by });
    if (pid === victim.pid) return ready(scene, id, by === 'sleeper' ? ['sleep'] : PAIR);
    const wrong = identify(pid);
    if (wrong !== undefined) await endWrong(scene, wrong, id);
    // A process of the tree was faster.
    if (readStat(victim.pid) !== undefined) return [];
  }
  return [];
}

function spawnNext(scene: Scene, { pid, id, by }: { pid: number; id: string; by: 'sleeper' | 'stranger' }): number {
  const command =
    by === 'sleeper'
      ? ['/bin/sleep', SECONDS]
      : [join(scene.fake, 'uv'), 'tool', 'uvx', 'chroma-mcp', '--data-dir', join(scene.folder, 'elsewhere')];
  const [file = '', ...args] = command;
  scene.throwIfOver();
  writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1));
  const child = spawn(file, args, {
    cwd: scene.fake,
    env: plainEnvironment(scene, id),
    detached: true,
    stdio: 'ignore',
  });
  child.on('error', () => undefined);
  child.unref();
  return child.pid ?? -1;
}

/** Its child may be adopted already, and is known only by its mark. */
async function endWrong(scene: Scene, wrong: Who, id: string): Promise<void> {
  signal(wrong, 'SIGKILL');
  await sleep(2);
  for (const row of scene.rows()) if (row.bystander === id) signal(row, 'SIGKILL');
}
