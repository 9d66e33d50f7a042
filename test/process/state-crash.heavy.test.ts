import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readManifests } from '../../src/state/trees/manifest-reader.ts';
import { openTreeStore } from '../../src/state/trees/trees.ts';
import { eventually } from '../helpers/eventually.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { aManifest, anEntry, TREE } from '../state/manifests.ts';
import { buildStateProgram, killAndWait, startProgram } from './state-processes.ts';

const KILLS = 40;

/** The latest moment of a kill, in milliseconds after the first write; a write takes a few. */
const LATEST_KILL_MS = 25;

let program: ReturnType<typeof buildStateProgram>;
beforeAll(() => {
  program = buildStateProgram();
});
afterAll(() => {
  program.remove();
});

/** Starts a writer, kills it at a random moment after its first write, and returns how many entries it acknowledged. */
async function writeAndKill(dataDir: string): Promise<number> {
  const writer = startProgram(program.file, ['write', dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    let output = '';
    writer.stdout?.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    await eventually('the first write', () => output.includes('\n'));
    await sleep(Math.random() * LATEST_KILL_MS);
    await killAndWait(writer);
    return Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1));
  } finally {
    await killAndWait(writer);
  }
}

test('a writer killed at any moment leaves a complete manifest with all acknowledged entries', async () => {
  for (let round = 0; round < KILLS; round += 1) {
    // A manifest of its own, because one for all rounds outgrows the limit of a manifest on a fast disk.
    const dataDir = tempDir();
    const store = openTreeStore(dataDir);
    store.create(aManifest());
    const promised = await writeAndKill(dataDir);
    const { manifests, damaged } = readManifests(dataDir);
    expect(damaged).toEqual([]);
    expect(manifests).toHaveLength(1);
    // One more entry may be on disk without its line.
    expect(manifests[0]?.entries.length).toBeGreaterThanOrEqual(promised);
    // About one kill in four hits a write (here, on ext4); the next writer removes the leftovers.
    store.register(TREE, anEntry(7));
    expect(readdirSync(join(dataDir, 'trees'))).toEqual([`${TREE}.json`]);
  }
});

test('concurrent readers never see a partial manifest', async () => {
  const dataDir = tempDir();
  openTreeStore(dataDir).create(aManifest());
  const writer = startProgram(program.file, ['write', dataDir], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    let last = 0;
    await eventually(
      'fifty writes seen',
      () => {
        const { manifests, damaged } = readManifests(dataDir);
        expect(damaged).toEqual([]);
        const count = manifests[0]?.entries.length ?? 0;
        if (count < last) throw new Error(`went back from ${last} to ${count}`);
        last = count;
        return count > 50;
      },
      { withinMs: 30_000 },
    );
  } finally {
    await killAndWait(writer);
  }
});
