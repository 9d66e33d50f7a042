// Ends everything that bears the mark of a run, unmounts what it mounted and removes its folder, however the runner ends: the pipe
// between them closes with its death too. Arguments: the mark and the folder.
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { readProcText } from '../leak/proc-text.mjs';
import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 50;
const LONGEST_MS = 15_000;
const QUIET_LOOKS = 3;

const [mark, folder] = process.argv.slice(2);
// The runner decides what a Ctrl-C means.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM']) process.on(signal, () => undefined);
process.stdin.resume();
process.stdin.once('error', () => void tidy());
process.stdin.once('end', () => void tidy());

async function tidy() {
  const left = await endAll();
  for (const point of mountPoints()) unmount(point);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  if (left.length > 0) console.error(`still alive: ${left.map(({ pid }) => pid).join(', ')}`);
  process.exit(left.length === 0 ? 0 : 1);
}

/** Whoever is being ended may just have started another one. */
async function endAll() {
  let quiet = 0;
  let found = [];
  for (let waited = 0; waited < LONGEST_MS && quiet < QUIET_LOOKS; waited += PAUSE_MS) {
    found = marked();
    quiet = found.length === 0 ? quiet + 1 : 0;
    for (const who of found) kill(who);
    await sleep(PAUSE_MS);
  }
  return found;
}

function marked() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), start: startOf(name) }))
    .filter(({ pid, start }) => start !== undefined && bearsMark(pid));
}

function bearsMark(pid) {
  return (read(`/proc/${pid}/environ`) ?? '')
    .split('\0')
    .some((entry) => /^CLAUDE_MEM_ROUND(?:_RUNNER)?=/.test(entry) && entry.includes(`=${mark}`));
}

function kill({ pid, start }) {
  if (startOf(pid) !== start) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone in between.
  }
}

/** Undefined for one that has ended. */
function startOf(pid) {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'X' || (fields[0] === 'Z' && Number(fields[17]) <= 1) ? undefined : fields[19];
}

/** The innermost first. */
function mountPoints() {
  return (read('/proc/self/mounts') ?? '')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${folder}/`))
    .reverse();
}

function unmount(point) {
  try {
    execFileSync('umount', ['-l', point], { stdio: 'ignore' });
  } catch {
    // Not ours to unmount; the folder then stays, and is empty.
  }
}

function read(file) {
  try {
    return readProcText(file);
  } catch {
    return undefined;
  }
}
