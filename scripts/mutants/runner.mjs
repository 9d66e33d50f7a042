// A test runner for Stryker that keeps the tests loaded. Stryker's runner for Vitest starts a worker and loads the
// files again for every mutant, which takes 0.7 s. Here a mutant takes as long as the tests that reach it. Supports no
// tests that mock modules.
import { readdirSync, statSync } from 'node:fs';
import { register } from 'node:module';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import { pathToFileURL } from 'node:url';

/** In milliseconds. A test that takes longer waits for something that a mutant removed. */
const TEST_TIMEOUT_MS = 10_000;

/** The object that code instrumented by Stryker reads: the active mutant, and the current test for coverage. */
const shared = (globalThis.__stryker__ ??= {});

/** A separate test id, so that code reached by the clearing counts for no test. */
const FORGETTING = 'forgetting';

class InProcessRunner {
  #tests = [];
  #forget = () => undefined;

  constructor(options) {
    this.options = options.inProcess;
  }

  capabilities() {
    return { reloadEnvironment: false };
  }

  /** Loads the tests from the working directory, where Stryker has put its copy of the sources. */
  async init() {
    const { register: readTypeScript } = await import('tsx/esm/api');
    readTypeScript();
    register('./resolve-stand-in.mjs', import.meta.url);
    const { collected, startFile } = await import('./vitest-stand-in.mjs');
    for (const file of this.options.files.flatMap(testsIn)) {
      startFile(file);
      await import(pathToFileURL(resolve(file)).href);
    }
    this.#forget = await forgetterOf('src/core/process/role-program.ts');
    const slow = new RegExp(this.options.skip, 'u');
    this.#tests = collected.filter(({ id, isSkipped }) => !isSkipped && !slow.test(id));
  }

  async dryRun() {
    shared.activeMutant = undefined;
    const tests = [];
    for (const { id, fileName, run } of this.#tests) {
      shared.currentTestId = FORGETTING;
      this.#forget();
      shared.currentTestId = id;
      const { failure, timeSpentMs } = await outcomeOf(run);
      const result = failure === undefined ? { status: SUCCESS } : { status: FAILED, failureMessage: failure };
      tests.push({ id, name: id.slice(id.indexOf('#') + 1), fileName: resolve(fileName), timeSpentMs, ...result });
    }
    shared.currentTestId = undefined;
    delete shared.mutantCoverage?.perTest[FORGETTING];
    return { status: 'complete', tests, mutantCoverage: shared.mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit }) {
    const isWanted = testFilter === undefined ? () => true : (id) => testFilter.includes(id);
    const tests = this.#tests.filter(({ id }) => isWanted(id));
    this.#forget();
    Object.assign(shared, { activeMutant: activeMutant.id, hitCount: 0, hitLimit });
    try {
      for (const [index, { id, run }] of tests.entries()) {
        const { failure } = await outcomeOf(run);
        if (shared.hitCount > hitLimit) return { status: 'timeout', reason: 'the mutant was reached too often' };
        if (failure === undefined) continue;
        return { status: 'killed', killedBy: [id], failureMessage: failure, nrOfTests: index + 1 };
      }
      return { status: 'survived', nrOfTests: tests.length };
    } finally {
      shared.activeMutant = undefined;
    }
  }

  dispose() {
    return Promise.resolve();
  }
}

/**
 * Evicts the cached names of role programs: an answer from before the mutant would hide it. The cache is emptied at a
 * thousand entries.
 */
async function forgetterOf(file) {
  const { isCandidateName } = await import(pathToFileURL(resolve(file)).href);
  let name = 0;
  return () => {
    for (let count = 0; count < 1_000; count += 1) isCandidateName(`an unused name ${(name += 1)}`);
  };
}

/** Stryker's numbers for the result of a test. */
const SUCCESS = 0;
const FAILED = 1;

async function outcomeOf(run) {
  const since = performance.now();
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${TEST_TIMEOUT_MS} ms`)), TEST_TIMEOUT_MS);
  });
  try {
    await Promise.race([run(), late]);
    return { timeSpentMs: performance.now() - since };
  } catch (error) {
    return { timeSpentMs: performance.now() - since, failure: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}

function testsIn(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true })
    .filter((name) => name.endsWith('.test.ts') && !name.endsWith('.heavy.test.ts'))
    .map((name) => join(path, name))
    .sort();
}

const create = (options) => new InProcessRunner(options);
create.inject = ['options'];

/** The export that Stryker expects from a plugin. */
export const strykerPlugins = [{ kind: 'TestRunner', name: 'in-process', factory: create }];
