import type { Reporter, TestModule } from 'vitest/node';

/** Lists what was skipped: the names say why. */
export default class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')]);
    // With a filter on names everything else is "skipped".
    if (process.argv.some((argument) => /^(?:-t|--testNamePattern)/.test(argument))) return;
    for (const test of skipped) {
      const { note } = test.result() as { readonly note?: string | undefined };
      console.log(
        `skipped: ${test.module.relativeModuleId} > ${test.fullName}${note === undefined ? '' : ` (${note})`}`,
      );
    }
  }
}
