import { describe, expect, test } from 'vitest';
import { printLeaks } from '../../../src/cli/commands/leaks/text.ts';
import { printOutcomes } from '../../../src/cli/commands/reap/outcomes.ts';
import { questionFor } from '../../../src/cli/commands/reap/question.ts';
import { printPlan } from '../../../src/cli/commands/reap/text.ts';
import { widthOf } from '../../../src/cli/terminal/wrap.ts';
import { planReap } from '../../../src/core/verdicts/plan-reap.ts';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import { groupLeaks } from '../../../src/operations/leaks/groups.ts';
import { judgeReading, type Observation } from '../../../src/operations/observe/observe.ts';
import type { Outcome } from '../../../src/operations/terminate/terminate.ts';
import { clockAt, DATA_DIR, machine, python, secondsOld, snapshotOf, uv } from '../../core/builders.ts';
import { shown } from './shown.ts';

const DAY_SECONDS = 86_400;
const WORKER = 4_118;

/** Pairs left by a recorded worker that is gone, one an hour. */
function leftPairs(amount: number): Observation {
  const inSession = { sid: WORKER, pgid: WORKER };
  const rows = Array.from({ length: amount }, (_, index): readonly ProcessRow[] => {
    const pid = 5_000 + index * 2;
    const born = secondsOld(DAY_SECONDS - index * 60);
    return [
      uv(pid, 1, { ...inSession, ...born, pssBytes: 20_000_000 }),
      python(pid + 1, pid, { ...inSession, ...born, pssBytes: 60_000_000 }),
    ];
  }).flat();
  const content = JSON.stringify({ processes: { worker: { pid: WORKER, type: 'worker', startedAt: clockAt(100) } } });
  const reading = { manifests: [], damaged: [], answering: [], dataDir: DATA_DIR };
  const otherRegistries = [{ file: 'supervisor.json', content }];
  return judgeReading({ ...reading, otherRegistries, snapshot: snapshotOf([...machine, ...rows]) });
}

const leaks = (seen: Observation, columns: number, isVerbose = false) =>
  shown(columns, (output) => {
    printLeaks(seen, { showForeign: false, isVerbose, isRecorded: false, dataDirFlag: undefined, output });
  });

describe('the text of leaks', () => {
  test.each([120, 80, 40])('sixty pairs are one block that fits %i columns', (columns) => {
    const text = leaks(leftPairs(60), columns);
    const words = text.replaceAll(/\s+/g, ' ');
    expect(words).toContain('Leaked: 60 chroma-mcp (uv + python), using 4.8 GB (PSS + swap).');
    expect(words).toContain('60 chroma-mcp (uv + python) left by worker 4118, which is gone: 4.8 GB');
    expect(words).toContain('pid 5000, 5001, 5002, 5003, 5004, 5005, 5006, 5007 and 112 more');
    expect(words).toContain('newest, pid 5118: a chroma-mcp on this data dir');
    expect(words.match(/led by worker pid 4118/g)).toHaveLength(1);
    expect(text.split('\n').length).toBeLessThan(30);
    for (const line of text.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(columns);
  });

  test.each([120, 80, 40])('a verbose list has a row for every process at %i columns', (columns) => {
    const text = leaks(leftPairs(60), columns, true);
    for (let pid = 5_000; pid < 5_120; pid += 1) expect(text).toMatch(new RegExp(`^${pid} .*chroma`, 'm'));
    expect(text).toMatch(/└ chroma python/);
    for (const line of text.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(columns);
  });

  test('the block of one pair is shorter than its table', () => {
    const seen = leftPairs(1);
    const amountOfLines = (text: string) => text.split('\n').length;
    expect(leaks(seen, 80)).toContain('1 chroma-mcp (uv + python) left by worker 4118, which is gone: 80 MB');
    const [, block = '', table = ''] = leaks(seen, 80, true).split(/\n\n(?=1 chroma-mcp|PID)/);
    expect(amountOfLines(block)).toBeLessThan(amountOfLines(table.split('\n\n')[0] ?? ''));
  });
});

describe('the text of reap', () => {
  const planOf = (seen: Observation) => planReap(seen.judgements, seen.index, { includeExcess: false });
  const groupsOf = ({ judgements, reading }: Observation) => groupLeaks(judgements, reading.snapshot);

  test('the plan names each group once', () => {
    const seen = leftPairs(60);
    const text = shown(100, (output) => {
      printPlan(planOf(seen), output, { isDryRun: true, isVerbose: false, seen });
    });
    expect(text).toMatch(/^Would end: 60 chroma-mcp \(uv \+ python\), 120 processes, using 4\.8 GB\n/);
    expect(text.match(/left by worker 4118/g)).toHaveLength(1);
    expect(text).not.toMatch(/^5000 /m);
  });

  test('the plan lists the skipped processes once for each reason', () => {
    const skipped = Array.from({ length: 20 }, (_, index) => ({ pid: 100 + index, reason: 'excess: not included' }));
    const text = shown(100, (output) => {
      printPlan({ plan: [], skipped }, output, { isDryRun: true, isVerbose: false, seen: leftPairs(0) });
    });
    expect(text).toContain('  100, 101, 102, 103, 104, 105, 106, 107 and 12 more  excess: not included');
  });

  test('the question counts leaks and processes', () => {
    expect(questionFor(groupsOf(leftPairs(60)))).toBe('End these 60 chroma-mcp (120 processes)?');
    expect(questionFor(groupsOf(leftPairs(1)))).toBe('End this chroma-mcp (2 processes)?');
    const { judgements, reading } = leftPairs(2);
    const pythons = judgements.filter(({ row }) => row.name === 'python');
    expect(questionFor(groupLeaks(pythons, reading.snapshot))).toBe('End these 2 chroma-mcp?');
    expect(questionFor(groupLeaks(pythons.slice(1), reading.snapshot))).toBe('End this process?');
  });

  test('the outcomes have one line for each group, and one for each process that was not ended', () => {
    const seen = leftPairs(60);
    const { plan } = planOf(seen);
    const outcomes = plan.map(({ row: { pid } }): Outcome => {
      if (pid === 5_001) return { pid, outcome: 'survived', signal: 'SIGKILL', elapsedMs: 7_000 };
      return { pid, outcome: 'exited', signal: 'SIGTERM', elapsedMs: 20 };
    });
    const after = leftPairs(0);
    const result = { plan: planOf(seen), outcomes, after, remaining: plan.filter(({ row }) => row.pid === 5_001) };
    const text = shown(100, (output) => {
      printOutcomes(result, output, { isVerbose: false });
    });
    expect(text).toContain('left by worker 4118, which is gone: 119 exited, 1 survived\n');
    expect(text.match(/^ {2}5\d{3} .*$/gm)).toEqual([
      '  5001      survived SIGKILL: stuck in the kernel, or frozen (SIGKILL, 7000 ms)',
    ]);
    expect(text).toContain('Still running: 1 chroma-mcp (python)');
  });
});
