// Runs docs/ecosystem.config.cjs with the given PM2, in its own home and on its own port: node .ci/pm2.mjs PATH_OF_PM2
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [, , pm2] = process.argv;
const home = mkdtempSync(join(tmpdir(), 'cm-pm2-'));
const dataDir = join(home, 'data');
const env = {
  PATH: process.env.PATH,
  HOME: home,
  PM2_HOME: join(home, 'pm2'),
  CLAUDE_MEM_CLI: resolve('dist/cli.js'),
  CLAUDE_MEM_DATA_DIR: dataDir,
  CLAUDE_MEM_WORKER_PORT: String(await freePort()),
  CLAUDE_MEM_CHROMA_ENABLED: 'false',
};

try {
  run(process.execPath, pm2, 'start', resolve('docs/ecosystem.config.cjs'));
  assert.equal(app().pm2_env.status, 'online');
  // PM2 reports the start only when the tree is ready, so this does not wait.
  const first = status();
  assert.deepEqual([first.running, first.state], [true, 'running']);
  const before = members();
  assert.equal(before.length, 4);

  run(process.execPath, pm2, 'restart', 'claude-mem');
  const second = status();
  assert.notEqual(second.treeId, first.treeId);
  assert.equal(second.state, 'running');
  assert.deepEqual(
    before.filter((member) => members().includes(member)),
    [],
  );
  assert.equal(members().length, 4);
  assert.equal(app().pm2_env.restart_time, 1);

  run(process.execPath, pm2, 'stop', 'claude-mem');
  assert.equal(app().pm2_env.status, 'stopped');
  assert.deepEqual(members(), []);

  // `doctor` warns of an old worker under this daemon.
  assert.equal(doctor().status, 'pass');
  const script = join(home, 'worker-service.js');
  writeFileSync(script, 'setTimeout(() => undefined, 300_000);\n');
  run(process.execPath, pm2, 'start', script, '--name', 'claude-mem-worker');
  // PM2 reports the start of a script before the process has the script's name.
  for (let tries = 0; tries < 50 && doctor().status === 'pass'; tries += 1) await sleep(100);
  const { status: found, detail } = doctor();
  assert.equal(found, 'warn', detail);
  assert.match(detail, /PM2 \(pid \d+\) runs pid \d+ .*worker-service\.js/);
  run(process.execPath, pm2, 'delete', 'claude-mem-worker');
  assert.equal(doctor().status, 'pass');
  console.log('PM2: started ready, restarted with nothing of the old tree, stopped with nothing left');
} finally {
  spawnSync(process.execPath, [env.CLAUDE_MEM_CLI, 'stop'], { env });
  spawnSync(process.execPath, [pm2, 'kill'], { env });
  for (let tries = 0; tries < 50 && members().length > 0; tries += 1) await sleep(100);
  rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
assert.deepEqual(members(), []);

function run(file, ...args) {
  const { status: code, stdout, stderr } = spawnSync(file, args, { env, encoding: 'utf8', timeout: 120_000 });
  assert.equal(code, 0, `${args.join(' ')}\n${stdout}\n${stderr}`);
  return stdout;
}

function app() {
  const [found] = JSON.parse(run(process.execPath, pm2, 'jlist').split('\n').at(-1) || '[]');
  return found;
}

function status() {
  const { stdout } = spawnSync(process.execPath, [env.CLAUDE_MEM_CLI, 'status', '--json'], { env, encoding: 'utf8' });
  return JSON.parse(stdout);
}

function doctor() {
  const { stdout } = spawnSync(process.execPath, [env.CLAUDE_MEM_CLI, 'doctor', 'pm2', '--json'], {
    env,
    encoding: 'utf8',
  });
  return JSON.parse(stdout).checks.find(({ id }) => id === 'pm2');
}

/** Pid and start of what runs with this data dir in its environment: command, supervisor, worker, search server; PM2's own daemon has it too. */
function members() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(describe)
    .filter((member) => member !== undefined);
}

function describe(pid) {
  try {
    const environ = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (!environ.includes(`CLAUDE_MEM_DATA_DIR=${dataDir}`) || state === 'Z' || !command.includes('dist/'))
      return undefined;
    return `${pid}:${fields[18]}`;
  } catch {
    // The process ended during the read.
    return undefined;
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}
