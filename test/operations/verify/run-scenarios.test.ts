import { expect, test } from 'vitest';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import { runScenarios, type ScenarioResult } from '../../../src/operations/verify/run-scenarios.ts';
import { Stage, type StagePorts } from '../../../src/operations/verify/stage.ts';
import { DATA_DIR, row, snapshotOf } from '../../core/builders.ts';
import { FakeMachine } from '../fake-machine.ts';

const leftover = row(9_100, 1, 'sleep 100', { treeMark: 't', dataDirMark: DATA_DIR });

/** Plays one scenario, after which each look shows the next of these, over and over. */
async function playBefore(looks: readonly (readonly ProcessRow[])[]): Promise<ScenarioResult | undefined> {
  const machine = new FakeMachine();
  let isOver = false;
  let look = 0;
  const ports: StagePorts = {
    dataDir: DATA_DIR,
    takeReading: async () => {
      const { reading } = await machine.observe();
      const shown = isOver ? looks[look++ % looks.length] : [];
      return { ...reading, snapshot: snapshotOf([...reading.snapshot.processes, ...(shown ?? [])]) };
    },
    connect: () => Promise.resolve(undefined),
    signaller: machine.signaller,
    clock: machine.clock,
    intendStop: () => undefined,
    isStopIntended: () => false,
    runCli: () => Promise.resolve(undefined),
    stopNow: () => Promise.reject(new Error('nothing was started')),
    ask: () => Promise.resolve(200),
    interrupted: new AbortController().signal,
  };
  const results: ScenarioResult[] = [];
  const scenario = {
    name: 'stop',
    does: '',
    isNamed: true,
    play: () => {
      isOver = true;
      return Promise.resolve();
    },
  };
  await runScenarios(new Stage(ports, 'none'), {
    scenarios: [scenario],
    onBegin: () => undefined,
    onResult: (result) => results.push(result),
  }).catch(() => undefined);
  return results[0];
}

test('a scenario passes after two readings in a row without a process', async () => {
  expect(await playBefore([[]])).toMatchObject({ passed: true, after: 0 });
  expect(await playBefore([[leftover], [leftover], [], [], [], [], []])).toMatchObject({ passed: true, after: 0 });
});

test('a scenario fails if every other reading shows a process', async () => {
  expect(await playBefore([[], [leftover]])).toMatchObject({ passed: false, after: 1, settledMs: null });
});
