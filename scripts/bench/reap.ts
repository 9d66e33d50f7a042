import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fixtureChroma, type FixtureOptions } from '../leak/chroma-program.ts';
import { makeLeak } from '../leak/make-leak.ts';
import { verdict, type Benchmark } from './benchmark.ts';
import { median, runToEnd, timeOf } from './timing.ts';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
/** Pairs of a wrapper and its python. */
const PAIRS = 500;
const RUNS = 3;
const OBEYING_TARGET_MS = 2_000;
const GRACE_MS = 2_000;
const AFTER_GRACE_TARGET_MS = 2_000;

interface Report {
  readonly outcomes: readonly {
    readonly outcome: string;
    readonly signal: string | null;
    readonly elapsedMs: number;
  }[];
  readonly remaining: readonly unknown[];
}

interface Run {
  readonly leaksMs: number;
  readonly reapMs: number;
  readonly report: Report;
}

export const reap: Benchmark = {
  title: '`claude-mem reap --yes --json` of 1,000 orphans, from start to exit',
  async run({ folder, say }) {
    const obeying = await runAll(folder, 'exit', say);
    const stubborn = await runAll(folder, 'ignore', say);
    return {
      columns: ['1,000 orphans that', '`leaks --json`', '`reap`', 'target', '', 'outcomes', 'remaining'],
      rows: [
        rowOf('obey SIGTERM', obeying, { text: '≤ 2 s', ms: OBEYING_TARGET_MS }),
        rowOf(`ignore it (\`--grace ${GRACE_MS / 1_000}s\`)`, stubborn, {
          text: '≤ grace + 2 s',
          ms: GRACE_MS + AFTER_GRACE_TARGET_MS,
        }),
      ],
      notes: [
        `Medians of ${RUNS} runs. The orphans are ${PAIRS} pairs of small shells with the names, command lines, marks and manners of uv and chroma-mcp, whose parent was killed.`,
        'The times include the start of the program, two readings before the first signal (the plan is made again under the lock) and two after the last one. All orphans get SIGTERM in one pass and share one grace period.',
      ],
    };
  },
};

async function runAll(folder: string, onSigterm: FixtureOptions['onSigterm'], say: (text: string) => void) {
  const runs: Run[] = [];
  for (let run = 1; run <= RUNS; run += 1) {
    say(`reap of ${2 * PAIRS} that ${onSigterm === 'exit' ? 'obey' : 'ignore'} SIGTERM, ${run} of ${RUNS} …`);
    runs.push(await runOnce(mkdtempSync(join(folder, 'reap-')), onSigterm));
  }
  return runs;
}

async function runOnce(folder: string, onSigterm: FixtureOptions['onSigterm']): Promise<Run> {
  const dataDir = join(folder, 'data');
  mkdirSync(join(dataDir, 'vectors'), { recursive: true, mode: 0o700 });
  const leak = await makeLeak({
    program: fixtureChroma(join(folder, 'program'), { onSigterm: onSigterm ?? 'exit' }),
    directory: join(dataDir, 'vectors'),
    count: PAIRS,
    marks: { treeId: randomUUID(), role: 'chroma-sync', dataDir },
  });
  try {
    const run = (args: readonly string[], exitCodes: readonly number[]) =>
      runToEnd(process.execPath, [CLI, ...args, '--json'], { env: { CLAUDE_MEM_DATA_DIR: dataDir }, exitCodes });
    const leaksMs = await timeOf(() => run(['leaks'], [1]));
    let text = '';
    const reapMs = await timeOf(() => {
      text = run(['reap', '--yes', '--grace', `${GRACE_MS}ms`], [0]);
    });
    return { leaksMs, reapMs, report: JSON.parse(text) as Report };
  } finally {
    await leak.cleanup();
  }
}

function rowOf(title: string, runs: readonly Run[], target: { readonly text: string; readonly ms: number }): string[] {
  const reapMs = median(runs.map((run) => run.reapMs));
  const { outcomes, remaining } = runs.at(-1)!.report;
  const isMet = reapMs <= target.ms && outcomes.length === 2 * PAIRS && remaining.length === 0;
  const kinds = [...new Set(outcomes.map(({ outcome }) => outcome))];
  const counts = kinds.map((kind) => `${outcomes.filter(({ outcome }) => outcome === kind).length} ${kind}`);
  return [
    title,
    `${median(runs.map((run) => run.leaksMs)).toFixed(0)} ms`,
    `${(reapMs / 1_000).toFixed(2)} s`,
    target.text,
    verdict(isMet),
    counts.join(', '),
    String(remaining.length),
  ];
}
