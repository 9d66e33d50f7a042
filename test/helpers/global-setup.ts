import { chmodSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { describeEnded, endKilledRuns, makeRunFolder, newRunMark, removeRunFolder } from '../../scripts/leak/runs.mjs';
import { buildIfStale } from './build-once.ts';
import { endLeftovers } from './leftovers.ts';
import { prepareSemanticStack, type SemanticStack } from './prepare-semantic-stack.ts';
import { RUN_FOLDER, RUN_MARK } from './run-mark.ts';

/** The projects of `vitest.config.ts` whose tests run the built program and the real Chroma. */
const REAL_PROJECTS = ['process', 'trees', 'heavy'];

/**
 * Ends what killed runs left, marks whatever this run starts, prepares what real processes need, and fails the run if one of them is
 * left at its end.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Before the workers start: they inherit it, and so does what the tests spawn.
  forgetSettingsOfTheUser();
  await endWhatWasKilled();
  const mark = newRunMark();
  process.env[RUN_MARK] = mark;
  const folder = makeRunFolder(mark);
  // Some tests let other users into a folder of theirs.
  chmodSync(folder, 0o711);
  process.env[RUN_FOLDER] = folder;

  const isReal = await runsRealProcesses(project);
  if (isReal) await buildIfStale();
  project.provide('semanticStack', isReal ? await prepareOrFail() : NOT_PREPARED);

  return async () => {
    const left = await endLeftovers(mark);
    removeRunFolder(folder);
    if (left.length === 0) return;
    // Vitest prints what a teardown throws, and ends with 0 all the same.
    process.exitCode = 1;
    throw new Error(`The tests left ${left.length} of their processes behind:\n${left.join('\n')}`);
  };
}

/** Nobody else does: a run that is killed ends nothing itself. */
async function endWhatWasKilled(): Promise<void> {
  const line = describeEnded(await endKilledRuns());
  if (line !== undefined) console.error(line);
}

/** Those of whoever runs the tests must change no test. */
function forgetSettingsOfTheUser(): void {
  for (const name of Object.keys(process.env))
    if (name.startsWith('CLAUDE_MEM_') && !OF_THE_TESTS.test(name)) Reflect.deleteProperty(process.env, name);
}

const OF_THE_TESTS = /^CLAUDE_MEM_(?:TEST_|REQUIRE_REAL$)/;

const NOT_PREPARED: SemanticStack = {
  available: false,
  reason: `only prepared for the projects ${REAL_PROJECTS.join(', ')}`,
};

async function runsRealProcesses({ vitest }: TestProject): Promise<boolean> {
  // The filters of this run are not in the public types; without them every file counts, which only costs time.
  const { filenamePattern } = vitest as unknown as { filenamePattern?: string[] };
  const files = await vitest.globTestSpecifications(filenamePattern);
  return files.some((file) => REAL_PROJECTS.includes(file.project.name));
}

async function prepareOrFail(): Promise<SemanticStack> {
  const stack = await prepareSemanticStack((line) => {
    console.error(line);
  });
  if (stack.available) return stack;
  if (process.env.CLAUDE_MEM_REQUIRE_REAL === '1') throw new Error(`The real Chroma is not to be had: ${stack.reason}`);
  console.error(`tests with the real Chroma are skipped: ${stack.reason}`);
  return stack;
}
