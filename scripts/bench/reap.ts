import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Role } from '../../src/core/tree/manifest.ts';
import { identifySelf, loadPlatform } from '../../src/platform/index.ts';
import { fixtureChroma } from '../leak/chroma-program.ts';
import type { Identity } from '../leak/identity.mjs';
import { makeLeak, type OrphanedChromas } from '../leak/make-leak.ts';
import { verdict, type Benchmark, type BenchmarkTools } from './benchmark.ts';
import { median, runToEnd, timeOf } from './timing.ts';
import { CLI } from './program.ts';

/** Pairs of a wrapper and its python. */
const PAIRS = 500;
const RUNS = 3;
const OBEYING_TARGET_MS = 1_200;
const GRACE_MS = 2_000;
const AFTER_GRACE_TARGET_MS = 1_500;

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
    const obeying = await runAll({ folder, say });
    const recorded = await runAll({ folder, say, isRecorded: true });
    const stubborn = await runAll({ folder, say, onSigterm: 'ignore' });
    return {
      columns: ['1,000 orphans that', '`leaks --json`', '`reap`', 'target', '', 'outcomes', 'remaining'],
      rows: [
        rowOf('obey SIGTERM', obeying, { text: '≤ 1.2 s', ms: OBEYING_TARGET_MS }),
        rowOf('obey SIGTERM, all recorded in one manifest', recorded, { text: '≤ 1.2 s', ms: OBEYING_TARGET_MS }),
        rowOf(`ignore it (\`--grace ${GRACE_MS / 1_000}s\`)`, stubborn, {
          text: '≤ grace + 1.5 s',
          ms: GRACE_MS + AFTER_GRACE_TARGET_MS,
        }),
      ],
      notes: [
        `Medians of ${RUNS} runs. The orphans are ${PAIRS} pairs of small shells with the names, command lines, marks and manners of uv and chroma-mcp, whose parent was killed.`,
        'The times include the start of the program, one reading before the first signal (a plan older than 250 ms is made again under the lock) and two after the last one. All orphans get SIGTERM in one pass and share one grace period.',
      ],
    };
  },
};

interface Scene {
  readonly onSigterm?: 'exit' | 'ignore';
  /** Records all processes in the manifest of one dead tree. */
  readonly isRecorded?: boolean;
}

async function runAll({ folder, say, ...scene }: Scene & Pick<BenchmarkTools, 'folder' | 'say'>) {
  const runs: Run[] = [];
  for (let run = 1; run <= RUNS; run += 1) {
    say(`reap of ${2 * PAIRS} that ${scene.onSigterm ?? 'exit'} at SIGTERM, ${run} of ${RUNS} …`);
    runs.push(await runOnce(mkdtempSync(join(folder, 'reap-')), scene));
  }
  return runs;
}

async function runOnce(folder: string, { onSigterm = 'exit', isRecorded = false }: Scene): Promise<Run> {
  const dataDir = join(folder, 'data');
  mkdirSync(join(dataDir, 'vectors'), { recursive: true, mode: 0o700 });
  const treeId = randomUUID();
  const leak = await makeLeak({
    program: fixtureChroma(join(folder, 'program'), { onSigterm }),
    directory: join(dataDir, 'vectors'),
    count: PAIRS,
    marks: { treeId, role: 'chroma-sync', dataDir },
  });
  try {
    if (isRecorded) await recordInOneManifest(dataDir, treeId, leak);
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

/** The manifest of a tree whose root is the killed parent. */
async function recordInOneManifest(dataDir: string, treeId: string, leak: OrphanedChromas): Promise<void> {
  const { scope, startedAt } = identifySelf(await loadPlatform());
  const entryOf = (role: Role, { pid, start }: Identity) => ({
    ...{ role, identity: { pid, startTicks: Number(start), startedAt }, command: ['uvx'] },
    registeredAt: startedAt,
  });
  const children = leak.pairs.flatMap(({ wrapper, python }) => [wrapper, python]);
  const entries = [entryOf('supervisor', leak.parent), ...children.map((child) => entryOf('chroma-sync', child))];
  const manifest = { schemaVersion: 1, treeId, state: 'running', ...scope, dataDir, startedAt, entries };
  mkdirSync(join(dataDir, 'trees'), { mode: 0o700 });
  writeFileSync(join(dataDir, 'trees', `${treeId}.json`), JSON.stringify(manifest), { mode: 0o600 });
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
