import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CHECKS } from '../../src/operations/doctor/checks/index.ts';
import type { DoctorReport } from '../../src/cli/commands/doctor/json.ts';
import { runCliInTerminal } from '../helpers/run-cli.ts';
import { aHome, orphans, writeTreeFile, TREE } from './scene.ts';

const CHECK_IDS = CHECKS.map(({ id }) => id);

/** Fast checks: few files, no programs. */
const QUICK = ['settings', 'data-dir', 'manifests', 'orphans'];

describe('doctor', () => {
  test('doctor shows problems first, with reason and fix, and one line per passed check', async () => {
    const { run, dataDir } = aHome();
    await orphans(dataDir);
    const { stdout, status } = await run(['doctor', ...QUICK]);
    expect(status).toBe(1);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^✖ Orphans \(orphans\): 1 chroma-mcp \(uv \+ python\) using /);
    expect(stdout).toContain('    Why: no process is left to end them');
    expect(stdout).toContain('    Fix: claude-mem reap\n');
    expect(stdout).toContain('✔ Settings: valid');
    expect(lines.at(-1)).toBe('4 checks: 1 failed, 3 passed.');
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    expect(stdout).not.toContain('\u001B');
  });

  test('doctor without names shows problems only and says how to list every check', async () => {
    const { run, dataDir } = aHome();
    await orphans(dataDir);
    const { stdout } = await run(['doctor', '--data-dir', dataDir]);
    expect(stdout).toContain('✖ Orphans (orphans): ');
    expect(stdout).not.toMatch(/^[✔–]/m);
    expect(stdout.trimEnd()).toMatch(
      new RegExp(`passed.*\\. To list every check:  claude-mem doctor --all --data-dir ${dataDir}$`),
    );
  });

  test('doctor fits the terminal and uses colors there', async () => {
    const { home, dataDir } = aHome();
    await orphans(dataDir);
    const session = runCliInTerminal(['doctor', ...QUICK], { home, columns: 60 });
    const { output, status } = await session.ended;
    expect(status).toBe(1);
    expect(output).toContain('\u001B[31m✖');
    // eslint-disable-next-line no-control-regex
    const plain = output.replace(/\u001B\[[\d;?]*[A-Za-z]/g, '').split(/\r?\n/);
    expect(plain.filter((line) => !line.includes('\r') && line.length > 60)).toEqual([]);
  });

  test('doctor --list shows every check with its reason', async () => {
    const { run } = aHome();
    const { stdout, status } = await run(['doctor', '--list']);
    expect(status).toBe(0);
    for (const id of CHECK_IDS) expect(stdout).toMatch(new RegExp(`^${id} +\\S`, 'm'));
    const { checks } = JSON.parse((await run(['doctor', '--list', '--json'])).stdout) as DoctorReport;
    expect(checks.map((check) => Object.keys(check))).toEqual(CHECK_IDS.map(() => ['id', 'title', 'why']));
  });

  test('an unknown check is rejected with the nearest name', async () => {
    const { status, stdout, stderr } = await aHome().run(['doctor', 'orphan']);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('there is no check "orphan"\nDid you mean orphans?');
  });

  test('doctor --json has every field', async () => {
    const { run, dataDir } = aHome();
    const { stdout } = await run(['doctor', '--json', ...QUICK]);
    const text = expect.any(String) as unknown;
    const pass = { title: text, status: 'pass', detail: text, why: text, fix: null };
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      command: 'doctor',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/) as unknown,
      dataDir,
      checks: QUICK.map((id) => ({ id, ...pass })),
      summary: { pass: 4, warn: 0, fail: 0, skip: 0, error: 0 },
      fixed: [],
    });
  });

  test('exit code 1 for a failed check takes precedence over 4 for a crashed one', async () => {
    const { run, dataDir } = aHome();
    await orphans(dataDir);
    writeFileSync(join(dataDir, 'trees'), '');
    expect((await run(['doctor', 'manifests'])).status).toBe(4);
    expect((await run(['doctor', 'manifests', 'orphans'])).status).toBe(1);
  });

  test('doctor --report writes a private file without home paths, user names and secrets', async () => {
    const { run, home, dataDir } = aHome();
    writeTreeFile(dataDir, `${TREE}.json`, 'torn');
    const config = JSON.stringify({ CLAUDE_MEM_WORKER_PORT: 'token=sk-abcdefghijklmnopqrstuvwx' });
    writeFileSync(join(dataDir, 'config.json'), config);
    const file = join(home, 'doctor.md');
    const { status, stderr } = await run(['doctor', ...QUICK, '--report', file]);
    expect(status).toBe(1);
    expect(stderr).toContain(`Wrote ${file}`);
    const report = readFileSync(file, 'utf8');
    expect(report).toContain('**settings** fail: CLAUDE_MEM_WORKER_PORT is');
    expect(report).toMatch(/\*\*manifests\*\* fail: \/home\/user\d+\/\.claude-mem\/trees/);
    expect(report).not.toContain(home);
    expect(report).not.toContain('sk-abcdef');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('doctor reports a --report file that cannot be written', async () => {
    const { status, stderr } = await aHome().run(['doctor', 'node', '--report', '/nonexistent/doctor.md']);
    expect([status, stderr]).toEqual([1, expect.stringContaining('cannot write /nonexistent/doctor.md') as unknown]);
  });
});
