import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { planReap } from '../../src/core/verdicts/plan-reap.ts';
import type { ProcessSnapshot } from '../../src/core/process/snapshot.ts';
import type { CheckStatus } from '../../src/operations/doctor/check.ts';
import type { CheckId } from '../../src/operations/doctor/check.ts';
import { CHECKS } from '../../src/operations/doctor/checks/index.ts';
import type { CheckResult } from '../../src/operations/doctor/diagnose.ts';
import { judgeReading, type Observation } from '../../src/operations/observe/observe.ts';
import type { GuardStatus } from '../../src/operations/guard/guard-status.ts';
import type { ReapResult } from '../../src/operations/terminate/reap.ts';
import type { Outcome } from '../../src/operations/terminate/terminate.ts';
import type { TreeStatus } from '../../src/operations/tree/tree-lifecycle.ts';
import type { DoctorReport } from '../../src/cli/commands/doctor/json.ts';
import type { VerifyReport } from '../../src/cli/commands/verify/json.ts';
import type { SetupStep } from '../../src/cli/commands/setup/json.ts';
import type { HistoryReport } from '../../src/cli/commands/history/json.ts';
import { sightTree, type TreeSight } from '../../src/operations/tree/status-report.ts';
import { readSnapshotFile } from '../../src/state/files/snapshot-file.ts';

const FOLDER = new URL('../../test/fixtures/documents/', import.meta.url);

/** Two pairs of the real chroma-mcp whose worker was killed, recorded some minutes later. */
export function recordedLeak(): Observation {
  return observed('leak.json');
}

/** The outcomes of reaping that leak. */
export function recordedReap(): ReapResult {
  const seen = recordedLeak();
  const plan = planReap(seen.judgements, seen.index, { includeExcess: false });
  const ended = new Set(plan.plan.map(({ row }) => row.pid));
  const { reading } = seen;
  const processes = reading.snapshot.processes.filter(({ pid }) => !ended.has(pid));
  const after = judgeReading({ ...reading, snapshot: { ...reading.snapshot, processes } });
  return { plan, outcomes: parse('reap-outcomes.json') as Outcome[], after, remaining: [] };
}

/** The state of a guard that ended two pairs. */
export const RECORDED_GUARD = parse('guard.json') as GuardStatus;

/** The output of `setup` on a machine with everything installed. */
export const RECORDED_SETUP: readonly SetupStep[] = [
  {
    id: 'uvx',
    title: 'uvx, which runs Chroma',
    status: 'already',
    detail: 'uvx 0.13.9 (/home/u/.local/bin/uvx)',
    fix: null,
  },
  { id: 'python', title: 'a Python for it', status: 'already', detail: '/usr/bin/python3', fix: null },
  {
    id: 'packages',
    title: "Chroma's packages",
    status: 'already',
    detail: "they are in uv's cache and work",
    fix: null,
  },
  {
    id: 'model',
    title: 'the embedding model',
    status: 'already',
    detail: '/home/u/.cache/chroma/onnx_models/all-MiniLM-L6-v2/onnx',
    fix: null,
  },
];

/** The report of `doctor` on a machine with one orphaned pair and few other findings; the other checks passed. */
export const RECORDED_DOCTOR: DoctorReport = {
  schemaVersion: 1,
  command: 'doctor',
  version: '0.1.0',
  dataDir: '/home/u/.claude-mem',
  checks: [
    found(
      'orphans',
      'fail',
      '1 chroma-mcp (uv + python) using 105 MB (pid 1016, 1036), left by worker 1000, which is gone',
      'claude-mem reap',
    ),
    found('data-dir', 'warn', '/home/u/.claude-mem is open to other users (mode 0755)', 'claude-mem doctor --fix'),
    found('supervisor', 'pass', 'answers'),
    found('worker', 'pass', 'pid 987 answers, and serves port 37777'),
    found('vector-writers', 'pass', 'one each'),
  ],
  summary: { pass: 28, warn: 1, fail: 1, skip: 0, error: 0 },
  fixed: [],
};

/** The report of `verify` for a command that left a process in its own session without an environment. */
export const RECORDED_VERIFY: VerifyReport = {
  schemaVersion: 1,
  command: 'verify',
  passed: false,
  complete: true,
  run: { argv: ['sh', '-c', '(setsid env -i sleep 60 &)'], exitCode: 0, signal: null },
  chroma: null,
  blindSpot: null,
  scenarios: [
    {
      name: 'command',
      passed: false,
      baseline: 0,
      during: null,
      after: 1,
      settledMs: null,
      elapsedMs: 1053,
      problem: null,
      left: [
        {
          pid: 17830,
          ppid: 17821,
          startedAt: '2026-11-25T22:53:14.794Z',
          command: 'sleep 60',
          foundBy: 'descent',
          outcome: null,
          protectedBy: null,
        },
      ],
      allowed: [],
    },
  ],
  error: null,
};

function found(id: CheckId, status: CheckStatus, detail: string, fix: string | null = null): CheckResult {
  const { title, why } = CHECKS.find((check) => check.id === id)!;
  return { id, title, status, detail, why, fix };
}

/** A running tree with the real Chroma in use, and the status of its supervisor at that moment. */
export function recordedTree(): { readonly observation: Observation; readonly sight: TreeSight } {
  const observation = observed('tree.json');
  return { observation, sight: sightTree(observation, parse('tree-status.json') as TreeStatus) };
}

/** Some minutes of a tree whose Chroma was used and then closed when idle. */
export function recordedHistory(): HistoryReport {
  return parse('history.json') as HistoryReport;
}

function observed(name: string): Observation {
  const reading = readSnapshotFile(fileURLToPath(new URL(name, FOLDER)));
  const ticks = new Map((parse(name) as ProcessSnapshot).processes.map(({ pid, cpuTicks }) => [pid, cpuTicks]));
  // Verdicts need no CPU time, so the reader of snapshot files may omit it.
  const processes = reading.snapshot.processes.map((row) => {
    const cpuTicks = ticks.get(row.pid);
    return cpuTicks === undefined ? row : { ...row, cpuTicks };
  });
  return judgeReading({ ...reading, snapshot: { ...reading.snapshot, processes } });
}

/** One of the recorded files. */
export function parse(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'));
}
