import { expect, test } from 'vitest';
import { openSampleStore, readSamples } from '../../../src/state/history/samples.ts';
import { aSample } from '../../core/a-sample.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const STEP_MS = 5_000;
const FIRST_MS = 1_764_000_000_000;

test('coarse samples continue across a supervisor that crashes every three minutes', () => {
  const [steady, crashing] = [tempDir(), tempDir()];
  write(steady, 0, 4_608);
  for (let step = 0; step < 4_608; step += 36) write(crashing, step, step + 36);
  expect(stepsOf(crashing)).toEqual(stepsOf(steady));
  expect(stepsOf(crashing)[0]).toBe(59);
});

function write(dataDir: string, from: number, until: number): void {
  const store = openSampleStore(dataDir);
  for (let step = from; step < until; step += 1) {
    const elapsedMs = step * STEP_MS;
    store.append(aSample({ takenAtMs: FIRST_MS + elapsedMs, uptimeMs: 60_000 + elapsedMs }));
  }
}

/** The steps that have a sample; a coarse one counts as its last step. */
function stepsOf(dataDir: string): readonly number[] {
  return readSamples(dataDir).samples.map(({ takenAtMs }) => (takenAtMs - FIRST_MS) / STEP_MS);
}
