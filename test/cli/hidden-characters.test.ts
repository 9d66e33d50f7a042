import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { runCliInTerminal } from '../helpers/run-cli.ts';
import { aHome, writeTreeFile } from './scene.ts';

/** A C1 control that begins a color, bidi controls, and an invisible tag character. */
const HOSTILE = 'x\u009b31m\u202e\u2066\u{e0041}y';
const HIDDEN = /[\u0080-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/u;

test.each([
  [['leaks', '--json', '--all']],
  [['reap', '--json', '--dry-run']],
  [['reap', '--json', '--yes']],
  [['status', '--json']],
  [['stop', '--json']],
  [['start', '--json', '--port', HOSTILE]],
  [['restart', '--json', '--port', HOSTILE]],
  [['doctor', '--json', 'settings', 'data-dir', 'manifests']],
  [['doctor', '--json', HOSTILE]],
  [['history', '--json']],
  [['integrate', '--json', HOSTILE]],
  [['logs', '--json', HOSTILE]],
  [['verify', '--json', HOSTILE]],
  [['snapshot']],
  [['leaks', '--json', '--from', `/nonexistent/${HOSTILE}`]],
])('%j on a terminal escapes C1 and bidi controls', async (args) => {
  const { home } = aHome();
  const dataDir = join(home, HOSTILE);
  mkdirSync(dataDir, { mode: 0o700 });
  writeTreeFile(dataDir, `${HOSTILE}.json`, 'torn');
  const env = { CLAUDE_MEM_DATA_DIR: dataDir };
  const { output } = await runCliInTerminal(args, { home, env, columns: 500 }).ended;
  expect(output.length).toBeGreaterThan(0);
  expect(output).not.toMatch(HIDDEN);
});

test('a JSON parser restores an escaped character', async () => {
  const { home, dataDir } = aHome();
  writeTreeFile(dataDir, `${HOSTILE}.json`, 'torn');
  const { output } = await runCliInTerminal(['leaks', '--json'], { home, columns: 500 }).ended;
  expect(output).toContain(String.raw`\u009b31m\u202e`);
  expect(JSON.stringify(JSON.parse(output))).toContain(HOSTILE);
});

test('doctor --report redacts no part of a passing check', async () => {
  const { run, home } = aHome();
  const file = join(home, 'doctor.md');
  const { stdout } = await run(['doctor', '--json', '--report', file]);
  const { checks } = JSON.parse(stdout) as { checks: readonly { id: string; status: string; detail: string }[] };
  const passing = checks.filter(({ status }) => status === 'pass');
  expect(passing.length).toBeGreaterThan(3);
  const report = stripVTControlCharacters(readFileSync(file, 'utf8'));
  for (const { id, detail } of passing) {
    const [line = ''] = report.split('\n').filter((each) => each.startsWith(`- ✔ **${id}** pass: `));
    expect(line).not.toContain('[redacted]');
    // Only the home is replaced.
    if (!detail.includes(home)) expect(line).toBe(`- ✔ **${id}** pass: ${detail}`);
    else expect(line.length).toBeGreaterThan(`- ✔ **${id}** pass: `.length);
  }
});
