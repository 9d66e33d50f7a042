import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HOOK_SCRIPT, isNewerHookScript } from '../../../src/core/hooks/hook-script.ts';
import { createTempDir, tempDir } from '../../helpers/temp-dir.ts';
import { hostileName } from '../guard/hostile-paths.ts';
import { hookPlace, LOST, STORED } from './hook-place.ts';
import { shellsOfSystems } from './shells.ts';

const SHELLS = shellsOfSystems();
const [DASH] = SHELLS;

describe.each(SHELLS)('the hook script in $name', (shell) => {
  test(`stores each input whole, in order and privately, and prints nothing in ${shell.name}`, (context) => {
    if (shell.missing !== undefined) context.skip(shell.missing);
    const { run, inputs, spool } = hookPlace(shell);
    const texts = ['{"a":"\\u0000 \\\\ $HOME `id`"}\n', 'ä\u{1f600}', '-n', 'x'.repeat(200_000)];
    for (const stdin of texts) expect(run({ stdin })).toEqual(STORED);
    expect(inputs()).toEqual(texts);
    expect(statSync(spool).mode & 0o777).toBe(0o700);
    expect(readdirSync(spool)).toEqual(['0.hook', '1.hook', '2.hook', '3.hook']);
    for (const name of readdirSync(spool)) expect(statSync(join(spool, name)).mode & 0o777).toBe(0o600);
  });

  test(`stores nothing of an excluded project in ${shell.name}`, (context) => {
    if (shell.missing !== undefined) context.skip(shell.missing);
    const { run, inputs, spool, dataDir } = hookPlace(shell);
    const home = tempDir();
    const at = (name: string) => join(home, name);
    for (const name of ['shop/.git', 'shop/src', 'blog', 'clients/a b', 'clients-old'])
      mkdirSync(at(name), { recursive: true });
    symlinkSync(at('clients'), at('link'));
    const isStored = (cwd: string, env: Record<string, string> = {}) => {
      rmSync(spool, { recursive: true, force: true });
      const result = run({ cwd: at(cwd), env: { HOME: home, ...env }, stdin: 'x'.repeat(200_000) });
      expect(result).toEqual(STORED);
      return existsSync(spool) && inputs().length > 0;
    };
    const excludes = (list: string) => {
      writeFileSync(join(dataDir, 'bin', 'excluded-projects'), `${list}\n`);
    };
    expect(isStored('shop/src')).toBe(true);
    excludes(` shop , ~/clients/,${at('blog')}//`);
    const stored = ['shop', 'shop/src', 'blog', 'clients/a b', 'clients', 'link/a b', 'clients-old', '.'].filter(
      (cwd) => isStored(cwd),
    );
    expect(stored).toEqual(['clients-old', '.']);
    expect(isStored('shop', { CLAUDE_MEM_EXCLUDED_PROJECTS: 'blog' })).toBe(true);
    expect(isStored('blog', { CLAUDE_MEM_EXCLUDED_PROJECTS: 'blog' })).toBe(false);
    expect(isStored('clients-old', { CLAUDE_PROJECT_DIR: at('shop') })).toBe(false);
    excludes('$(touch x),`x`,*,"');
    expect(isStored('shop')).toBe(true);
    excludes('/');
    expect(isStored('shop')).toBe(false);
  });

  test(`stores nothing of an excluded project however its folder and the list are written in ${shell.name}`, (context) => {
    if (shell.missing !== undefined) context.skip(shell.missing);
    const { run, inputs, spool } = hookPlace(shell);
    const home = tempDir();
    for (const name of ['secret/.git', 'open/.git']) mkdirSync(join(home, name), { recursive: true });
    symlinkSync(join(home, 'secret'), join(home, 'link'));
    const isStored = (list: string, projectDir: string) => {
      rmSync(spool, { recursive: true, force: true });
      const env = { HOME: home, CLAUDE_MEM_EXCLUDED_PROJECTS: list, CLAUDE_PROJECT_DIR: projectDir };
      expect(run({ cwd: join(home, 'open'), env })).toEqual(STORED);
      return existsSync(spool) && inputs().length > 0;
    };
    const lists = [
      ...[
        'x,\tsecret',
        '\n secret\r\n',
        'x,\u00A0\u2003\uFEFFsecret\u3000',
        '["x", "secret"]',
        '~/secret/.',
        '~/x/../secret',
      ],
      ...['~/link', `${home}//secret`],
    ];
    const stored = lists.filter((list) => isStored(list, join(home, 'secret')));
    expect(stored).toEqual([]);
    const folders = [
      'link',
      'link/',
      'secret/',
      'secret//',
      'open/../secret',
      'gone/../secret',
      './secret/.',
      '../x/secret',
    ];
    expect(folders.filter((folder) => isStored('secret', `${home}/${folder}`))).toEqual([]);
    expect(folders.slice(0, -1).filter((folder) => isStored('~/secret', `${home}/${folder}`))).toEqual([]);
    expect(['../secret', 'gone/secret', '-', '/'].filter((folder) => isStored('~/secret', folder))).toEqual([
      ...['gone/secret', '-', '/'],
    ]);
    expect([isStored('gone', `${home}/gone/`), isStored('unnamed', '/'), isStored('other', `${home}/gone`)]).toEqual([
      ...[false, false, true],
    ]);
  });

  test(`works in a data dir of any name in ${shell.name}`, (context) => {
    if (shell.missing !== undefined) context.skip(shell.missing);
    fc.assert(
      fc.property(hostileName, (name) => {
        const folder = createTempDir();
        try {
          const { run, inputs } = hookPlace(shell, join(folder.path, name));
          expect([run({ stdin: name }), inputs()]).toEqual([STORED, [name]]);
        } finally {
          folder.remove();
        }
      }),
      { numRuns: 8, examples: [['it\'s $(touch x) `y` "z"\n']] },
    );
  });

  test(`exits with 1 and one line for an event that it cannot store in ${shell.name}`, (context) => {
    if (shell.missing !== undefined) context.skip(shell.missing);
    const { run, inputs, spool, dataDir } = hookPlace(shell);
    expect(run({ stdin: '' })).toEqual(LOST);
    expect(run({ redirections: '<&-' })).toEqual(LOST);
    expect(run({ redirections: '</' })).toEqual(LOST);
    expect(run({ stdin: 'x'.repeat(100_000), first: 'ulimit -f 8; ' })).toEqual(LOST);
    expect(run({ stdin: '', redirections: '2>&-' })).toEqual({ ...STORED, status: 1 });
    expect(run({ redirections: '>&- 2>&-' })).toEqual(STORED);
    expect(inputs()).toEqual(['{}']);
    for (const name of readdirSync(spool).filter((one) => one.endsWith('.new')))
      expect(statSync(join(spool, name)).size).toBe(0);
    rmSync(spool, { recursive: true });
    symlinkSync(tempDir(), spool);
    expect(run()).toEqual(LOST);
    rmSync(spool);
    writeFileSync(spool, 'a file');
    expect(run()).toEqual(LOST);
    rmSync(spool);
    mkdirSync(join(spool, '0.hook'), { recursive: true });
    writeFileSync(join(spool, 'first-number'), 'x'.repeat(100));
    symlinkSync('/nonexistent/target', join(spool, '1.hook'));
    expect([run(), existsSync(join(dataDir, 'spool', '1.hook'))]).toEqual([STORED, true]);
  });

  test(`uses no number below first-number, and none that is claimed, in ${shell.name}`, (context) => {
    if (shell.missing !== undefined) context.skip(shell.missing);
    const { run, spool } = hookPlace(shell);
    mkdirSync(spool);
    writeFileSync(join(spool, 'first-number'), '1000\n');
    for (let number = 1_000; number < 1_100; number += 1)
      writeFileSync(join(spool, number % 3 === 0 ? `.${number}.new` : `${number}.hook`), '');
    expect(run()).toEqual(STORED);
    expect(readFileSync(join(spool, '1100.hook'), 'utf8')).toBe('{}');
  });

  test(`a first-number that is damaged or no file counts as 0, and never as an error, in ${shell.name}`, (context) => {
    if (shell.missing !== undefined) context.skip(shell.missing);
    for (const text of ['08', '012', '0x10', '-1', '1e3', '9'.repeat(16), '']) {
      const { run, spool, inputs } = hookPlace(shell);
      mkdirSync(spool);
      writeFileSync(join(spool, 'first-number'), `${text}\n`);
      expect([text, run(), inputs()]).toEqual([text, STORED, ['{}']]);
    }
    const { run, spool, inputs } = hookPlace(shell);
    mkdirSync(spool);
    spawnSync('mkfifo', [join(spool, 'first-number')]);
    expect([run(), inputs()]).toEqual([STORED, ['{}']]);
  });
});

describe('the hook script', () => {
  const shell = DASH ?? SHELLS[0]!;

  test('the version of the script is in its text', () => {
    const newer = HOOK_SCRIPT.replace(/(script, version )\d+/, '$1999999');
    expect([HOOK_SCRIPT, newer, 'echo'].map(isNewerHookScript)).toEqual([false, true, false]);
  });

  test('an input over 1 MiB is cut there, and its writer can write all of it', () => {
    const { run, inputs } = hookPlace(shell);
    // The writer's exit code is part of the pipe's.
    const writer = 'set -o pipefail; head -c 20000000 /dev/zero | tr "\\\\000" x | ';
    const bash = SHELLS.find(({ name, missing }) => name === 'bash' && missing === undefined);
    expect(hookPlace(bash ?? shell).run({ first: bash === undefined ? '' : writer })).toEqual(STORED);
    expect(run({ stdin: 'x'.repeat(2_000_000) })).toEqual(STORED);
    expect(inputs()[0]?.length).toBe(1024 * 1024);
  });

  test('refuses an event if the waiting events are too large', () => {
    const { run, spool, dataDir } = hookPlace(shell);
    mkdirSync(spool);
    for (let number = 0; number < 64; number += 1) writeFileSync(join(spool, `${number}.hook`), '');
    const du = (kilobytes: string) => {
      writeFileSync(join(dataDir, 'du'), `#!/bin/sh\necho '${kilobytes}\t.'\n`, { mode: 0o700 });
      return run({ env: { PATH: `${dataDir}:/usr/bin:/bin` } });
    };
    expect(du('524288').stderr).toContain('too large');
    expect(du('524287')).toEqual(STORED);
  });

  test('follows CLAUDE_MEM_DATA_DIR in the default data dir only, as `claude-mem hook` does', () => {
    const home = tempDir();
    const other = join(home, 'other');
    mkdirSync(other);
    const env = { HOME: home, CLAUDE_MEM_DATA_DIR: other };
    const usual = hookPlace(shell, join(home, '.claude-mem'));
    const named = hookPlace(shell, join(home, 'named'));
    expect([usual.run({ env }), named.run({ env })]).toEqual([STORED, STORED]);
    expect(usual.run({ env: { ...env, CLAUDE_MEM_DATA_DIR: '~/other' } })).toEqual(STORED);
    expect([existsSync(usual.spool), readdirSync(join(other, 'spool')), named.inputs()]).toEqual([
      ...[false, ['0.hook', '1.hook']],
      ['{}'],
    ]);
    expect(usual.run({ env: { ...env, CLAUDE_MEM_DATA_DIR: '/nonexistent' } })).toEqual(LOST);
  });

  test('a data dir that was moved keeps its own events', () => {
    const { run, inputs } = hookPlace(shell, join(tempDir(), 'moved'));
    run();
    expect(inputs()).toEqual(['{}']);
    expect(HOOK_SCRIPT).not.toMatch(/\/home\//);
  });

  test('settings of the shell in the environment change nothing', (context) => {
    const bash = SHELLS.find(({ name }) => name === 'bash as sh');
    if (bash === undefined || bash.missing !== undefined) return context.skip('bash is not installed');
    const { run } = hookPlace(bash);
    expect(run({ env: { SHELLOPTS: 'errexit:nounset:xtrace:noglob', CDPATH: '/tmp' } })).toMatchObject({ status: 0 });
  });

  test('a command whose script is gone does not exit with 2', () => {
    for (const one of SHELLS.filter(({ missing }) => missing === undefined)) {
      const { run, dataDir } = hookPlace(one);
      rmSync(join(dataDir, 'bin'), { recursive: true });
      expect(run().status).toBe(127);
    }
  });

  test('a host that reads no errors changes no exit code', async () => {
    for (const one of SHELLS.filter(({ missing }) => missing === undefined)) {
      const { script } = hookPlace(one);
      const child = spawn(script, { stdio: ['pipe', 'ignore', 'pipe'] });
      child.stderr.destroy();
      await once(child.stderr, 'close');
      child.stdin.end();
      expect([one.name, ...((await once(child, 'exit')) as unknown[])]).toEqual([one.name, 1, null]);
    }
  });

  test('a spool of another user is refused', (context) => {
    const { run, spool } = hookPlace(shell);
    mkdirSync(spool);
    if (spawnSync('chown', ['54321', spool]).status !== 0) context.skip('needs root');
    expect(run()).toEqual(LOST);
    expect(readdirSync(spool)).toEqual([]);
  });
});
