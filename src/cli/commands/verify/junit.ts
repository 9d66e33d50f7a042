import type { ReportedScenario, VerifyReport } from './json.ts';
import { describeLeft } from './text.ts';

/** Renders the report as JUnit XML for CI servers, one test case per scenario. */
export function renderJunit({ scenarios, complete, error, run }: VerifyReport): string {
  const failed = scenarios.filter(({ passed }) => passed === false).length;
  const skipped = scenarios.filter(({ passed }) => passed === null).length;
  const elapsedMs = scenarios.reduce((sum, scenario) => sum + scenario.elapsedMs, 0);
  const problem = error?.message ?? (complete ? undefined : 'the process table could not be read completely');
  // A problem that no scenario shows must not look like success.
  const unshown = failed === 0 ? problem : undefined;
  const suite = attributes({
    name: run === null ? 'claude-mem verify' : `claude-mem verify -- ${run.argv.join(' ')}`,
    tests: scenarios.length + (unshown === undefined ? 0 : 1),
    failures: failed,
    errors: unshown === undefined ? 0 : 1,
    skipped,
    time: seconds(elapsedMs),
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite ${suite}>`,
    ...scenarios.flatMap((scenario) => testCase(scenario, problem)),
    ...(unshown === undefined ? [] : errorCase(unshown)),
    '  </testsuite>',
    '</testsuites>',
  ].join('\n');
}

function testCase(scenario: ReportedScenario, problem: string | undefined): readonly string[] {
  const { name, passed, elapsedMs, left } = scenario;
  const head = `    <testcase ${attributes({ classname: 'claude-mem.verify', name, time: seconds(elapsedMs) })}`;
  if (passed === true) return [`${head}/>`];
  const message = scenario.problem ?? (left.length === 0 ? problem : undefined) ?? `left behind: ${left.length}`;
  if (passed === null) return [`${head}>`, `      <skipped ${attributes({ message })}/>`, '    </testcase>'];
  const details = left.flatMap(describeLeft).join('\n');
  return [`${head}>`, `      <failure ${attributes({ message })}>${text(details)}</failure>`, '    </testcase>'];
}

function errorCase(message: string): readonly string[] {
  const head = attributes({ classname: 'claude-mem.verify', name: 'verify', time: seconds(0) });
  return [`    <testcase ${head}>`, `      <error ${attributes({ message })}/>`, '    </testcase>'];
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${text(String(value))}"`)
    .join(' ');
}

/** XML 1.0 forbids control characters and lone surrogates, even escaped. A command line may contain both. */
function text(value: string): string {
  return value
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"'\t\n\r]/g, (character) => ENTITIES[character] ?? `&#${character.charCodeAt(0)};`);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
