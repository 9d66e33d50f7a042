// Test runs and runs of rounds. Every process of a run carries its mark in the environment, and the file `run` in its
// folder contains the mark. The mark names the leader of the run, so that a later run can prove that the leader is gone
// and remove the leftovers.
import { Buffer } from 'node:buffer';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, lstatSync, mkdtempSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, ownerMarkOfSelf, parentOf, signalIfSame } from './identity.mjs';
import { readProcText } from './proc-text.mjs';

/** Variables for processes of a run, and of a round of a run, which appends `/` and its number. */
const MARKS = ['CLAUDE_MEM_TEST_RUN', 'CLAUDE_MEM_ROUND'];
const PREFIX = 'cm-run-';

const PAUSE_MS = 50;
const LONGEST_MS = 15_000;
const QUIET_LOOKS = 3;
const LONGEST_MARK = 256;

/** A new mark for a run that this process leads. On systems other than Linux it names no process. */
export function newRunMark() {
  return [randomBytes(6).toString('hex'), ownerMarkOfSelf()].filter((part) => part !== '').join(':');
}

/** Creates the folder of a run in the temporary folder; other users may traverse it. */
export function makeRunFolder(mark, prefix = PREFIX) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), prefix)));
  writeFileSync(join(folder, 'run'), mark);
  return folder;
}

/** Parent of temporary folders: the folder of the test run of this process, else the system's. */
export function temporaryFolder() {
  return process.env.CLAUDE_MEM_TEST_FOLDER ?? tmpdir();
}

/**
 * Whether the leader of a run is provably gone: it ran in this boot and pid namespace, and its pid is free or belongs
 * to a process with another start. False if unknown.
 */
export function isRunGone(mark) {
  const [, pid, start, bootId, namespace] = /^[\da-f]+:(\d+):(\d+):([\da-f-]+):(\d+)$/.exec(mark) ?? [];
  if (pid === undefined || process.platform !== 'linux' || readlinkSync('/proc/self') !== String(process.pid))
    return false;
  const [, , ownBootId, ownNamespace] = ownerMarkOfSelf().split(':');
  if (bootId !== ownBootId || namespace !== ownNamespace) return false;
  const found = identify(Number(pid));
  // With `hidepid`, /proc does not list processes of other users; the kernel still knows their pids.
  return found === undefined ? isZombie(pid) || !isTaken(Number(pid)) : found.start !== start;
}

function isTaken(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

function isZombie(pid) {
  return attempt(() => /\) [ZX] /.test(readProcText(`/proc/${pid}/stat`))) === true;
}

/** Ends every run whose leader is provably gone. */
export async function endKilledRuns(where) {
  return endRuns(isRunGone, where);
}

/** Ends one run; its leader may be alive. */
export async function endRun(mark) {
  return endRuns((other) => other === mark);
}

/** Ends processes, unmounts what is mounted below folders, and removes the folders. */
async function endRuns(isDoomed, { names = MARKS, prefix = PREFIX } = {}) {
  const { ended, left } = await endProcesses(names, isDoomed);
  const folders = runFolders(prefix).filter(({ mark }) => isDoomed(mark));
  const removed = folders.map(({ folder }) => folder).filter(removeRunFolder);
  return { ended, left, removed };
}

/** One line about the leftovers of killed runs; undefined if there were none. */
export function describeEnded({ ended, left, removed }) {
  if (ended.length + left.length + removed.length === 0) return undefined;
  const pids = ended.length === 0 ? '' : ` (pid ${ended.map(({ pid }) => pid).join(', ')})`;
  const stuck = left.length === 0 ? '' : `; still alive: ${left.map(({ pid }) => pid).join(', ')}`;
  return `left by runs that were killed: ended ${ended.length} processes${pids}, removed ${removed.length} folders${stuck}`;
}

/**
 * Repeats until three checks in a row find nothing: a process that is being ended may just have started another one.
 */
async function endProcesses(names, isDoomed) {
  const ended = new Map();
  const spared = new Set(selfAndAncestors());
  let left = [];
  for (let quiet = 0, waited = 0; waited < LONGEST_MS && quiet < QUIET_LOOKS; waited += PAUSE_MS) {
    left = marked(names, isDoomed).filter(({ pid }) => !spared.has(pid));
    quiet = left.length === 0 ? quiet + 1 : 0;
    for (const who of left) if (signalIfSame(who, 'SIGKILL')) ended.set(`${who.pid}:${who.start}`, who);
    await sleep(PAUSE_MS);
  }
  const alive = new Set(left.map(({ pid }) => pid));
  return { ended: [...ended.values()].filter(({ pid }) => !alive.has(pid)), left };
}

function selfAndAncestors() {
  const line = [];
  for (let pid = process.pid; pid !== undefined && pid > 0; pid = parentOf(pid)) line.push(pid);
  return line;
}

function marked(names, isDoomed) {
  if (process.platform !== 'linux') return [];
  const verdicts = new Map();
  const ask = (mark) => {
    if (!verdicts.has(mark)) verdicts.set(mark, isDoomed(mark));
    return verdicts.get(mark);
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => identify(Number(name)))
    .filter((who) => who !== undefined && marksOf(who.pid, names).some(ask));
}

function marksOf(pid, names) {
  const environment = attempt(() => readProcText(`/proc/${pid}/environ`)) ?? '';
  return environment
    .split('\0')
    .filter((entry) => names.includes(entry.slice(0, Math.max(0, entry.indexOf('=')))))
    .map((entry) => entry.slice(entry.indexOf('=') + 1).replace(/\/.*$/, ''));
}

/** Folders of runs: those in the temporary folder, and others with mounts below them. */
function runFolders(prefix) {
  const listed = (attempt(() => readdirSync(tmpdir())) ?? [])
    .filter((name) => name.startsWith(prefix))
    .map((name) => attempt(() => realpathSync(join(tmpdir(), name))));
  const mounted = mountPoints().flatMap((point) => {
    const parts = point.split('/');
    const at = parts.findIndex((part) => part.startsWith(prefix));
    return at < 0 ? [] : [parts.slice(0, at + 1).join('/')];
  });
  return [...new Set([...listed, ...mounted])]
    .filter((folder) => folder !== undefined && basename(folder).startsWith(prefix) && isOwn(folder))
    .map((folder) => ({ folder, mark: readMark(join(folder, 'run')) }))
    .filter(({ mark }) => mark !== undefined);
}

function isOwn(folder) {
  const found = attempt(() => lstatSync(folder));
  return found?.isDirectory() === true && found.uid === process.getuid?.();
}

function readMark(file) {
  return attempt(() => {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const buffer = Buffer.alloc(LONGEST_MARK);
      return buffer.toString('latin1', 0, readSync(fd, buffer, 0, LONGEST_MARK, 0));
    } finally {
      closeSync(fd);
    }
  });
}

/**
 * Unmounts everything below a folder and removes the folder. Removes nothing while something is still mounted there.
 * @returns whether the folder is gone
 */
export function removeRunFolder(folder) {
  const below = () => mountPoints().filter((point) => point.startsWith(`${folder}/`));
  // The innermost first.
  for (const point of below().reverse()) spawnSync('umount', ['-l', point], { stdio: 'ignore' });
  if (below().length > 0) return false;
  if (attempt(() => remove(folder)) === true) return true;
  // Tests remove permissions from folders. `chmod -R` follows no links.
  spawnSync('chmod', ['-R', 'u+rwX', folder], { stdio: 'ignore' });
  return attempt(() => remove(folder)) === true;
}

function remove(folder) {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  return true;
}

/** In mount order; the kernel writes spaces and backslashes as octal numbers. */
function mountPoints() {
  return (attempt(() => readProcText('/proc/self/mounts')) ?? '')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .map((point) => point.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))))
    .map((point) => Buffer.from(point, 'latin1').toString());
}

/** Undefined if the file is gone or access is denied. */
function attempt(act) {
  try {
    return act();
  } catch {
    return undefined;
  }
}
