import { mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DamagedFile } from './plan.ts';
import type { Scene } from './scene.ts';

/** Deliberate damage that may have to be repaired. */
export interface Damage {
  readonly file: DamagedFile;
  readonly path: string;
  readonly how: string;
}

export interface DamageOrder {
  readonly file: DamagedFile;
  readonly how: string;
  /** Selects the file and the byte. */
  readonly dice: number;
  /** Pids that a false registry claims. */
  readonly claimed: readonly number[];
}

const GARBAGE = '{"schemaVersion": 1, "tr\u0000\u0001 not what it should be';

/** Damages a file as its owner or a disk could; undefined if there is nothing to damage. */
export function damage(scene: Scene, order: DamageOrder): Damage | undefined {
  const path = pathOf(scene, order);
  if (path === undefined) return undefined;
  try {
    spoil(path, order);
  } catch {
    // The disk is full or closed, or the file is missing: nothing was damaged.
    return undefined;
  }
  return { file: order.file, path, how: order.how };
}

/**
 * Repairs what a user has to repair: settings, token, the false registry, a folder in place of a file. The program
 * handles the rest.
 */
export function repair({ file, path, how }: Damage): void {
  const isForPeople = file === 'config' || file === 'registry' || file === 'token' || how === 'folder';
  if (isForPeople) rmSync(path, { recursive: true, force: true });
}

/** Whether a manifest is unreadable. */
export function isDamagedManifest(path: string): boolean {
  try {
    return typeof (JSON.parse(readFileSync(path, 'utf8')) as { treeId?: unknown }).treeId !== 'string';
  } catch {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  }
}

function pathOf(scene: Scene, { file, dice }: DamageOrder): string | undefined {
  const { dataDir } = scene;
  const isEven = dice % 2 === 0;
  switch (file) {
    case 'manifest': {
      const files = scene.manifests();
      return files[dice % Math.max(1, files.length)];
    }
    case 'registry':
      return join(dataDir, isEven ? 'supervisor.json' : 'worker.pid');
    case 'config':
      return join(dataDir, 'config.json');
    case 'socket':
      return join(dataDir, 'supervisor.sock');
    case 'holder':
      return join(dataDir, isEven ? 'supervisor.lock.holder' : 'operation.lock.holder');
    case 'token':
      return join(dataDir, 'token');
    case 'spool':
      return join(dataDir, 'spool', '01700000000000-00000000000000000001-1.0123456789ab.0.json');
    case 'samples':
      return join(dataDir, 'samples', isEven ? 'fine.ring' : 'coarse.ring');
  }
}

function spoil(path: string, { file, how, dice, claimed }: DamageOrder): void {
  switch (how) {
    case 'torn':
      // The settings file may not exist yet.
      if (file === 'config') writeFileSync(path, '{"workerPort": 37');
      else truncateSync(path, Math.floor(statSync(path).size / 2));
      return;
    case 'empty':
      truncateSync(path, 0);
      return;
    case 'removed':
      rmSync(path);
      return;
    case 'folder':
      rmSync(path, { force: true });
      mkdirSync(path, { recursive: true });
      return;
    case 'digit':
      writeFileSync(path, changeDigit(readFileSync(path, 'utf8'), dice));
      return;
    case 'claims':
      writeFileSync(path, falseRegistry(path, claimed[dice % Math.max(1, claimed.length)] ?? 4_000_000));
      return;
    default:
      if (file === 'spool') mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
      writeFileSync(path, GARBAGE);
  }
}

/** Changes one digit of a text, so that any field can get any value. */
export function changeDigit(text: string, dice: number): string {
  const places = [...text.matchAll(/\d/g)].map(({ index }) => index);
  const at = places[dice % Math.max(1, places.length)];
  if (at === undefined) return text;
  return `${text.slice(0, at)}${(Number(text[at]) + 1 + (dice % 9)) % 10}${text.slice(at + 1)}`;
}

/** In the format of the published plugin; claims a pid of another process. */
function falseRegistry(path: string, pid: number): string {
  const startedAt = new Date().toISOString();
  if (path.endsWith('worker.pid')) return JSON.stringify({ pid, port: 37_777, startedAt });
  return JSON.stringify({ processes: { 'chroma-mcp': { pid, type: 'chroma', pgid: pid, startedAt } } });
}
