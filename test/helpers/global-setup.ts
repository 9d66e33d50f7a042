import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { describeEnded, endKilledRuns, makeRunFolder, newRunMark, removeRunFolder } from '../../scripts/leak/runs.mjs';
import { buildIfStale } from './build-once.ts';
import { endLeftovers } from './leftovers.ts';
import { prepareSemanticStack, type SemanticStack } from './prepare-semantic-stack.ts';
import { RUN_FOLDER, RUN_MARK } from './run-mark.ts';

/** The projects of `vitest.config.ts` whose tests run the built program and the real Chroma. */
const REAL_PROJECTS = ['process', 'trees', 'heavy'];

/**
 * Cleans up after killed runs, sets the mark of this run, prepares the build and the semantic stack, and fails the run if one of its
 * processes is left at the end.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Set before the workers start, because they and the processes of the tests inherit it.
  forgetSettingsOfTheUser();
  await endWhatWasKilled();
  const mark = newRunMark();
  process.env[RUN_MARK] = mark;
  const folder = makeRunFolder(mark);
  // Some tests open one of their folders to other users.
  chmodSync(folder, 0o711);
  process.env[RUN_FOLDER] = folder;
  process.env.NODE_COMPILE_CACHE = join(folder, 'compiled');
  mkdirSync(process.env.NODE_COMPILE_CACHE);

  const isReal = await runsRealProcesses(project);
  if (isReal) await buildIfStale();
  project.provide('semanticStack', isReal ? await prepareOrFail() : NOT_PREPARED);

  return async () => {
    const left = await endLeftovers(mark);
    removeRunFolder(folder);
    if (left.length === 0) return;
    // Vitest prints an error of a teardown, but still exits with 0.
    process.exitCode = 1;
    throw new Error(`The tests left ${left.length} of their processes behind:\n${left.join('\n')}`);
  };
}

/** Cleans up after killed runs, which cannot do so themselves. */
async function endWhatWasKilled(): Promise<void> {
  const line = describeEnded(await endKilledRuns());
  if (line !== undefined) console.error(line);
}

/** Settings of the person who runs the tests must not change the results. */
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
  // The filters of a run are not in the public types. Without them, every file counts, which only costs time.
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
