import { stripVTControlCharacters } from 'node:util';
import { expect } from 'vitest';
import { runCliInTerminal } from '../helpers/run-cli.ts';
import { aHome, orphans, recording, writeTreeFile } from './scene.ts';

/** Runs the commands with long lines in a terminal of this width; no line may be wider. */
export async function expectToFit(columns: number): Promise<void> {
  const { home, dataDir } = aHome();
  writeTreeFile(dataDir, 'a-manifest-with-a-name-that-is-longer-than-the-terminal.json', 'torn');
  await orphans(dataDir);
  for (const args of [
    ['leaks', '--all'],
    ['leaks', '--from', recording('plugin-worker-killed')],
    ['leaks', '--from', recording('plugin-stopped')],
    ['reap', '--dry-run'],
  ]) {
    const { output } = await runCliInTerminal(args, { home, columns }).ended;
    const lines = stripVTControlCharacters(output).split(/\r?\n/);
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
  }
}
