// Projects and tools that a user excludes, on every way into the memory of a real tree.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SessionSearch } from '../../src/memory/session-search.ts';
import { eventually } from '../helpers/eventually.ts';
import { TestTree } from './tree-harness.ts';

/** Everything that a memory contains. */
function contents(dataDir: string) {
  const search = new SessionSearch(dataDir);
  try {
    const sessions = search.recentSessions(undefined, 100);
    const prompts = sessions.flatMap(({ id }) => search.promptsOf(id)).map(({ text }) => text);
    return {
      projects: [...new Set(sessions.map(({ project }) => project))].sort(),
      prompts: prompts.sort(),
      titles: search.recent(undefined, 100).map(({ title }) => title),
    };
  } finally {
    search.close();
  }
}

test('nothing of an excluded project or a skipped tool is stored, by script, command, spool or HTTP', async () => {
  const tree = await TestTree.create({ env: { CLAUDE_MEM_CHROMA_ENABLED: 'false' } });
  const folder = (name: string) => join(tree.home, name);
  for (const name of ['secret/.git', 'clients/acme/src', 'open/.git']) mkdirSync(folder(name), { recursive: true });
  symlinkSync(folder('clients/acme'), folder('shortcut'));
  symlinkSync(folder('secret'), folder('link'));
  mkdirSync(tree.dataDir, { recursive: true, mode: 0o700 });
  const settings = {
    excludedProjects: ['secret', '~/clients'],
    ...{ skippedTools: ['WebFetch', 'mcp__mail__*'], contextCharacters: 400, logLevel: 'debug' },
  };
  writeFileSync(join(tree.dataDir, 'config.json'), JSON.stringify(settings), { mode: 0o600 });
  await tree.start();

  const input = (event: string, cwd: string, more: object) =>
    JSON.stringify({ session_id: `in ${cwd}`, cwd: `${tree.home}/${cwd}`, hook_event_name: event, ...more });
  const byScript = (event: string, cwd: string, more: object) => {
    const script = join(tree.dataDir, 'bin', 'hook');
    const options = { cwd: folder(cwd), env: { PATH: '/usr/bin:/bin', HOME: tree.home }, encoding: 'utf8' } as const;
    const ran = spawnSync(script, [event, '--for=claude-code'], { ...options, input: input(event, cwd, more) });
    expect([ran.status, ran.stdout, ran.stderr]).toEqual([0, '', '']);
  };
  const byCommand = (event: string, cwd: string, more: object) =>
    tree.run(['hook', event], { stdin: input(event, cwd, more) });
  let spooled = 9_000;
  const bySpool = (event: string, cwd: string, more: object) => {
    spooled += 1;
    writeFileSync(join(tree.dataDir, 'spool', `${spooled}.hook`), input(event, cwd, more), { mode: 0o600 });
  };
  const token = readFileSync(join(tree.dataDir, 'token'), 'utf8').trim();
  const post = async (path: string, body: object) => {
    const response = await fetch(`http://127.0.0.1:${tree.port}${path}`, {
      ...{ method: 'POST', body: JSON.stringify(body) },
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
    return response.status;
  };

  for (const cwd of ['secret', 'clients/acme/src', 'shortcut', 'secret/', 'link/', 'open/../secret']) {
    byScript('UserPromptSubmit', cwd, { prompt: `script in ${cwd}` });
    expect(await byCommand('SessionStart', cwd, { source: 'startup' })).toMatchObject({ status: 0, stdout: '' });
    await byCommand('UserPromptSubmit', cwd, { prompt: `command in ${cwd}` });
    bySpool('UserPromptSubmit', cwd, { prompt: `spool in ${cwd}` });
  }
  expect(await post('/api/sessions', { project: 'secret', prompt: 'http' })).toBe(403);
  const event = { id: 'e1', at: new Date().toISOString(), sessionId: 'h', kind: 'prompt', prompt: 'http' };
  expect(await post('/api/hook-events', { ...event, project: 'secret' })).toBe(201);

  const tool = (tool_name: string, id: string) => ({ tool_name, tool_input: { url: id }, tool_use_id: id });
  byScript('PostToolUse', 'open', tool('WebFetch', 't1'));
  await byCommand('PostToolUse', 'open', tool('mcp__mail__send', 't2'));
  bySpool('PostToolUse', 'open', tool('mcp__mail__read', 't3'));
  byScript('PostToolUse', 'open', tool('WebSearch', 't4'));
  byScript('UserPromptSubmit', 'open', { prompt: `last ${'words '.repeat(300)}` });
  byScript('Stop', 'open', { last_assistant_message: 'All done.' });
  const waiting = () => readdirSync(join(tree.dataDir, 'spool')).filter((name) => name.endsWith('.hook'));
  await eventually('the worker stored the spool', () => {
    return contents(tree.dataDir).titles.includes('All done.') && waiting().length === 0;
  });
  expect(contents(tree.dataDir)).toEqual({
    projects: ['open'],
    prompts: [expect.stringMatching(/^last words/)],
    titles: ['All done.', 'WebSearch t4'],
  });
  // The script itself leaves nothing on the disk.
  byScript('UserPromptSubmit', 'secret', { prompt: 'x' });
  expect(waiting()).toEqual([]);

  const { stdout } = await tree.run(['hook', 'SessionStart'], {
    stdin: input('SessionStart', 'open', { session_id: 'new', source: 'startup' }),
  });
  const context = JSON.parse(stdout) as { hookSpecificOutput: { additionalContext: string } };
  expect(context.hookSpecificOutput.additionalContext.length).toBeLessThanOrEqual(400);
  expect(readFileSync(join(tree.dataDir, 'logs', 'worker.log'), 'utf8')).toMatch(/"level":"?(?:debug|20)\b/);

  // The last valid list counts beside invalid settings.
  writeFileSync(join(tree.dataDir, 'config.json'), '{ "excludedProjects": ["open"], "chromaIdleSeconds": "x" }', {
    mode: 0o600,
  });
  const before = contents(tree.dataDir);
  for (const cwd of ['open', 'clients/acme/src']) {
    await byCommand('SessionStart', cwd, { source: 'startup' });
    await byCommand('UserPromptSubmit', cwd, { prompt: 'with invalid settings' });
  }
  byScript('UserPromptSubmit', 'clients/acme/src', { prompt: 'with invalid settings' });
  expect([contents(tree.dataDir), waiting()]).toEqual([before, []]);
  // The next session applies changed settings to the script.
  writeFileSync(join(tree.dataDir, 'config.json'), '{}', { mode: 0o600 });
  await byCommand('SessionStart', 'open', { source: 'startup' });
  expect(existsSync(join(tree.dataDir, 'bin', 'excluded-projects'))).toBe(false);
}, 120_000);
