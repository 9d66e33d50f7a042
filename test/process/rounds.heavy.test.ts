// The runner of random faults itself: it plays, and leaves nothing however it ends.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { Table } from '../../scripts/rounds/table.ts';
import { eventually } from '../helpers/eventually.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/rounds.ts', import.meta.url));
const WITHIN_MS = 100_000;

interface Runner {
  readonly child: ChildProcess;
  readonly ended: Promise<readonly [number | null, NodeJS.Signals | null]>;
  readonly output: () => string;
  readonly folder: string;
  /** Processes of any of its rounds. */
  readonly pids: () => readonly number[];
}

function startRunner(...args: readonly string[]): Runner {
  const folder = tempDir();
  const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, '--no-chroma', ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const run = () =>
    readdirSync(folder)
      .find((name) => name.startsWith('cm-rounds-'))
      ?.replace('cm-rounds-', '');
  let known: string | undefined;
  const pids = () => {
    known ??= run();
    return known === undefined ? [] : new Table(known).rows().map(({ pid }) => pid);
  };
  return { child, ended, output: () => output, folder, pids };
}

async function expectNothingLeft({ pids, folder }: Runner): Promise<void> {
  await eventually('nothing of the rounds is left', () => pids().length === 0, { withinMs: 20_000, dump: pids });
  // tsx keeps its cache in the temporary folder.
  const kept = () => readdirSync(folder).filter((name) => !name.startsWith('tsx-'));
  await eventually('its folder is gone', () => kept().length === 0, { withinMs: 20_000, dump: kept });
}

test('the runner plays a round, says how it went, and leaves nothing', async () => {
  const runner = startRunner('--seed', 'test', '--only', '1');
  await eventually('a round is under way', () => runner.pids().length > 0, { withinMs: WITHIN_MS });
  const [code] = await runner.ended;
  expect(runner.output()).toMatch(/^1 rounds \(0 with real Chroma\): \d passed, \d failed.*, seed test$/m);
  expect(code).toBe(runner.output().includes('1 passed, 0 failed') ? 0 : 1);
  await expectNothingLeft(runner);
});
