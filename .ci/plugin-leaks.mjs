// Makes each kind of leak with the published plugin in FOLDER (see published-plugin.sh), and checks what `leaks` and `reap` say and do.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

process.env.PLUGIN_CONSTRAINTS ??= resolve('src/chroma/constraints.txt');
const [folder] = process.argv.slice(2);
const PORT = 38_871;
const CHROMA_PORT = 38_872;
const dataDir = join(folder, 'home/.claude-mem');
const STORM_MS = 60_000;
const LONGEST_STORM_MS = 300_000;

function plugin(command, { env = {}, prefix = [] } = {}) {
  const script = `set -euo pipefail; . .ci/published-plugin.sh; ${command}`;
  const [program, ...args] = [...prefix, 'bash', '-c', script];
  return execFileSync(program, args, { encoding: 'utf8', env: { ...process.env, ...env } });
}
const start = (options) => plugin(`plugin_start ${folder} ${PORT}`, options);
const stop = () => plugin(`plugin_stop ${folder} ${PORT}`);
const wake = () => plugin(`plugin_wake ${folder} ${PORT}`);

function cli(...args) {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['dist/cli.js', ...args, '--data-dir', dataDir, '--json'],
    {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  assert.ok(stdout !== '', `claude-mem ${args.join(' ')} printed nothing: ${stderr}`);
  return { ...JSON.parse(stdout), status };
}

function leaked() {
  const { processes } = cli('leaks');
  return processes.filter(({ verdict }) => verdict === 'orphan' || verdict === 'excess');
}

/** The processes in the registry of the plugin, by name. */
function registry() {
  try {
    return JSON.parse(readFileSync(join(dataDir, 'supervisor.json'), 'utf8')).processes;
  } catch {
    return {};
  }
}

function isAlive(pid) {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

async function until(what, check, limitMs = 15_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const result = check();
    if (result) return result;
    if (Date.now() >= end)
      assert.fail(`${what}: not within ${limitMs} ms\n${JSON.stringify(cli('leaks', '--all'), undefined, 1)}`);
    await sleep(50);
  }
}

/** The plugin starts no worker while its `worker.pid` names a zombie. Not every pid 1 waits for its children immediately. */
async function noZombieWorker() {
  const file = join(dataDir, 'worker.pid');
  const recorded = () => {
    try {
      return JSON.parse(readFileSync(file, 'utf8')).pid;
    } catch {
      // Missing, or just being written.
      return 0;
    }
  };
  await until('the last worker is no zombie', () => !existsSync(`/proc/${recorded()}`) || isAlive(recorded()));
}

/** The Python of Chroma below its uv; 0 if it has not started. Before it, uv runs a Python for a moment to ask for its version. */
const python = (uv) => {
  const { stdout } = spawnSync('ps', ['-o', 'pid=,args=', '--ppid', String(uv)], { encoding: 'utf8' });
  const line = stdout.split('\n').find((text) => text.includes('chroma-mcp'));
  return Number(line?.trim().split(' ')[0] ?? 0);
};

async function up(options) {
  start(options);
  wake();
  const { worker, 'chroma-mcp': chroma } = await until(
    'the plugin is up',
    () => registry()['chroma-mcp'] && registry(),
  );
  return { worker: worker.pid, uv: chroma.pid, python: python(chroma.pid) };
}

function expectLeaks(pids, context) {
  const found = leaked();
  assert.deepEqual(
    found.map(({ pid }) => pid).sort(),
    [...pids].sort(),
    `${context}: ${JSON.stringify(cli('leaks', '--all'), undefined, 1)}`,
  );
  for (const { evidence } of found) assert.ok(evidence.length > 0);
}

function reap(pids, ...args) {
  const { outcomes, remaining } = cli('reap', '--yes', ...args);
  assert.deepEqual(outcomes.map(({ pid }) => pid).sort(), [...pids].sort());
  assert.ok(
    outcomes.every(({ outcome }) => outcome === 'exited' || outcome === 'killed'),
    JSON.stringify(outcomes),
  );
  assert.deepEqual(remaining, []);
}

const checks = {
  async 'a live plugin has no leak'() {
    const { worker, uv } = await up();
    expectLeaks([], 'live');
    reap([]);
    assert.ok(isAlive(worker) && isAlive(uv));
    stop();
  },

  async 'a killed worker leaves two orphans, proven immediately'() {
    const { worker, uv, python } = await up();
    process.kill(worker, 'SIGKILL');
    await until('the worker is gone', () => !isAlive(worker));
    expectLeaks([uv, python], 'worker killed');
    reap([uv, python]);
    expectLeaks([], 'after reap');
  },

  async 'a killed worker under a subreaper leaves two orphans'() {
    const adopter = spawn(
      'python3',
      ['test/fixtures/subreaper.py', ...pluginCommand(`plugin_start ${folder} ${PORT}`)],
      {
        stdio: ['pipe', 'ignore', 'inherit'],
      },
    );
    try {
      await until('the worker is recorded', () => registry().worker && isAlive(registry().worker.pid));
      wake();
      const { worker, 'chroma-mcp': chroma } = await until(
        'chroma is recorded',
        () => registry()['chroma-mcp'] && registry(),
      );
      const pids = [chroma.pid, python(chroma.pid)];
      process.kill(worker.pid, 'SIGKILL');
      await until('the worker is gone', () => !isAlive(worker.pid));
      expectLeaks(pids, 'subreaper');
      reap(pids);
    } finally {
      adopter.stdin.end();
    }
  },

  async 'five kills in a row leave ten orphans, proven immediately'() {
    const pids = [];
    for (let round = 0; round < 5; round += 1) {
      // Its start ends the leftovers of the round before if their parent is pid 1: hide them behind a subreaper of their own.
      const adopter = spawn(
        'python3',
        ['test/fixtures/subreaper.py', ...pluginCommand(`plugin_start ${folder} ${PORT}`)],
        {
          stdio: ['pipe', 'ignore', 'inherit'],
        },
      );
      adopters.push(adopter);
      await until('the worker is recorded', () => registry().worker && isAlive(registry().worker.pid));
      wake();
      const { worker, 'chroma-mcp': chroma } = await until('chroma is recorded', () => {
        const now = registry();
        return now['chroma-mcp'] && isAlive(now['chroma-mcp'].pid) && !pids.includes(now['chroma-mcp'].pid) && now;
      });
      pids.push(chroma.pid, python(chroma.pid));
      process.kill(worker.pid, 'SIGKILL');
      await until('the worker is gone', () => !isAlive(worker.pid));
    }
    expectLeaks(pids.filter(isAlive), 'five kills');
    assert.equal(pids.filter(isAlive).length, 10);
    reap(pids);
    for (const adopter of adopters.splice(0)) adopter.stdin.end();
  },

  async 'registries that name a stranger keep neither the leak nor end the stranger'() {
    const { worker, uv, python } = await up();
    process.kill(worker, 'SIGKILL');
    await until('the worker is gone', () => !isAlive(worker));
    const stranger = spawn('sleep', ['120'], { detached: true, stdio: 'ignore' });
    const rewrite = (name, change) => {
      const file = join(dataDir, name);
      writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')))));
    };
    rewrite('worker.pid', (old) => ({ ...old, pid: stranger.pid }));
    rewrite('supervisor.json', ({ processes }) => ({
      processes: { ...processes, worker: { ...processes.worker, pid: stranger.pid } },
    }));
    try {
      await until('they are proven', () => leaked().length === 2);
      reap([uv, python]);
      assert.ok(isAlive(stranger.pid));
    } finally {
      stranger.kill('SIGKILL');
    }
  },

  async 'a python whose uv alone was killed is an orphan below its live worker'() {
    const { worker, uv, python } = await up();
    process.kill(uv, 'SIGKILL');
    await until('uv is gone', () => !isAlive(uv));
    await until('it is proven', () => leaked().length === 1);
    expectLeaks([python], 'uv killed');
    reap([python]);
    wake();
    expectLeaks([], 'reconnected');
    assert.ok(isAlive(worker));
    stop();
  },

  async 'an unrecorded child that its live worker still uses is no leak'() {
    const { worker, uv } = await up();
    const file = join(dataDir, 'supervisor.json');
    const { processes } = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ processes: { worker: processes.worker } }));
    expectLeaks([], 'unrecorded, but connected');
    reap([], '--include', 'excess');
    assert.ok(isAlive(worker) && isAlive(uv));
    writeFileSync(file, JSON.stringify({ processes }));
    stop();
  },

  async 'a worker that is a zombie leaves two orphans'() {
    // Adopts the worker, and never waits for it.
    const script =
      'import ctypes, subprocess, sys, time; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0); subprocess.Popen(sys.argv[1:]).wait(); sys.stdin.read()';
    const adopter = spawn('python3', ['-c', script, ...pluginCommand(`plugin_start ${folder} ${PORT}`)], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    try {
      await until('the worker is recorded', () => registry().worker && isAlive(registry().worker.pid));
      wake();
      const { worker, 'chroma-mcp': chroma } = await until('chroma is recorded', () => {
        const now = registry();
        return now['chroma-mcp'] && isAlive(now['chroma-mcp'].pid) && now;
      });
      const pids = [chroma.pid, python(chroma.pid)];
      process.kill(worker.pid, 'SIGKILL');
      await until('the worker is a zombie', () => /\) Z /.test(readFileSync(`/proc/${worker.pid}/stat`, 'utf8')));
      expectLeaks(pids, 'zombie worker');
      reap(pids);
    } finally {
      adopter.stdin.end();
    }
  },

  async 'a chroma-mcp for a remote server, without a data dir on its command line, is an orphan of a killed worker'() {
    const { cache, uvx } = chromaOfTests();
    const server = spawn(
      uvx,
      [
        ...['--offline', '--constraints', process.env.PLUGIN_CONSTRAINTS, '--from', 'chromadb', 'chroma', 'run'],
        ...['--host', '127.0.0.1', '--port', String(CHROMA_PORT), '--path', join(folder, 'server')],
      ],
      { env: { ...process.env, UV_CACHE_DIR: join(cache, 'uv-cache') }, stdio: 'ignore' },
    );
    try {
      await until(
        'the Chroma server listens',
        () => spawnSync('curl', ['-sf', `http://127.0.0.1:${CHROMA_PORT}/api/v2/heartbeat`]).status === 0,
        60_000,
      );
      const env = {
        ...{ CLAUDE_MEM_CHROMA_MODE: 'remote', CLAUDE_MEM_CHROMA_HOST: '127.0.0.1' },
        ...{ CLAUDE_MEM_CHROMA_PORT: String(CHROMA_PORT), CLAUDE_MEM_CHROMA_SSL: 'false' },
      };
      const { worker, uv, python } = await up({ env });
      const command = readFileSync(`/proc/${uv}/cmdline`, 'utf8').split('\0');
      assert.ok(command.includes('http') && !command.includes('--data-dir'), command.join(' '));
      expectLeaks([], 'remote, live');
      process.kill(worker, 'SIGKILL');
      await until('the worker is gone', () => !isAlive(worker));
      expectLeaks([uv, python], 'remote, worker killed');
      reap([uv, python]);
    } finally {
      server.kill('SIGTERM');
    }
  },

  async 'chroma-mcp children that their live worker has replaced or released are excess'() {
    const worker = standIn();
    const uvs = [await worker.ask('chroma'), await worker.ask('chroma')];
    const pythons = await until('both have a python', () => {
      const found = uvs.map(python);
      return found.every((pid) => pid > 0) && found;
    });
    await until('the first is excess', () => leaked().length === 2, 30_000);
    expectLeaks([uvs[0], pythons[0]], 'replaced');
    assert.deepEqual(cli('reap', '--yes').outcomes, [], 'excess needs --include');
    reap([uvs[0], pythons[0]], '--include', 'excess');
    assert.ok(isAlive(uvs[1]) && isAlive(worker.pid));
    const file = join(dataDir, 'supervisor.json');
    const { processes } = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ processes: { worker: processes.worker } }));
    expectLeaks([], 'unrecorded, but connected');
    worker.tell('close 1');
    await until('the second cannot be reached', () => leaked().length === 2);
    reap([uvs[1], pythons[1]], '--include', 'excess');
    worker.end();
    forgetStandIn();
  },

  async 'an observer of a gone worker is an orphan that reap ends on request'() {
    const worker = standIn();
    const observer = await worker.ask('observer');
    expectLeaks([], 'worker alive');
    worker.end();
    await until('its worker is gone', () => !isAlive(worker.pid));
    expectLeaks([observer], 'observer');
    assert.equal(leaked()[0].role, 'observer');
    assert.deepEqual(cli('reap', '--yes').outcomes, []);
    assert.ok(isAlive(observer));
    reap([observer], '--include', 'observers');
    forgetStandIn();
  },

  async 'a data dir that the settings of the plugin have moved is named'() {
    const settings = join(dataDir, 'settings.json');
    const before = readFileSync(settings, 'utf8');
    writeFileSync(settings, JSON.stringify({ ...JSON.parse(before), CLAUDE_MEM_DATA_DIR: '/srv/memory' }));
    const { stdout } = spawnSync(process.execPath, ['dist/cli.js', 'leaks', '--data-dir', dataDir], {
      encoding: 'utf8',
    });
    assert.match(stdout, /claude-mem leaks --data-dir \/srv\/memory/);
    writeFileSync(settings, before);
  },

  async 'a start on the port of a live plugin says whose it is and offers another'() {
    const { worker } = await up();
    const { error } = cli('start', '--port', String(PORT), '--no-chroma');
    assert.match(error.message, new RegExp(`published claude-mem plugin, pid ${worker}`));
    assert.match(error.hint, /--port \d+ --data-dir /);
    stop();
  },

  async 'a minute of starts, stops, restarts and reconnects beside reap signals no process of a live plugin'() {
    let isOver = false;
    let [reaps, connections] = [0, 0];
    const signalled = [];
    const reaping = (async () => {
      while (!isOver) {
        const before = registry();
        const isLive = before.worker !== undefined && isAlive(before.worker.pid);
        const { outcomes = [] } = await reapInBackground();
        reaps += 1;
        const recorded = new Set(isLive ? Object.values(before).map(({ pid }) => pid) : []);
        signalled.push(...outcomes.filter(({ pid }) => recorded.has(pid)));
        await sleep(500);
      }
    })();
    const startedAt = Date.now();
    // On a slow or busy machine a round takes half a minute, because the plugin waits for its Chroma.
    const isEnough = () => reaps > 10 && connections > 2 && Date.now() - startedAt > STORM_MS;
    for (let round = 0; !isEnough() && Date.now() - startedAt < LONGEST_STORM_MS; round += 1) {
      await pluginInBackground(`plugin_start ${folder} ${PORT}`);
      await pluginInBackground(`plugin_wake ${folder} ${PORT}`);
      const { worker, 'chroma-mcp': chroma } = registry();
      assert.ok(worker !== undefined && isAlive(worker.pid), 'the worker lives after its start');
      if (chroma !== undefined) connections += 1;
      if (round % 3 === 0 && chroma !== undefined) {
        process.kill(chroma.pid, 'SIGTERM');
        await pluginInBackground(`plugin_wake ${folder} ${PORT}`);
        assert.ok(isAlive(worker.pid), 'the worker lives after a reconnect');
      }
      await pluginInBackground(
        round % 3 === 1 ? `plugin_run ${folder} ${PORT} restart >/dev/null` : `plugin_stop ${folder} ${PORT}`,
      );
    }
    isOver = true;
    await reaping;
    assert.deepEqual(signalled, []);
    assert.ok(reaps > 10 && connections > 2, `${reaps} reaps, ${connections} connections`);
    await pluginInBackground(`plugin_stop ${folder} ${PORT}`);
  },
};

const adopters = [];

function pluginCommand(command) {
  return ['bash', '-c', `. .ci/published-plugin.sh; ${command}`];
}

/** The Chroma packages that the tests have prepared. */
function chromaOfTests() {
  const root = process.env.CHROMA_CACHE ?? join(homedir(), '.cache/claude-mem-test');
  const [cache] = readdirSync(root)
    .map((name) => join(root, name))
    .filter((path) => existsSync(join(path, 'ready.json')))
    .sort((left, right) => statSync(right).mtimeMs - statSync(left).mtimeMs);
  return { cache, uvx: join(cache, 'bin/uvx') };
}

/** Removes the records of the stand-in, which the plugin would take for those of its own worker. */
function forgetStandIn() {
  for (const name of ['worker.pid', 'supervisor.json']) rmSync(join(dataDir, name), { force: true });
}

/** Starts the worker that leaks on purpose. */
function standIn() {
  const { cache, uvx } = chromaOfTests();
  const script = join(folder, 'worker-service.mjs');
  copyFileSync('.ci/stand-in-worker.mjs', script);
  const chroma = [
    ...[uvx, '--offline', '--constraints', process.env.PLUGIN_CONSTRAINTS, '--with', 'onnxruntime>=1.20'],
    ...['--with', 'protobuf<7', '--from', 'chroma-mcp==0.2.6', 'chroma-mcp', '--client-type', 'persistent'],
    ...['--data-dir', join(dataDir, 'chroma')],
  ];
  const child = spawn(process.execPath, [script, dataDir, ...chroma], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
    env: { ...process.env, UV_CACHE_DIR: join(cache, 'uv-cache'), CLAUDE_MEM_DATA_DIR: dataDir },
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid,
    ask: async (command) => {
      child.stdin.write(`${command}\n`);
      return Number((await lines.next()).value);
    },
    tell: (command) => void child.stdin.write(`${command}\n`),
    end: () => void child.kill('SIGKILL'),
  };
}

function runInBackground(program, args) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.once('close', () => resolve(text));
  });
}
const pluginInBackground = (command) => runInBackground(...withArguments(pluginCommand(command)));
const withArguments = ([program, ...args]) => [program, args];
async function reapInBackground() {
  const text = await runInBackground(process.execPath, [
    ...['dist/cli.js', 'reap', '--yes', '--json', '--include', 'excess', '--data-dir', dataDir],
  ]);
  return JSON.parse(text);
}

mkdirSync(dataDir, { recursive: true });
const [, , , only] = process.argv;
for (const [title, check] of Object.entries(checks)) {
  if (only !== undefined && !title.includes(only)) continue;
  await noZombieWorker();
  await check();
  console.log(`ok  ${title}`);
}
