import { afterAll, beforeAll, test } from 'vitest';
import { buildStateProgram, expectOneWinnerEach, withStartedLockers } from './state-processes.ts';

let program: ReturnType<typeof buildStateProgram>;
beforeAll(() => {
  program = buildStateProgram();
});
afterAll(() => {
  program.remove();
});

test('exactly one of 4 simultaneous processes gets the lock, forty times', async () => {
  await withStartedLockers(program.file, 4, (lockers) => expectOneWinnerEach(lockers, 40));
});
