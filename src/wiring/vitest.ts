/** `claude-mem-cli/vitest`: a setup file that fails each test file which leaves a process behind. */
import { afterAll, beforeAll, expect } from 'vitest';
import { trackProcesses, type ProcessTracker } from './testing.ts';

let tracker: ProcessTracker | undefined;

beforeAll(async () => {
  tracker = await trackProcesses({ isOfFile: true, currentTest: () => expect.getState().currentTestName });
});

// Vitest runs these hooks in reverse order, so the hooks of the file have cleaned up by then.
afterAll(async () => {
  await tracker?.expectNoLeaks();
});
