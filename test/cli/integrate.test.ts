import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { IntegrateReport } from '../../src/cli/commands/integrate/json.ts';
import { quoteShell } from '../../src/core/text/quote-shell.ts';
import { CLI, runCli, runProgram } from '../helpers/run-cli.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const EVENTS = ['SessionStart', 'UserPromptSubmit', 'PostToolUse', 'Stop', 'SessionEnd'];
const scriptIn = (home: string) => join(home, '.claude-mem', 'bin', 'hook');
const isRoot = process.getuid?.() === 0;

/** Creates a home with settings, and the project folder for the command. */
function place(settings?: string, mcp?: string) {
  const home = tempDir();
  const cwd = join(home, 'my project');
  const files = { settings: join(home, '.claude', 'settings.json'), mcp: join(cwd, '.mcp.json') };
  mkdirSync(cwd);
  mkdirSync(dirname(files.settings));
  if (settings !== undefined) writeFileSync(files.settings, settings);
  if (mcp !== undefined) writeFileSync(files.mcp, mcp);
  const run = (args: readonly string[], env: Record<string, string> = {}) =>
    runCli(['integrate', ...args], { home, cwd, env });
  return {
    ...{ home, cwd, files, run },
    json: async (...args: readonly string[]) => {
      const { stdout, status } = await run([...args, '--json']);
      return { status, ...(JSON.parse(stdout) as IntegrateReport & { error?: { code: string; message: string } }) };
    },
    read: (which: keyof typeof files) => readFileSync(files[which], 'utf8'),
    backups: () => readdirSync(dirname(files.settings)).filter((name) => name.includes('backup')),
  };
}

const OTHERS = `{
    "model": "opus", "10": 1, "2": 12345678901234567890,
    "hooks": {
        "PostToolUse": [ { "matcher": "Edit", "hooks": [ { "type": "command", "command": "prettier" } ] } ],
        "Notification": [{"hooks":[{"type":"command","command":"node /x/cli.js hook Stop"}]}]
    },
    "permissions": { "allow": ["Bash(ls:*)"] }
}
`;

describe('without --write', () => {
  test('integrate without --write prints both settings and changes nothing', async () => {
    const { run, files, json, home } = place();
    const { stdout, stderr, status } = await run([]);
    expect(status).toBe(0);
    for (const event of EVENTS) {
      const words = event === 'SessionStart' ? [CLI, 'hook', event] : [scriptIn(home), event];
      expect(stdout).toContain(JSON.stringify(quoteShell(words)).slice(1, -1));
    }
    expect(existsSync(join(home, '.claude-mem'))).toBe(false);
    expect(stdout).toContain('"search-server"');
    expect(stderr).toContain(files.settings);
    expect(await json()).toMatchObject({
      ...{ schemaVersion: 1, command: 'integrate', action: 'print' },
      settings: { file: files.settings, changed: false, backup: null },
      mcp: { file: files.mcp, content: { mcpServers: { 'claude-mem': { args: [CLI, 'search-server'] } } } },
    });
    expect(readdirSync(dirname(files.settings))).toEqual([]);
  });
});

describe('--write', () => {
  test('integrate --write creates missing files, private', async () => {
    const { json, files, read, home } = place();
    const report = await json('--write');
    expect(statSync(scriptIn(home)).mode & 0o777).toBe(0o700);
    expect(report).toMatchObject({ status: 0, settings: { changed: true, backup: null }, mcp: { changed: true } });
    expect(JSON.parse(read('settings'))).toEqual(report.settings.content);
    expect(JSON.parse(read('mcp'))).toEqual(report.mcp?.content);
    expect(statSync(files.settings).mode & 0o777).toBe(0o600);
  });

  test('integrate --write keeps the rest of a file byte by byte, and a backup', async () => {
    const { json, read, files } = place(OTHERS);
    chmodSync(files.settings, 0o644);
    const { settings } = await json('--write');
    const after = read('settings');
    expect(after).toContain('"model": "opus", "10": 1, "2": 12345678901234567890,');
    expect(after).toContain('"permissions": { "allow": ["Bash(ls:*)"] }');
    const { hooks } = JSON.parse(after) as { hooks: Record<string, readonly unknown[]> };
    expect(hooks.Notification).toEqual([{ hooks: [{ type: 'command', command: 'node /x/cli.js hook Stop' }] }]);
    expect(hooks.PostToolUse).toMatchObject([{ hooks: [{ command: 'prettier' }] }, { matcher: '*' }]);
    expect(Object.keys(hooks)).toEqual(expect.arrayContaining(EVENTS));
    expect(readFileSync(settings.backup ?? '', 'utf8')).toBe(OTHERS);
    expect(statSync(files.settings).mode & 0o777).toBe(0o644);
  });

  test('a second integrate --write changes nothing and makes no backup', async () => {
    const { json, read, backups } = place(OTHERS, '{"mcpServers":{}}');
    await json('--write');
    const before = [read('settings'), read('mcp'), backups()];
    expect(await json('--write')).toMatchObject({ settings: { changed: false }, mcp: { changed: false } });
    expect([read('settings'), read('mcp'), backups()]).toEqual(before);
  });

  test("integrate --write updates the entries of an older version once and keeps the user's timeout", async () => {
    const old = (command: string) => ({ hooks: [{ type: 'command', command, timeout: 3 }] });
    const hooks = {
      Stop: [
        old('/old/node "/old/claude-mem-cli/dist/cli.js" hook Stop --for=claude-code'),
        old('claude-mem hook Stop'),
      ],
      PreCompact: [old('/old/node /old/dist/cli.js hook PreCompact --for=claude-code')],
    };
    const mcp = { mcpServers: { memory: { command: 'claude-mem', args: ['search-server'], env: { A: '1' } } } };
    const { json, read, home } = place(JSON.stringify({ hooks }), JSON.stringify(mcp));
    await json('--write');
    const after = JSON.parse(read('settings')) as { hooks: Record<string, unknown> };
    expect(after.hooks.Stop).toEqual([
      {
        hooks: [
          {
            type: 'command',
            command: quoteShell([scriptIn(home), 'Stop', '--for=claude-code']),
            timeout: 3,
          },
        ],
      },
    ]);
    expect(after.hooks.PreCompact).toBeUndefined();
    expect(JSON.parse(read('mcp'))).toEqual({
      mcpServers: { memory: { command: process.execPath, args: [CLI, 'search-server'], env: { A: '1' } } },
    });
  });

  test('--no-mcp, --settings and --mcp select the files', async () => {
    const { json, home, read } = place();
    const settings = join(home, 'other.json');
    expect(await json('--write', '--no-mcp', '--settings', settings)).toMatchObject({ mcp: null });
    expect(Object.keys(JSON.parse(readFileSync(settings, 'utf8')) as object)).toEqual(['hooks']);
    await json('--write', '--mcp', settings, '--settings', settings);
    expect(Object.keys(JSON.parse(readFileSync(settings, 'utf8')) as object)).toEqual(['hooks', 'mcpServers']);
    expect(() => read('mcp')).toThrow();
  });

  test('integrate --write keeps a link to the settings', async () => {
    const { json, files, home } = place();
    const real = join(home, 'dotfiles.json');
    writeFileSync(real, '{}');
    symlinkSync(real, files.settings);
    await json('--write', '--no-mcp');
    expect(readFileSync(real, 'utf8')).toContain('SessionStart');
    expect(readFileSync(files.settings, 'utf8')).toContain('SessionStart');
  });

  test.each([
    ['no JSON', '{ "a": 1, }', 'is not valid JSON'],
    ['comments', '// mine\n{}', 'is not valid JSON'],
    ['no object', '[]', 'is not a JSON object'],
    ['hooks that are none', '{"hooks":[]}', '"hooks" is not an object'],
    ['a hook that is no list', '{"hooks":{"Stop":{}}}', '"hooks.Stop" is not a list'],
  ])('integrate --write rejects %s and changes neither file', async (_, text, message) => {
    const { json, read, backups } = place(text);
    const { status, error } = await json('--write');
    expect([status, error?.code]).toEqual([2, 'settings']);
    expect(error?.message).toContain(message);
    expect([read('settings'), backups()]).toEqual([text, []]);
    expect(() => read('mcp')).toThrow();
  });

  test('integrate --write replaces no other server of the same name', async () => {
    const mcp = '{"mcpServers":{"claude-mem":{"command":"other"}}}';
    const { json, read } = place('{}', mcp);
    expect((await json('--write')).error?.message).toContain('is another server');
    expect([read('settings'), read('mcp')]).toEqual(['{}', mcp]);
  });

  test.skipIf(!isRoot)('integrate --write rejects settings of another user (needs root)', async () => {
    const { json, files } = place('{}');
    chownSync(files.settings, 54_321, 54_321);
    expect(await json('--write')).toMatchObject({ status: 2, error: { code: 'not-owner' } });
  });
});

describe('a program on the PATH', () => {
  const written = (read: (which: 'settings' | 'mcp') => string) => {
    const { hooks } = JSON.parse(read('settings')) as { hooks: Record<string, [{ hooks: [{ command: string }] }]> };
    const { mcpServers } = JSON.parse(read('mcp')) as { mcpServers: Record<string, { command: string }> };
    return [hooks.SessionStart?.[0].hooks[0].command, mcpServers['claude-mem']?.command];
  };
  const onPath = (folder: string, name: string, target: string) => {
    mkdirSync(folder, { recursive: true });
    symlinkSync(target, join(folder, name));
    return `${folder}:${process.env.PATH ?? ''}`;
  };

  test('integrate --write names a program on the PATH, without any path of this machine', async () => {
    const { run, read, home } = place();
    await run(['--write'], { PATH: onPath(join(home, 'my bin'), 'claude-mem', CLI) });
    expect(written(read)).toEqual(['claude-mem hook SessionStart --for=claude-code', 'claude-mem']);
    expect(read('mcp')).not.toContain('/');
  });

  test('integrate --write prefers the name that leads to this program', async () => {
    const { run, read, home } = place();
    onPath(join(home, 'bin'), 'claude-mem', '/bin/true');
    await run(['--write'], { PATH: onPath(join(home, 'bin'), 'claude-mem-cli', CLI) });
    expect(written(read)).toEqual(['claude-mem-cli hook SessionStart --for=claude-code', 'claude-mem-cli']);
    expect((await run(['--remove'])).status).toBe(0);
    expect(existsSync(join(home, '.claude', 'settings.json'))).toBe(false);
  });

  test('integrate --write does not name a program whose name belongs to another one, or exists for one run only', async () => {
    for (const [folder, target] of [
      ['bin', '/bin/true'],
      [join('x', 'node_modules', '.bin'), CLI],
    ] as const) {
      const { run, read, home } = place();
      await run(['--write'], { PATH: onPath(join(home, folder), 'claude-mem', target) });
      expect(written(read)[1]).toBe(process.execPath);
    }
  });
});

describe('the hook for failed tools', () => {
  const failureHook = (read: (which: 'settings') => string) =>
    (JSON.parse(read('settings')) as { hooks: Record<string, unknown> }).hooks.PostToolUseFailure;
  const claude = (home: string, path: string, more: Record<string, string> = {}) => {
    const file = join(home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    for (const [name, text] of Object.entries(more)) writeFileSync(join(dirname(file), name), text);
    const bin = join(home, `bin of ${path.replaceAll('/', ' ')}`);
    mkdirSync(bin);
    symlinkSync(file, join(bin, 'claude'));
    return bin;
  };
  const npm = (version: string) => ({
    'package.json': JSON.stringify({ name: '@anthropic-ai/claude-code', version }),
  });

  test.each([
    ['a recent Claude Code', (home: string) => [claude(home, 'share/claude/versions/2.1.34')], true],
    ['a recent package', (home: string) => [claude(home, 'claude-code/cli.js', npm('3.0.1'))], true],
    ['an old Claude Code', (home: string) => [claude(home, 'share/claude/versions/2.0.14')], false],
    ['a Claude Code of unknown version', (home: string) => [claude(home, 'tools/claude')], false],
    [
      'an old package beside a recent Claude Code',
      (home: string) => [
        claude(home, 'share/claude/versions/2.1.34'),
        claude(home, 'claude-code/cli.js', npm('1.0.90')),
      ],
      false,
    ],
  ])('with %s on the PATH, integrate --write adds it or not', async (_, bins, isWritten) => {
    const { run, read, home } = place();
    await run(['--write', '--no-mcp'], { PATH: [...bins(home), process.env.PATH].join(':') });
    const command = quoteShell([scriptIn(home), 'PostToolUseFailure', '--for=claude-code']);
    const expected = [{ matcher: '*', hooks: [{ type: 'command', command, timeout: 10 }] }];
    expect(failureHook(read)).toEqual(isWritten ? expected : undefined);
  });

  test('stays if a user added it for a Claude Code of unknown version, goes for an old one, and goes with --remove', async () => {
    const own = { PostToolUseFailure: [{ hooks: [{ type: 'command', command: 'claude-mem hook' }] }] };
    const { run, read, home } = place(JSON.stringify({ hooks: own }));
    await run(['--write', '--no-mcp']);
    expect(failureHook(read)).toMatchObject([{ hooks: [{ command: expect.stringContaining('bin/hook') as string }] }]);
    const old = `${claude(home, 'share/claude/versions/2.0.14')}:${process.env.PATH ?? ''}`;
    await run(['--write', '--no-mcp'], { PATH: old });
    expect(failureHook(read)).toBeUndefined();
    const recent = `${claude(home, 'share/claude/versions/2.1.34')}:${process.env.PATH ?? ''}`;
    await run(['--write', '--no-mcp'], { PATH: recent });
    expect(failureHook(read)).toBeDefined();
    await run(['--remove', '--no-mcp']);
    expect(existsSync(join(home, '.claude', 'settings.json'))).toBe(false);
  });
});

describe('--remove', () => {
  test('integrate --remove removes only the settings of claude-mem', async () => {
    const { json, read } = place(OTHERS, '{"mcpServers":{"other":{"command":"x"}}}');
    await json('--write');
    expect(await json('--remove')).toMatchObject({ status: 0, settings: { changed: true }, mcp: { changed: true } });
    expect(JSON.parse(read('settings'))).toEqual(JSON.parse(OTHERS));
    expect(JSON.parse(read('mcp'))).toEqual({ mcpServers: { other: { command: 'x' } } });
    expect(await json('--remove')).toMatchObject({ settings: { changed: false }, mcp: { changed: false } });
  });

  test('integrate --remove leaves no empty settings and creates no files', async () => {
    const { json, files, cwd } = place();
    expect(await json('--remove')).toMatchObject({ settings: { changed: false } });
    expect(readdirSync(dirname(files.settings))).toEqual([]);
    await json('--write');
    expect(await json('--remove')).toMatchObject({ settings: { deleted: true }, mcp: { deleted: true } });
    expect([readdirSync(dirname(files.settings)), readdirSync(cwd)]).toEqual([[], []]);
  });

  test('integrate --remove empties a file that a link leads to, and keeps the link', async () => {
    const { json, files, read, home } = place();
    const real = join(home, 'dotfiles.json');
    writeFileSync(real, '{}');
    symlinkSync(real, files.settings);
    await json('--write', '--no-mcp');
    expect(await json('--remove', '--no-mcp')).toMatchObject({ settings: { changed: true, deleted: false } });
    expect(JSON.parse(read('settings'))).toEqual({});
  });

  test('in a repository, integrate makes no backup beside a file, neither with --write nor with --remove', async () => {
    const other = '{"mcpServers":{"other":{"command":"x"}}}';
    const { json, read, cwd, home } = place('{}', other);
    mkdirSync(join(cwd, '.git'));
    const { mcp } = await json('--write');
    expect(dirname(mcp?.backup ?? '')).toBe(join(home, '.claude-mem', 'backups'));
    expect(readFileSync(mcp?.backup ?? '', 'utf8')).toBe(other);
    expect(statSync(mcp?.backup ?? '').mode & 0o777).toBe(0o600);
    await json('--remove');
    expect(readdirSync(cwd).sort()).toEqual(['.git', '.mcp.json']);
    expect(JSON.parse(read('mcp'))).toEqual(JSON.parse(other));
  });

  test('integrate rejects --remove with --write', async () => {
    expect((await place().run(['--write', '--remove'])).status).toBe(2);
  });
});

test('doctor hooks tells connected hooks from missing ones, from a missing program and from an old script', async () => {
  const { json, home, files, cwd } = place();
  const check = async (env: Record<string, string> = {}) => {
    const { stdout } = await runCli(['doctor', 'hooks', '--json'], { home, cwd, env });
    const { checks } = JSON.parse(stdout) as { checks: readonly { id: string; status: string; detail: string }[] };
    const found = checks.find(({ id }) => id === 'hooks');
    return `${found?.status ?? ''}: ${found?.detail ?? ''}`;
  };
  expect(await check()).toMatch(/^skip: not connected/);
  await json('--write');
  expect(await check()).toMatch(/^pass: 5 hooks in /);
  const local = join(cwd, '.claude', 'settings.local.json');
  mkdirSync(dirname(local));
  const bin = join(home, 'bin');
  mkdirSync(bin);
  symlinkSync('/bin/true', join(bin, 'claude-mem'));
  writeFileSync(local, '{"hooks":{"Stop":[{"hooks":[{"command":"claude-mem hook Stop --for=claude-code"}]}]}}');
  expect(await check({ PATH: bin })).toMatch(/^warn: the hook Stop in .*settings\.local\.json runs another program, /);
  writeFileSync(local, '{');
  expect(await check()).toMatch(/^error: .*settings\.local\.json is not valid JSON/);
  rmSync(local);
  expect(spawnSync('mkfifo', [local]).status).toBe(0);
  expect(await check()).toMatch(/^error: .*settings\.local\.json/);
  rmSync(local);
  writeFileSync(scriptIn(home), '#!/bin/sh\n# claude-mem hook script, version 0\n');
  expect(await check()).toMatch(/^warn: the hook UserPromptSubmit in .* runs the script of another version/);
  rmSync(scriptIn(home));
  expect(await check()).toMatch(/^warn: the hook UserPromptSubmit in .* runs .*bin\/hook, which does not exist/);
  writeFileSync(files.settings, '{');
  expect(await check()).toMatch(/^error: .* is not valid JSON/);
});

test('the hook commands work without PATH, from a folder with spaces and quotes, on its data dir', async () => {
  const { home } = place();
  const folder = join(home, "it's a program");
  mkdirSync(folder);
  symlinkSync(dirname(CLI), join(folder, 'dist'));
  const dataDir = join(home, `my "data" of $(x)\n`);
  const flags = ['--preserve-symlinks-main', join(folder, 'dist', 'cli.js'), 'integrate', '--write', '--json'];
  const { stdout } = await runProgram(process.execPath, flags, { home, env: { CLAUDE_MEM_DATA_DIR: dataDir } });
  const { settings } = JSON.parse(stdout) as { settings: { content: { hooks: Record<string, never> } } };
  const hooks = settings.content.hooks as unknown as Record<string, [{ hooks: [{ command: string }] }]>;
  const commands = ['SessionStart', 'Stop'].map((event) => hooks[event]?.['0'].hooks['0'].command ?? '');
  expect(commands[0]).toContain(`it'\\''s a program`);
  for (const [index, command] of commands.entries()) {
    // Without an event that starts a tree.
    const input = JSON.stringify({ session_id: 's', cwd: home, hook_event_name: 'Stop' });
    const shell = spawnSync('/bin/sh', ['-c', command], { input, env: { HOME: home }, encoding: 'utf8' });
    expect([shell.status, shell.stdout, shell.stderr]).toEqual([0, '', '']);
    expect(readdirSync(join(dataDir, 'spool'))).toHaveLength(index + 1);
  }
});
