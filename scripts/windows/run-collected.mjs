import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { clearTimeout, setTimeout } from 'node:timers';

const TEST_TIMEOUT_MS = 200_000;

/**
 * Runs the collected tests one after another and prints a line for each. A test that fails runs once more, after its failure is printed: on a
 * loaded machine Wine refuses to start a process now and then.
 */
export async function runCollected(collected) {
  let failed = 0;
  const counts = { passed: 0, skipped: 0 };
  for (const { id, isSkipped, run } of collected) {
    const started = performance.now();
    let { failure, reason } = isSkipped ? {} : await resultOf(run);
    if (failure !== undefined) {
      console.log(`again   ${id}\n${failure}`);
      ({ failure, reason } = await resultOf(run));
    }
    const hasSkipped = isSkipped || reason !== undefined;
    const ms = Math.round(performance.now() - started);
    if (hasSkipped) counts.skipped += 1;
    else if (failure === undefined) counts.passed += 1;
    else failed += 1;
    console.log(
      `${hasSkipped ? 'skipped' : failure === undefined ? 'ok     ' : 'FAILED '} ${id} (${reason ?? `${ms} ms`})`,
    );
    if (failure !== undefined) console.log(failure);
  }
  console.log(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped`);
  process.exit(failed > 0 || counts.passed === 0 ? 1 : 0);
}

/** @returns the failure, or the reason why the test skipped itself. */
async function resultOf(run) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done in ${TEST_TIMEOUT_MS} ms`)), TEST_TIMEOUT_MS);
  });
  try {
    return { reason: await Promise.race([run(), late]) };
  } catch (error) {
    return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
