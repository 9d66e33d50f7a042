import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CLI, runProgram } from '../helpers/run-cli.ts';
import { aHome, asNobody, expectGone, homeAt, noOtherUser, orphans } from './scene.ts';
import { tempDir } from '../helpers/temp-dir.ts';

/** Programs of a machine with systemd and cron, that keep their state in files of the home. The real ones are never called. */
const FAKES: Readonly<Record<string, string>> = {
  crontab: `case $1 in
    -l) if [ -f "$HOME/crontab" ]; then cat "$HOME/crontab"; else echo "no crontab for u" >&2; exit 1; fi ;;
    -r) rm "$HOME/crontab" ;;
    *) cat > "$HOME/crontab" ;;
  esac`,
  systemctl: `[ ! -f "$HOME/no-systemd" ] || { echo "Failed to connect to bus" >&2; exit 1; }
    case "$*" in
      *" restart "*) : > "$HOME/active" ;;
      *" disable "*) rm -f "$HOME/active" ;;
      *ActiveState*) if [ -f "$HOME/active" ]; then echo ActiveState=active; else echo ActiveState=inactive; fi ;;
      *list-timers*) echo '[{"next":1800000000000000}]' ;;
    esac`,
  loginctl: 'echo Linger=no',
};

function aMachine({ name, systemd = true }: { readonly name?: string; readonly systemd?: boolean } = {}) {
  const home = name === undefined ? tempDir() : join(tempDir(), name);
  mkdirSync(home, { recursive: true });
  const bin = join(tempDir(), 'bin');
  mkdirSync(bin);
  for (const [program, script] of Object.entries(FAKES)) {
    writeFileSync(join(bin, program), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, program), 0o755);
  }
  if (!systemd) writeFileSync(join(home, 'no-systemd'), '');
  const env = { PATH: `${bin}:${process.env.PATH ?? ''}` };
  const { dataDir, run } = homeAt(home);
  const guard = (...args: readonly string[]) => run(['guard', ...args], { env });
  const guardJson = async (...args: readonly string[]) => {
    const { stdout, status } = await guard(...args, '--json');
    return { status, report: JSON.parse(stdout) as Record<string, unknown> };
  };
  const doctor = () => run(['doctor', 'guard', '--json'], { env });
  const runScript = () =>
    runProgram('/bin/sh', [join(dataDir, 'guard', 'run.sh')], { home, env: { PATH: '/usr/bin:/bin' } });
  return { home, dataDir, bin, env, guard, guardJson, doctor, runScript };
}

const crontabOf = (home: string) => readFileSync(join(home, 'crontab'), 'latin1');

describe('guard install', () => {
  test('it prints every file that it writes, and status shows a healthy guard', async () => {
    const { home, dataDir, guard, guardJson, doctor } = aMachine();
    const { status, stdout, stderr } = await guard('install');
    expect([status, stderr.includes('only while you are logged in')]).toEqual([0, true]);
    expect(stdout).toContain('\nUndo:       claude-mem guard remove\n');
    const { report } = await guardJson('status');
    const files = report.files as readonly string[];
    expect(files[0]).toBe(join(dataDir, 'guard', 'run.sh'));
    expect(files.map((file) => file.replace(/-[0-9a-f]{8}/, ''))).toEqual([
      join(dataDir, 'guard', 'run.sh'),
      join(home, '.config/systemd/user/claude-mem-guard.service'),
      join(home, '.config/systemd/user/claude-mem-guard.timer'),
    ]);
    for (const file of files) {
      expect(stdout).toContain(`Wrote ${file}:\n`);
      const shown = stdout.replace(/^ {2}/gm, '');
      expect(shown).toContain(readFileSync(file, 'utf8').trimEnd());
    }
    expect(await guard('status')).toMatchObject({ status: 0 });
    expect(JSON.parse((await doctor()).stdout)).toMatchObject({ checks: [{ id: 'guard', status: 'pass' }] });
  });

  test('a dry run prints the same files and creates nothing, not even the data dir', async () => {
    const { home, guard } = aMachine();
    const before = readdirSync(home);
    const { status, stdout } = await guard('install', '--dry-run');
    expect([status, stdout.includes('Would write '), stdout.includes('OnUnitActiveSec=600')]).toEqual([0, true, true]);
    expect(readdirSync(home)).toEqual(before);
  });

  test('the entry of no scheduler has a path of Node.js or of the package', async () => {
    const { home, guard } = aMachine();
    await guard('install');
    const folder = join(home, '.config/systemd/user');
    const units = readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('');
    await guard('install', '--scheduler', 'cron');
    for (const part of [dirname(process.execPath), dirname(CLI), 'cli.js', 'node']) {
      expect(units).not.toContain(part);
      expect(crontabOf(home)).not.toContain(part);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test('cron takes its place where systemd does not answer, and other lines stay byte for byte', async () => {
    const { home, guard } = aMachine({ systemd: false });
    const before = '# mine \xff\nSHELL=/bin/sh\n*/5 * * * * echo 5\\%';
    writeFileSync(join(home, 'crontab'), before, 'latin1');
    expect((await guard('install', '--scheduler', 'cron', '--every', '1h', '--include', 'excess')).status).toBe(0);
    expect(crontabOf(home)).toMatch(
      /\n0 \* \* \* \* \/bin\/sh -c 'f=.*guard\/run\.sh.*\n# END claude-mem-guard-[0-9a-f]{8}\n$/,
    );
    expect(readFileSync(join(home, '.claude-mem/guard/run.sh'), 'utf8')).toContain('guard run --include excess');
    expect((await guard('remove')).status).toBe(0);
    expect(crontabOf(home)).toBe(before);
  });

  test.each([
    [['install', '--every', '30s'], '--every must be between 1m and 1d'],
    [['install', '--every', '7m', '--scheduler', 'cron'], 'cron cannot run a command every 7m'],
    [['install', '--scheduler', 'launchd'], 'this system has no launchd'],
    [['install', '--include', 'managed'], 'The possible values are: excess, observers'],
    [['status', '--every', '1h'], '--every has no meaning for this action'],
    [['start'], "argument value 'start' is invalid"],
    [[], "missing required argument 'action'"],
  ])('wrong usage changes nothing: %s', async (args, message) => {
    const { home, guard } = aMachine();
    const before = readdirSync(home);
    const { status, stderr, stdout } = await guard(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(readdirSync(home)).toEqual(before);
  });

  test('a program in the cache of npx is named as one that may vanish', async () => {
    const { home, env } = aMachine();
    const program = join(home, '.npm/_npx/0a1b/node_modules/claude-mem-cli/dist/cli.js');
    cpSync(dirname(CLI), dirname(program), { recursive: true });
    const { status, stdout, stderr } = await runProgram(process.execPath, [program, 'guard', 'install', '--dry-run'], {
      home,
      env,
    });
    expect([status, stdout.includes(`launcher=${program}`)]).toEqual([0, true]);
    expect(stderr).toContain('npm install -g claude-mem-cli');
  });

  test('a crontab that cannot be read is an error, and stays', async () => {
    const { home, bin, guard, dataDir } = aMachine({ systemd: false });
    writeFileSync(
      join(bin, 'crontab'),
      '#!/bin/sh\ntouch "$HOME/was-called-$1"\necho "you are not allowed" >&2\nexit 1\n',
    );
    const { status, stderr } = await guard('install', '--scheduler', 'cron');
    expect([status, stderr.includes('crontab -l failed: you are not allowed')]).toEqual([1, true]);
    expect(readdirSync(home).filter((name) => name.startsWith('was-called'))).toEqual(['was-called--l']);
    expect(existsSync(dataDir)).toBe(false);
  });

  const notHere = noOtherUser();
  test.skipIf(notHere !== undefined)('a data dir of another user is refused with 2', async () => {
    const { dataDir, env } = aMachine();
    mkdirSync(dataDir, { mode: 0o755 });
    chmodSync(dirname(dataDir), 0o755);
    const home = tempDir();
    chmodSync(home, 0o777);
    for (const action of ['install', 'run', 'remove']) {
      const [file = '', ...words] = asNobody();
      const { status, stderr } = await runProgram(file, [...words, 'guard', action, '--data-dir', dataDir], {
        home,
        env,
        cwd: '/',
      });
      expect([action, status, stderr.includes('belongs to user id')]).toEqual([action, 2, true]);
    }
    expect(readdirSync(dataDir)).toEqual([]);
  });

  test('a guard folder that others can write stops every run', async () => {
    const { dataDir, guard } = aMachine();
    await guard('install');
    chmodSync(dataDir, 0o755);
    chmodSync(join(dataDir, 'guard'), 0o777);
    expect((await guard('run')).status).toBe(2);
  });

  test('a folder of units that cannot be written fails without a trace', async () => {
    const { home, dataDir, guard } = aMachine();
    writeFileSync(join(home, '.config'), '');
    const { status, stderr } = await guard('install', '--scheduler', 'systemd');
    expect([status, stderr.includes('.config')]).toEqual([1, true]);
    expect(existsSync(join(dataDir, 'guard'))).toBe(false);
  });
});

describe('guard run', () => {
  test('it is silent with nothing to do, and stores the run', async () => {
    const { dataDir, guard, guardJson } = aMachine();
    mkdirSync(dataDir, { mode: 0o700 });
    expect(await guard('run')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(existsSync(join(dataDir, 'logs'))).toBe(false);
    expect((await guardJson('status')).report).toMatchObject({
      state: 'not-installed',
      runs: 1,
      lastRun: { result: 'ok', endedCount: 0 },
    });
  });

  test('a data dir that does not exist is wrong usage, and is not created', async () => {
    const { dataDir, guard } = aMachine();
    expect((await guard('run', '--data-dir', dataDir)).status).toBe(2);
    expect(existsSync(dataDir)).toBe(false);
  });

  test('the installed script ends orphans, and status shows them', async () => {
    const { dataDir, guard, guardJson, runScript } = aMachine();
    await guard('install');
    const left = await orphans(dataDir);
    const bystander = await orphans(aHome().dataDir);
    const { status, stdout, stderr } = await runScript();
    expect([status, stderr]).toEqual([0, '']);
    for (const pid of left.pids) expect(stdout).toMatch(new RegExp(`${pid}, orphan, .*: exited`));
    await expectGone(left);
    expect(bystander.pids.every((pid) => existsSync(`/proc/${pid}`))).toBe(true);
    const shown = await guardJson('status');
    expect(shown).toMatchObject({ status: 0, report: { state: 'healthy', lastRun: { endedCount: 2 }, endedTotal: 2 } });
    expect((await guard('status')).stdout).toMatch(/Last run: .*ended 2 processes \(\d+ kB\)/);
    expect(
      readFileSync(join(dataDir, 'logs', 'guard.log'), 'utf8')
        .trim()
        .split('\n'),
    ).toHaveLength(2);
    expect(await runScript()).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect((await guard('status')).stdout).toMatch(/Last leak: .*ended 2 processes/);
  });

  test.each(['with space', 'a %h $HOME \'q\' "d" \\ ä\nb'])('it works in a home of any name: %j', async (name) => {
    const { dataDir, guard, runScript } = aMachine({ name, systemd: false });
    expect((await guard('install', '--scheduler', 'cron')).status).toBe(0);
    const left = await orphans(dataDir);
    const [, command = ''] = /^\S+ \S+ \* \* \* (.*)$/m.exec(crontabOf(dirname(dataDir))) ?? [];
    expect(command).not.toMatch(/%|\\\\|[^ -~]/);
    const ran = await runProgram('/bin/sh', ['-c', command], {
      home: dirname(dataDir),
      env: { PATH: '/usr/bin:/bin' },
    });
    expect([ran.status, ran.stderr]).toEqual([0, '']);
    await expectGone(left);
    expect(await runScript()).toMatchObject({ status: 0 });
  });

  test('a symlinked data dir is one guard under both names', async () => {
    const { home, dataDir, guard, guardJson } = aMachine({ systemd: false });
    mkdirSync(dataDir, { mode: 0o700 });
    symlinkSync(dataDir, join(home, 'link'));
    await guard('install', '--scheduler', 'cron');
    const second = await guard('install', '--scheduler', 'cron', '--data-dir', join(home, 'link'));
    expect(second.stdout).toContain(`Undo:       claude-mem guard remove --data-dir ${join(home, 'link')}\n`);
    expect(crontabOf(home).match(/^# BEGIN/gm)).toHaveLength(1);
    expect((await guardJson('status', '--data-dir', join(home, 'link'))).report.scheduler).toBe('cron');
  });
});

describe('an upgrade', () => {
  test('a program and a Node.js that moved to another version are found again', async () => {
    const { home, dataDir, env, guard, runScript, guardJson } = aMachine();
    const versions = join(home, '.nvm/versions/node');
    const old = join(versions, 'v20.19.0');
    const install = (folder: string) => {
      mkdirSync(join(folder, 'bin'), { recursive: true });
      symlinkSync(process.execPath, join(folder, 'bin/node'));
      symlinkSync(CLI, join(folder, 'bin/claude-mem'));
    };
    install(old);
    const path = `${join(old, 'bin')}:${env.PATH}`;
    const ran = await runProgram(join(old, 'bin/claude-mem'), ['guard', 'install'], { home, env: { PATH: path } });
    expect(ran.status).toBe(0);
    expect(readFileSync(join(dataDir, 'guard/run.sh'), 'utf8')).not.toContain('v20.19.0');
    expect((await runScript()).status).toBe(0);
    rmSync(old, { recursive: true });
    install(join(versions, 'v22.9.0'));
    expect((await runScript()).status).toBe(0);
    expect((await guardJson('status')).report).toMatchObject({ state: 'healthy', runs: 2 });
    rmSync(join(versions, 'v22.9.0'), { recursive: true });
    expect((await runScript()).status).toBe(1);
    expect(await guardJson('status')).toMatchObject({
      status: 1,
      report: { state: 'broken', problems: [expect.stringContaining('did not find claude-mem-cli') as string] },
    });
    expect((await guard('status')).stdout).toContain('did not find claude-mem-cli');
  });
});

describe('guard remove', () => {
  test('nothing of the guard is left but its log, and a second removal has nothing to do', async () => {
    const { home, dataDir, guard, runScript, guardJson } = aMachine();
    await guard('install');
    await orphans(dataDir);
    await runScript();
    expect((await guard('remove', '--dry-run')).stdout).toContain('Would remove the guard from systemd');
    const { status, stdout, stderr } = await guard('remove');
    expect([status, stdout.includes('.timer'), stderr.includes(join(dataDir, 'logs/guard.log'))]).toEqual([
      0,
      true,
      true,
    ]);
    expect(existsSync(join(dataDir, 'guard'))).toBe(false);
    expect(readdirSync(join(home, '.config/systemd/user'))).toEqual([]);
    expect(await guard('remove')).toMatchObject({ status: 0, stdout: 'No guard is installed for this data dir.\n' });
    expect((await guardJson('status')).status).toBe(3);
  });

  test('an entry whose data dir lost its record is found and removed', async () => {
    const { home, dataDir, guard, guardJson } = aMachine({ systemd: false });
    await guard('install', '--scheduler', 'cron');
    rmSync(join(dataDir, 'guard'), { recursive: true });
    expect(await guardJson('status')).toMatchObject({ status: 1, report: { state: 'broken' } });
    await guard('remove');
    expect(existsSync(join(home, 'crontab'))).toBe(false);
  });
});
