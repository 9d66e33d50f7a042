/** `claude-mem-cli/jest`: a test environment that fails each test file which leaves a process behind. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { VERIFY_MARK } from '../operations/verify/watch.ts';
import { trackProcesses, type ProcessTracker } from './testing.ts';

/** The part of jest's `JestEnvironment` that is used. */
interface Environment {
  readonly global: { readonly process?: { readonly env: NodeJS.ProcessEnv } };
  handleTestEvent?(event: TestEvent, state: TestState): Promise<void> | void;
}

interface TestEvent {
  readonly name: string;
  readonly test?: { readonly name: string; readonly parent?: TestEvent['test'] };
}

interface TestState {
  readonly unhandledErrors: unknown[];
}

type EnvironmentClass = new (...options: never[]) => Environment;

/**
 * Adds the check to a test environment of jest, such as that of `jest-environment-jsdom`. A setup file could not do it: jest runs its
 * `afterAll` before those of the test file.
 */
export function withLeakCheck<Base>(Base: Base): Base {
  const Checking = class extends (Base as EnvironmentClass) {
    #tracker: ProcessTracker | undefined;
    #test: string | undefined;

    override async handleTestEvent(event: TestEvent, state: TestState): Promise<void> {
      await super.handleTestEvent?.(event, state);
      if (event.name === 'test_start') this.#test = fullName(event.test);
      if (event.name === 'test_done') this.#test = undefined;
      if (event.name === 'run_start') await this.#begin(state);
      if (event.name === 'run_finish')
        await this.#tracker?.expectNoLeaks().catch((error: unknown) => state.unhandledErrors.push(error));
    }

    async #begin({ unhandledErrors }: TestState): Promise<void> {
      try {
        this.#tracker = await trackProcesses({ isOfFile: true, currentTest: () => this.#test });
        // The tests have a copy of the environment.
        const { env } = this.global.process ?? {};
        if (env !== undefined) env[VERIFY_MARK] = process.env[VERIFY_MARK];
      } catch (error) {
        unhandledErrors.push(error);
      }
    }
  };
  return Checking as Base;
}

/** Jest names the block around all tests like this. */
const ROOT = 'ROOT_DESCRIBE_BLOCK';

function fullName(test: TestEvent['test']): string {
  const names: string[] = [];
  for (let block = test; block !== undefined && block.name !== ROOT; block = block.parent) names.unshift(block.name);
  return names.join(' ');
}

/** Jest brings this package along. It may be below jest's own packages. */
function nodeEnvironment(): unknown {
  const fromProject = createRequire(join(process.cwd(), 'package.json'));
  const fromJest = () => createRequire(createRequire(fromProject.resolve('jest')).resolve('@jest/core'));
  for (const load of [() => fromProject, fromJest]) {
    try {
      return (load()('jest-environment-node') as { readonly TestEnvironment: unknown }).TestEnvironment;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new Error('claude-mem-cli/jest needs the package jest-environment-node');
}

/** Jest loads the default export. */
const environment: unknown = withLeakCheck(nodeEnvironment());
export default environment;
