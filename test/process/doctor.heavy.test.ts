// Machines with real faults and the output of `doctor` for each; a machine without faults has no findings.
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { identify, signalIfSame } from '../../scripts/leak/identity.mjs';
import { aHome, cli, deadTree, inShell, orphans, stored, TREE, writeManifest, writeTreeFile } from '../cli/scene.ts';
import { spawnPairs } from '../helpers/chroma-pairs.ts';
import { eventually } from '../helpers/eventually.ts';
import { startFixtureProcess } from '../helpers/fixture-process.ts';
import { freePort } from '../helpers/free-port.ts';
import { runMark } from '../helpers/run-mark.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { CHECKS } from '../../src/operations/doctor/checks/index.ts';
import { examine, expectCheck } from './doctor-run.ts';
import { pathWithoutSetpriv } from './parent-death.ts';
import { copyOfProgram } from './tree-harness.ts';

const CHECK_IDS = CHECKS.map(({ id }) => id);

const isRoot = process.geteuid?.() === 0;

/** A home with a valid data dir. */
function aPatient() {
  const home = aHome();
  mkdirSync(home.dataDir, { mode: 0o700 });
  return home;
}

/** Every file below a folder, with mode and content. */
function contentsOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const stats = statSync(path);
      return `${name} ${stats.mode} ${stats.isFile() ? readFileSync(path, 'latin1') : ''}`;
    });
}

describe('a machine without faults', () => {
  test('passes all checks of data dir and processes, and doctor writes nothing', async () => {
    const patient = aPatient();
    const before = contentsOf(patient.home);
    const port = { CLAUDE_MEM_WORKER_PORT: String(await freePort()) };
    const { report, of } = await examine(patient, [], { env: port });
    expect(report.checks.map(({ id }) => id)).toEqual(CHECK_IDS);
    for (const id of ['node', 'settings', 'data-dir', 'process-table', 'manifests', 'stale-entries', 'port'])
      expect(of(id)).toMatchObject({ status: 'pass', fix: null });
    for (const id of ['orphans', 'excess', 'zombies', 'vector-writers', 'other-installations', 'pm2', 'logs'])
      expect(of(id)).toMatchObject({ status: 'pass', fix: null });
    for (const id of ['supervisor', 'worker', 'search-server', 'version'])
      expect(of(id)).toMatchObject({ status: 'skip' });
    expect(contentsOf(patient.home)).toEqual(before);
  });

  test('needs no data dir, and doctor creates none', async () => {
    const patient = aHome();
    expect((await expectCheck(patient, 'data-dir', 'pass')).detail).toContain('does not exist yet');
    expect(existsSync(patient.dataDir)).toBe(false);
  });
});

describe('the data dir', () => {
  test('the data dir that is a file fails', async () => {
    const patient = aHome();
    writeFileSync(patient.dataDir, '');
    const { status, report, of } = await examine(patient, []);
    expect(status).toBe(1);
    expect(of('data-dir')).toMatchObject({ status: 'fail', detail: expect.stringContaining('is a file') as unknown });
    expect(of('orphans')).toMatchObject({ status: 'skip', detail: 'not checked: see data-dir' });
    expect(report.checks).toHaveLength(CHECK_IDS.length);
    // Checks that do not need the data dir still run.
    expect(of('node').status).toBe('pass');
  });

  test('the data dir that others can enter is a warning until --fix closes it', async () => {
    const patient = aPatient();
    chmodSync(patient.dataDir, 0o755);
    writeFileSync(join(patient.dataDir, 'token'), 'x', { mode: 0o644 });
    writeFileSync(join(patient.dataDir, 'worker.pid'), '{}', { mode: 0o644 });
    expect((await expectCheck(patient, 'data-dir', 'warn')).fix).toBe('claude-mem doctor --fix');
    expect((await examine(patient, ['data-dir', '--strict'])).status).toBe(1);
    const { report, of, status } = await examine(patient, ['data-dir', '--fix']);
    expect([status, of('data-dir').status]).toEqual([0, 'pass']);
    expect(report.fixed).toEqual([
      {
        id: 'data-dir',
        done: [patient.dataDir, join(patient.dataDir, 'token')].map(
          (path) => `Removed the permissions of other users from ${path}`,
        ),
        error: null,
      },
    ]);
    const modes = ['', 'token', 'worker.pid'].map((name) => statSync(join(patient.dataDir, name)).mode & 0o777);
    // The plugin's files keep their modes.
    expect(modes).toEqual([0o700, 0o600, 0o644]);
  });

  test.skipIf(!isRoot)(
    'the data dir of another user fails; --fix does nothing and exits with 2 (needs root)',
    async () => {
      const patient = aPatient();
      chownSync(patient.dataDir, 65_534, 65_534);
      expect((await expectCheck(patient, 'data-dir', 'fail')).detail).toContain('belongs to user id 65534');
      expect((await patient.run(['doctor', '--fix'])).status).toBe(2);
    },
  );

  test.skipIf(!isRoot)('on a full disk fails (needs root)', async (context) => {
    const patient = aPatient();
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', patient.dataDir]);
    if (mounted.status !== 0) context.skip('cannot mount a small file system');
    onTestFinished(() => void spawnSync('umount', [patient.dataDir]));
    await expectCheck(patient, 'disk-space', 'fail');
  });

  test('on a disk with space passes', async () => {
    await expectCheck(aPatient(), 'disk-space', 'pass');
  });
});

test('invalid settings fail, and checks that need them are skipped', async () => {
  const patient = aPatient();
  writeFileSync(join(patient.dataDir, 'config.json'), '{"CLAUDE_MEM_WORKER_PORT":"many"}');
  const { detail } = await expectCheck(patient, 'settings', 'fail');
  expect(detail).toContain('CLAUDE_MEM_WORKER_PORT is "many"');
  const { of, status } = await examine(patient, ['port']);
  expect([status, of('settings').status, of('port').status]).toEqual([1, 'fail', 'skip']);
});

describe('uvx', () => {
  test('uvx that is missing, or not at the configured path, fails', async () => {
    const nowhere = { env: { PATH: '/nonexistent', CLAUDE_MEM_UVX: '/nonexistent/uvx' } };
    expect((await expectCheck(aPatient(), 'uv', 'fail', nowhere)).fix).toContain('CLAUDE_MEM_UVX');
  });

  test('uvx that does not work fails', async () => {
    const uvx = script('uvx', '#!/bin/sh\necho broken >&2\nexit 3\n');
    expect((await expectCheck(aPatient(), 'uv', 'fail', { env: { CLAUDE_MEM_UVX: uvx } })).detail).toContain('broken');
  });

  const hasSystemUvx = ['/usr/local/bin', '/usr/bin', '/bin'].some((folder) => existsSync(join(folder, 'uvx')));
  test.skipIf(hasSystemUvx)(
    'uvx that a service would not find is a warning (needs a machine without a system-wide uvx)',
    async () => {
      const folder = tempDir();
      writeFileSync(join(folder, 'uvx'), '#!/bin/sh\necho "uvx 0.13.9"\n', { mode: 0o755 });
      const { detail, fix } = await expectCheck(aPatient(), 'uv', 'warn', { env: { PATH: `${folder}:/usr/bin:/bin` } });
      expect(detail).toContain('a service with a short PATH would not find it');
      expect(fix).toBe(`Set CLAUDE_MEM_UVX to ${join(folder, 'uvx')}`);
    },
  );

  test('uvx that hangs is an error at its deadline, affects no other check, and is ended', async () => {
    const pids = join(tempDir(), 'pids');
    const uvx = script('uvx', `#!/bin/sh\necho $$ >> ${pids}\nsleep 120 &\necho $! >> ${pids}\nwait\n`);
    const { status, of } = await examine(aPatient(), ['uv', 'node'], { env: { CLAUDE_MEM_UVX: uvx } });
    expect([status, of('uv').status, of('node').status]).toEqual([4, 'error', 'pass']);
    const started = readFileSync(pids, 'utf8').trim().split('\n').map(Number);
    expect(started).toHaveLength(2);
    await eventually('nothing of it runs', () => started.every((pid) => identify(pid) === undefined));
  });

  test('uvx is not needed if Chroma is switched off', async () => {
    await expectCheck(aPatient(), 'uv', 'skip', { env: { CLAUDE_MEM_CHROMA_ENABLED: 'false', PATH: '/nonexistent' } });
  });

  test('Ctrl-C ends the processes of a check', async () => {
    const pids = join(tempDir(), 'pids');
    const uvx = script('uvx', `#!/bin/sh\necho $$ >> ${pids}\nexec sleep 120\n`);
    const patient = aPatient();
    const env = { PATH: process.env.PATH, HOME: patient.home, CLAUDE_MEM_UVX: uvx, ...runMark() };
    const child = spawn(cli()[0]!, [...cli('doctor', 'uv').slice(1)], { env, stdio: 'ignore' });
    await eventually('it has started', () => existsSync(pids) && readFileSync(pids, 'utf8').includes('\n'));
    child.kill('SIGINT');
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(130);
    expect(identify(Number(readFileSync(pids, 'utf8')))).toBeUndefined();
  });
});

test('a missing embedding model fails', async () => {
  expect((await expectCheck(aPatient(), 'model', 'fail')).fix).toBe('claude-mem setup');
});

describe('the process table', () => {
  test.skipIf(!isRoot)(
    'the process table of another pid namespace is an error with exit code 4, and no check reports it as clean (needs root)',
    async () => {
      const patient = aPatient();
      const unshare = ['unshare', '--pid', '--fork', '--kill-child', ...cli('doctor', '--json', 'orphans')];
      const { stdout, status } = await inShell('exec "$@"', unshare, { home: patient.home });
      const { checks } = JSON.parse(stdout) as { checks: { id: string; status: string }[] };
      expect(checks.map(({ id, status: found }) => [id, found])).toEqual([
        ['process-table', 'error'],
        ['orphans', 'skip'],
      ]);
      expect(status).toBe(4);
    },
  );
});

describe('manifests', () => {
  test('a damaged one fails, and --fix sets it aside', async () => {
    const patient = aPatient();
    const file = writeTreeFile(patient.dataDir, `${TREE}.json`, '{"schemaVersion":1,');
    expect((await expectCheck(patient, 'manifests', 'fail')).detail).toContain(file);
    expect(existsSync(file)).toBe(true);
    const { report, of, status } = await examine(patient, ['manifests', '--fix']);
    expect([status, of('manifests').status]).toEqual([0, 'pass']);
    expect(report.fixed[0]).toMatchObject({
      id: 'manifests',
      done: [`Set aside a damaged manifest: ${file}.damaged-1`],
    });
    expect(readFileSync(`${file}.damaged-1`, 'utf8')).toBe('{"schemaVersion":1,');
  });

  test('one of a later version stays unchanged, even with --fix', async () => {
    const patient = aPatient();
    const file = writeTreeFile(patient.dataDir, `${TREE}.json`, JSON.stringify({ schemaVersion: 9, treeId: TREE }));
    await expectCheck(patient, 'manifests', 'warn');
    expect((await examine(patient, ['manifests', '--fix'])).report.fixed).toEqual([
      { id: 'manifests', done: [], error: null },
    ]);
    expect(existsSync(file)).toBe(true);
  });

  test('a folder that cannot be listed is an error with exit code 4, also for dependent checks', async () => {
    const patient = aPatient();
    writeFileSync(join(patient.dataDir, 'trees'), '');
    await expectCheck(patient, 'manifests', 'error');
    const { of, status } = await examine(patient, ['orphans']);
    expect([status, of('orphans').status, of('manifests').status]).toEqual([4, 'error', 'error']);
  });

  test('stale entries are a warning, and --fix ends them', async () => {
    const patient = aPatient();
    const file = deadTree(patient.dataDir);
    expect((await expectCheck(patient, 'stale-entries', 'warn')).detail).toContain('1 stale entry (supervisor pid');
    const { report, of } = await examine(patient, ['stale-entries', '--fix']);
    expect(of('stale-entries').status).toBe('pass');
    expect(report.fixed[0]?.done).toContain('Ended 1 stale entry.');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ retiredAt: expect.any(String) as unknown });
  });

  test('--fix ends no process: orphans of a dead tree keep running and are named', async () => {
    const patient = aPatient();
    const leak = await orphans(patient.dataDir);
    const { of, status } = await examine(patient, ['--fix']);
    expect(status).toBe(1);
    expect(of('orphans').fix).toBe('claude-mem reap');
    expect(leak.pids.every((pid) => identify(pid) !== undefined)).toBe(true);
  });
});

describe('processes', () => {
  test('real orphans fail, with the command that ends them', async () => {
    const patient = aPatient();
    const { pids } = await orphans(patient.dataDir);
    const result = await expectCheck(patient, 'orphans', 'fail');
    expect(result).toMatchObject({
      fix: 'claude-mem reap',
      detail: expect.stringMatching(
        /^1 chroma-mcp \(uv \+ python\) using .+, left by pid \d+, which is gone$/,
      ) as unknown,
    });
    for (const pid of pids) expect(result.detail).toContain(String(pid));
  });

  test('the suggested commands repeat the given data dir', async () => {
    const patient = aPatient();
    await orphans(patient.dataDir);
    const { of } = await examine(aHome(), ['orphans', '--data-dir', patient.dataDir]);
    expect(of('orphans').fix).toBe(`claude-mem reap --data-dir ${patient.dataDir}`);
  });

  test('a process released by its live owner is reported as excess', async () => {
    const patient = aPatient();
    const { pairs, parent, cleanup } = await spawnPairs({
      dataDir: patient.dataDir,
      count: 1,
      marks: { treeId: TREE },
    });
    onTestFinished(cleanup);
    const [root, wrapper] = [stored(parent), stored(pairs[0]!.wrapper)];
    const at = wrapper.startedAt;
    writeManifest(patient.dataDir, {
      entries: [
        { role: 'supervisor', identity: root, command: ['node'], registeredAt: at },
        { role: 'chroma-sync', identity: wrapper, owner: root, command: ['uv'], registeredAt: at, endedAt: at },
      ],
    });
    await eventually(
      'it is old enough',
      async () => (await examine(patient, ['excess'])).of('excess').status === 'fail',
      {
        withinMs: 20_000,
      },
    );
    expect((await expectCheck(patient, 'excess', 'fail')).fix).toBe('claude-mem reap --include excess');
  });

  test('a real zombie of the tree is reported', async () => {
    const patient = aPatient();
    const pids = join(patient.home, 'pids');
    const parent = spawn('sh', ['-c', `(exec sleep 60) & echo $! > ${pids}; exec sleep 60`], {
      env: { ...process.env, ...runMark() },
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const alive = await eventually('the child runs', () =>
      existsSync(pids) ? identify(Number(readFileSync(pids, 'utf8'))) : undefined,
    );
    const owner = stored(identify(parent.pid!)!);
    writeManifest(patient.dataDir, {
      entries: [
        { role: 'supervisor', identity: owner, command: ['sh'], registeredAt: owner.startedAt },
        { role: 'worker', identity: stored(alive), owner, command: ['sleep'], registeredAt: owner.startedAt },
      ],
    });
    await expectCheck(patient, 'zombies', 'pass');
    signalIfSame(alive, 'SIGKILL');
    await eventually('it has ended', () => identify(alive.pid) === undefined);
    expect((await expectCheck(patient, 'zombies', 'warn')).detail).toContain(`pid ${parent.pid!} (sleep)`);
  });

  test('two chroma-mcp on one directory fail, and one passes', async () => {
    const patient = aPatient();
    const one = await spawnPairs({ dataDir: patient.dataDir, folder: 'chroma' });
    onTestFinished(one.cleanup);
    expect((await expectCheck(patient, 'vector-writers', 'pass')).detail).toBe('one each');
    const two = await spawnPairs({ dataDir: patient.dataDir, folder: 'chroma' });
    onTestFinished(two.cleanup);
    const { detail } = await expectCheck(patient, 'vector-writers', 'fail');
    for (const { pairs } of [one, two]) expect(detail).toContain(String(pairs[0]!.python.pid));
  });

  test('a live installation of another kind is reported', async () => {
    const patient = aPatient();
    const { pid } = await startFixtureProcess({ scriptName: 'worker-service.cjs' });
    const record = { pid, port: 37_777, startedAt: new Date().toISOString(), startToken: identify(pid)!.start };
    writeFileSync(join(patient.dataDir, 'worker.pid'), JSON.stringify(record));
    expect((await expectCheck(patient, 'other-installations', 'warn')).detail).toContain(`pid ${pid}`);
  });

  test('a worker under a PM2 daemon and in its saved list is reported', async () => {
    const patient = aPatient();
    const folder = tempDir();
    const worker = join(folder, 'worker-service.cjs');
    writeFileSync(worker, 'setTimeout(() => {}, 60_000);\n');
    const daemon = join(folder, 'daemon.cjs');
    // The name PM2 7 gives itself; it starts its apps under their own names.
    writeFileSync(
      daemon,
      `process.title = 'PM2 v7.0.4: God Daemon (/home/u/.pm2)';
      const child = require('node:child_process').spawn(process.execPath, [${JSON.stringify(worker)}]);
      process.on('SIGTERM', () => { child.kill('SIGKILL'); process.exit(0); });
      require('node:fs').writeFileSync(${JSON.stringify(join(folder, 'pid'))}, String(child.pid) + '\\n');
      setTimeout(() => child.kill('SIGKILL') && process.exit(0), 60_000);`,
    );
    const pm2 = spawn(process.execPath, [daemon], { env: { ...process.env, ...runMark() }, stdio: 'ignore' });
    const ended = new Promise((resolve) => pm2.once('exit', resolve));
    onTestFinished(async () => {
      pm2.kill('SIGTERM');
      await ended;
    });
    await eventually('it has started', () => existsSync(join(folder, 'pid')));
    const { detail } = await expectCheck(patient, 'pm2', 'warn');
    expect(detail).toContain(`PM2 (pid ${pm2.pid!}) runs pid ${readFileSync(join(folder, 'pid'), 'utf8').trim()}`);
  });

  test('an app in the saved list of PM2 is reported', async () => {
    const patient = aPatient();
    mkdirSync(join(patient.home, '.pm2'));
    const list = [{ name: 'web' }, { name: 'claude-mem-worker' }];
    writeFileSync(join(patient.home, '.pm2', 'dump.pm2'), JSON.stringify(list));
    const { detail, fix } = await expectCheck(patient, 'pm2', 'warn');
    expect(detail).toContain('starts claude-mem-worker at the next boot');
    expect(fix).toContain('pm2 delete claude-mem-worker');
  });
});

test('a port held by another program fails and names that program', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const env = { CLAUDE_MEM_WORKER_PORT: String(port) };
  const { detail, fix } = await expectCheck(aPatient(), 'port', 'fail', { env });
  expect(detail).toContain(`port ${port} is taken by pid ${process.pid} (`);
  expect(fix).toMatch(/^claude-mem start --port \d+ {2}\(or end that process\)$/);
});

describe('the check of the machine', () => {
  test('passes with all safety features', async (context) => {
    if (spawnSync('setpriv', ['--pdeathsig', 'TERM', '--', 'true']).status !== 0)
      context.skip('no setpriv of util-linux');
    await expectCheck(aPatient(), 'guards', 'pass');
  });

  test('warns without setpriv', async () => {
    const { detail } = await expectCheck(aPatient(), 'guards', 'warn', { env: { PATH: pathWithoutSetpriv() } });
    expect(detail).toContain('no parent-death signal');
  });

  test('warns without koffi', async () => {
    const patient = aPatient();
    const program = copyOfProgram({ koffi: false });
    const { stdout } = await inShell('exec "$@"', [process.execPath, program, 'doctor', 'guards', '--json'], {
      home: patient.home,
    });
    expect(stdout).toContain('no koffi');
  });

  test('warns if few files may be open', async () => {
    const { home } = aPatient();
    const limited = (most: number) =>
      inShell(`ulimit -n ${most}; exec "$@"`, cli('doctor', 'limits', '--json'), { home });
    expect((await limited(100)).stdout).toContain('"status":"fail"');
    expect((await limited(4_096)).stdout).toContain('"status":"pass"');
  });

  test.skipIf(!isRoot)(
    'warns if /proc reports that memory is exhausted, and passes otherwise (needs root)',
    async () => {
      const { home } = aPatient();
      const says = async (availableKb: number) => {
        const file = join(home, `meminfo-${availableKb}`);
        const lines = [`MemTotal: 16000000 kB`, `MemAvailable: ${availableKb} kB`, 'SwapTotal: 0 kB', 'SwapFree: 0 kB'];
        writeFileSync(file, `${lines.join('\n')}\n`);
        // Values of a container (lxcfs) appear in the same way.
        const script = `mount --bind ${file} /proc/meminfo && exec "$@"`;
        const args = ['unshare', '--mount', 'bash', '-c', script, 'bash', ...cli('doctor', 'machine-memory', '--json')];
        return (await inShell('exec "$@"', args, { home })).stdout;
      };
      expect(await says(200_000)).toContain('"status":"fail"');
      expect(await says(600_000)).toContain('"status":"warn"');
      expect(await says(9_000_000)).toContain('"status":"pass"');
    },
  );

  test('reports the memory of the machine', async () => {
    const { of } = await examine(aPatient(), ['machine-memory']);
    expect(of('machine-memory').detail).toMatch(/ of .* available, /);
  });
});

test('reports an error in the last lines of the logs', async () => {
  const patient = aPatient();
  mkdirSync(join(patient.dataDir, 'logs'));
  const record = { level: 'error', time: '2026-11-25T10:00:00.000Z', role: 'worker', pid: 7, msg: 'the disk is gone' };
  writeFileSync(join(patient.dataDir, 'logs', 'worker.log'), `${JSON.stringify(record)}\n`);
  expect((await expectCheck(patient, 'logs', 'warn')).detail).toContain('the disk is gone (worker 2026-11-25');
});

function script(name: string, text: string): string {
  const file = join(tempDir(), name);
  writeFileSync(file, text, { mode: 0o755 });
  return file;
}
