import type { Reporter, TestModule } from 'vitest/node';

/** Lists the skipped tests, whose names contain the reason. */
export default class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')]);
    // A filter on names marks all other tests as skipped.
    if (process.argv.some((argument) => /^(?:-t|--testNamePattern)/.test(argument))) return;
    for (const test of skipped) {
      const { note } = test.result() as { readonly note?: string | undefined };
      console.log(
        `skipped: ${test.module.relativeModuleId} > ${test.fullName}${note === undefined ? '' : ` (${note})`}`,
      );
    }
  }
}
