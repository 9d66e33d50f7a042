// Lets a real scheduler run the guard: node --import tsx .ci/guard.mjs cron|systemd. With cron, the crontab of this user is restored at the end.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fixtureChroma } from '../scripts/leak/chroma-program.ts';
import { isAlive } from '../scripts/leak/identity.mjs';
import { makeLeak } from '../scripts/leak/make-leak.ts';

const scheduler = process.argv[2] ?? '';
/** Two runs and their start, in milliseconds: the scheduler runs the guard every minute. */
const WITHIN_MS = 180_000;
/** Special in a crontab, in a unit, in a shell, and in no locale. */
const HOSTILE = 'a %h $HOME "q" \'s\' \\ ä';

const home = realpathSync(mkdtempSync(join(tmpdir(), 'cm-guard-')));
const dataDir = join(home, HOSTILE, 'data');
const versions = join(home, 'versions');
mkdirSync(join(dataDir, 'vectors'), { recursive: true, mode: 0o700 });
installVersion('v20.0.1');

const undo = [];
try {
  if (scheduler === 'cron') prepareCron();
  const before = crontab();
  const bystander = await leak(join(home, 'elsewhere'));

  // A leak that is there before the installation, and one after an upgrade.
  const first = await leak(dataDir);
  const { files } = guard('install', '--every', '1m', '--scheduler', scheduler);
  for (const { content } of files.slice(1)) assert.doesNotMatch(content, /v20\.0\.1|versions/);
  await untilEnded(first);
  const { state, endedTotal } = await statusAfter(0);
  assert.equal(state, 'healthy');

  renameSync(join(versions, 'v20.0.1'), join(versions, 'v22.9.0'));
  const second = await leak(dataDir);
  await untilEnded(second);
  assert.equal((await statusAfter(endedTotal)).state, 'healthy');
  assert.deepEqual(bystander.pairs.flatMap(({ wrapper, python }) => [wrapper, python]).map(isAlive), [true, true]);

  guard('remove');
  assert.equal(crontab(), before);
  assert.deepEqual(
    readdirSync(dataDir).filter((name) => name === 'guard'),
    [],
  );
  console.log(
    `${scheduler}: two leaks ended, one of them after an upgrade; the bystander lives; nothing is left of the guard`,
  );
} finally {
  spawnSync(program(), ['guard', 'remove', '--data-dir', dataDir], { env: environment() });
  for (const step of undo.reverse()) await step();
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
}

/** A folder as nvm makes it: Node.js, the package and its command. */
function installVersion(name) {
  const folder = join(versions, name);
  const modules = join(folder, 'lib', 'node_modules');
  mkdirSync(join(folder, 'bin'), { recursive: true });
  mkdirSync(join(modules, 'claude-mem-cli'), { recursive: true });
  for (const part of ['dist', 'package.json']) cpSync(part, join(modules, 'claude-mem-cli', part), { recursive: true });
  for (const needed of ['koffi', 'libsql', '@libsql', '@neon-rs', 'detect-libc']) {
    if (existsSync(join('node_modules', needed))) symlinkSync(resolve('node_modules', needed), join(modules, needed));
  }
  symlinkSync(process.execPath, join(folder, 'bin', 'node'));
  symlinkSync('../lib/node_modules/claude-mem-cli/dist/cli.js', join(folder, 'bin', 'claude-mem'));
}

/** The command of the version that is installed now. */
function program() {
  return join(versions, readdirSync(versions)[0] ?? '', 'bin', 'claude-mem');
}

function environment() {
  return { ...process.env, PATH: `${join(program(), '..')}:/usr/local/bin:/usr/bin:/bin` };
}

function guard(...args) {
  const { stdout, stderr } = spawnSync(program(), ['guard', ...args, '--json', '--data-dir', dataDir], {
    env: environment(),
    encoding: 'utf8',
  });
  const report = JSON.parse(stdout || 'null');
  assert.ok(report !== null && report.error === undefined, `${args.join(' ')}: ${stdout}${stderr}`);
  return report;
}

async function leak(folder) {
  mkdirSync(join(folder, 'vectors'), { recursive: true, mode: 0o700 });
  const marks = { treeId: randomUUID(), role: 'chroma-sync', dataDir: folder };
  const imitation = fixtureChroma(mkdtempSync(join(home, 'imitation-')));
  const watchdogSeconds = (2 * WITHIN_MS) / 1000 + 120;
  const made = await makeLeak({ program: imitation, directory: join(folder, 'vectors'), marks, watchdogSeconds });
  undo.push(made.cleanup);
  return made;
}

async function untilEnded({ pairs }) {
  const members = pairs.flatMap(({ wrapper, python }) => [wrapper, python]);
  for (let waitedMs = 0; waitedMs < WITHIN_MS; waitedMs += 500) {
    if (!members.some(isAlive)) return;
    await sleep(500);
  }
  const log = join(dataDir, 'logs', 'guard.log');
  const shown = existsSync(log) ? readFileSync(log, 'utf8') : 'no log';
  assert.fail(`${scheduler} did not end the leak: ${JSON.stringify(guard('status'))}\n${shown}`);
}

/** The status once the guard has stored that it ended more processes. A run reads the process table again before it ends. */
async function statusAfter(ended) {
  for (let waitedMs = 0; waitedMs < 60_000; waitedMs += 500) {
    const status = guard('status');
    if (status.endedTotal > ended) return status;
    await sleep(500);
  }
  return assert.fail(JSON.stringify(guard('status')));
}

function crontab() {
  if (scheduler !== 'cron') return '';
  const { status, stdout } = spawnSync('crontab', ['-l'], { encoding: 'latin1' });
  return status === 0 ? stdout : null;
}

/** Starts a daemon if none runs, and keeps a copy of the crontab until the end. */
function prepareCron() {
  const found = crontab();
  const copy = join(tmpdir(), `crontab-before-guard-${process.pid}`);
  if (found !== null) writeFileSync(copy, found, { encoding: 'latin1', mode: 0o600 });
  undo.push(() => {
    spawnSync('crontab', found === null ? ['-r'] : [copy]);
    assert.equal(crontab(), found);
    rmSync(copy, { force: true });
  });
  const lines = `${found ?? ''}# a line of a person: \xe4 100% \\\n17 3 * * * true 5\\% 'x'\n`;
  assert.equal(spawnSync('crontab', ['-'], { input: lines, encoding: 'latin1' }).status, 0);
  const names = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(nameOf);
  if (names.includes('cron')) return;
  const daemon = spawn('cron', ['-f'], { stdio: 'ignore' });
  undo.push(() => void daemon.kill());
}

function nameOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}
