import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderGuardScript, type GuardScript } from '../../../src/core/guard/guard-script.ts';
import { createTempDir, tempDir } from '../../helpers/temp-dir.ts';
import { hostileName } from './hostile-paths.ts';

const SHELLS = ['/bin/sh', 'bash', 'busybox'].filter((shell) => spawnSync(shell, ['--help']).error === undefined);

/** Starts the program of the package: prints its arguments, one per line in JSON. */
const PROGRAM =
  '#!/usr/bin/env node\n// claude-mem-cli\nfor (const word of process.argv.slice(2)) console.log(JSON.stringify(word));\n';

interface Place {
  readonly home: string;
  readonly dataDir: string;
  readonly bin: string;
}

/** A home with a data dir, and a folder with Node.js. */
function aPlace(home = tempDir(), name = '.claude-mem'): Place {
  const dataDir = join(home, name);
  const bin = join(home, 'bin of node');
  mkdirSync(join(dataDir, 'guard'), { recursive: true });
  mkdirSync(bin, { recursive: true });
  symlinkSync(process.execPath, join(bin, 'node'));
  return { home, dataDir, bin };
}

function install(path: string, text = PROGRAM): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

function runScript({ home, dataDir, bin }: Place, more: Partial<GuardScript> = {}, shell = '/bin/sh') {
  const script = join(dataDir, 'guard', 'run.sh');
  const text = renderGuardScript({ dataDir, launcher: undefined, folders: [[bin]], include: [], ...more });
  writeFileSync(script, text);
  const argv = shell === 'busybox' ? ['busybox', 'sh', script] : [shell, script];
  const result = spawnSync(argv[0] ?? '', argv.slice(1), {
    encoding: 'utf8',
    env: { HOME: home, PATH: '/usr/bin:/bin' },
  });
  const problem = join(dataDir, 'guard', 'problem');
  return {
    words: result.stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as string])),
    ...{ status: result.status, stderr: result.stderr },
    problem: existsSync(problem) ? readFileSync(problem, 'utf8').trim() : undefined,
  };
}

describe.each(SHELLS)('the script of the guard in %s', (shell) => {
  test('it passes any data dir on as it is', () => {
    fc.assert(
      fc.property(hostileName, (name) => {
        const folder = createTempDir();
        try {
          const place = aPlace(folder.path, name);
          const launcher = install(join(place.home, 'l', 'claude-mem'));
          const { words, status, stderr } = runScript(place, { launcher, include: ['excess', 'observers'] }, shell);
          expect([words, status, stderr]).toEqual([
            ['guard', 'run', '--include', 'excess,observers', '--data-dir', place.dataDir],
            0,
            '',
          ]);
        } finally {
          folder.remove();
        }
      }),
      { numRuns: 12 },
    );
  });
});

describe('how the script finds claude-mem', () => {
  test('a version that an upgrade installed is found, the newest one first', () => {
    const place = aPlace();
    const versions = join(place.home, '.nvm', 'versions', 'node');
    for (const version of ['v20.19.0', 'v22.3.0']) {
      install(
        join(versions, version, 'bin', 'claude-mem'),
        PROGRAM.replace('argv.slice(2)', `argv.slice(2).concat('${version}')`),
      );
    }
    const { words } = runScript(place, { folders: [[`${versions}/v`, '/bin'], [place.bin]] });
    expect(words.at(-1)).toBe('v22.3.0');
  });

  test('a command of the same name from another package is never run', () => {
    const place = aPlace();
    install(join(place.bin, 'claude-mem'), '#!/bin/sh\ntouch "$HOME/was-run"\n');
    const { status, problem, stderr } = runScript(place);
    expect([status, problem, stderr]).toEqual([1, 'no-program', '']);
    expect(existsSync(join(place.home, 'was-run'))).toBe(false);
    const ours = install(join(place.home, '.local', 'bin', 'claude-mem'));
    expect(existsSync(ours)).toBe(true);
    expect(runScript(place)).toMatchObject({ status: 0, problem: undefined });
  });

  test('claude-mem-cli is found beside a claude-mem of another package', () => {
    const place = aPlace();
    install(join(place.bin, 'claude-mem'), '#!/bin/sh\ntouch "$HOME/was-run"\n');
    install(join(place.bin, 'claude-mem-cli'));
    expect(runScript(place)).toMatchObject({ status: 0, problem: undefined });
    expect(existsSync(join(place.home, 'was-run'))).toBe(false);
  });

  test('a recorded program that is gone makes it search', () => {
    const place = aPlace();
    install(join(place.bin, 'claude-mem'));
    expect(runScript(place, { launcher: '/nonexistent/claude-mem' })).toMatchObject({ status: 0 });
  });

  test('a shell script of pnpm is run by sh, with the chosen Node.js first on the PATH', () => {
    const place = aPlace();
    const program = install(join(place.home, 'store', 'claude-mem-cli', 'dist', 'cli.js'));
    install(join(place.bin, 'claude-mem'), `#!/bin/sh\nexec node ${program} "$@"\n`);
    expect(runScript(place).words).toEqual(['guard', 'run', '--data-dir', place.dataDir]);
  });

  test('a Node.js that is too old is passed over', () => {
    const place = aPlace();
    const old = install(join(place.home, 'old', 'node'), '#!/bin/sh\nexit 1\n');
    install(join(place.bin, 'claude-mem'));
    expect(runScript(place, { folders: [[dirname(old)], [place.bin]] })).toMatchObject({ status: 0 });
  });

  test('a missing Node.js is stored, and logged once', () => {
    const place = aPlace();
    const launcher = install(join(place.home, 'l', 'claude-mem'));
    // The usual folders of this machine may contain one.
    const without = (text: string) => text.replace('is_node() {', 'is_node() {\n  return 1');
    const script = join(place.dataDir, 'guard', 'run.sh');
    writeFileSync(script, without(renderGuardScript({ dataDir: place.dataDir, launcher, folders: [], include: [] })));
    for (let run = 0; run < 3; run += 1) {
      const { status, stdout, stderr } = spawnSync('/bin/sh', [script], {
        encoding: 'utf8',
        env: { PATH: '/usr/bin:/bin' },
      });
      expect([status, stdout, stderr]).toEqual([1, '', '']);
    }
    expect(readFileSync(join(place.dataDir, 'guard', 'problem'), 'utf8')).toBe('no-node\n');
    const lines = readFileSync(join(place.dataDir, 'logs', 'guard.log'), 'utf8')
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: 'error', role: 'guard', msg: 'The guard found no Node.js 20.19 or later' },
    ]);
  });

  test('a log that is a link of another file is not written', () => {
    const place = aPlace();
    const target = join(place.home, 'target');
    writeFileSync(target, 'as it was');
    mkdirSync(join(place.dataDir, 'logs'));
    symlinkSync(target, join(place.dataDir, 'logs', 'guard.log'));
    symlinkSync(target, join(place.dataDir, 'guard', 'problem'));
    runScript(place);
    expect(readFileSync(target, 'utf8')).toBe('as it was');
  });

  test('its exit code is the one of the run, and 2 is stored as a refusal', () => {
    const place = aPlace();
    const launcher = install(
      join(place.home, 'l', 'claude-mem'),
      '#!/usr/bin/env node\n// claude-mem-cli\nprocess.exitCode = 4;\n',
    );
    expect(runScript(place, { launcher })).toMatchObject({ status: 4, problem: undefined });
    install(launcher, '#!/usr/bin/env node\n// claude-mem-cli\nprocess.exitCode = 2;\n');
    expect(runScript(place, { launcher })).toMatchObject({ status: 1, problem: 'refused' });
  });
});
