import type { IncludedLeak } from '../../core/guard/entry.ts';
import { planReap } from '../../core/verdicts/plan-reap.ts';
import { describeProcess, formatBytes } from '../../core/text/wording.ts';
import type { Judgement } from '../../core/verdicts/verdict.ts';
import { ClaudeMemError } from '../../shared/errors.ts';
import { memoryOf } from '../leaks/process-memory.ts';
import { reapAndTidy, type Reaped, type ReapAndTidyPorts } from '../terminate/reap-and-tidy.ts';
import type { TerminationOptions } from '../terminate/terminate.ts';
import { needsTidying } from '../tree/tidy-trees.ts';
import type { EndedProcess, GuardResult, GuardRun, GuardState } from './records.ts';

export interface GuardLogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
}

export interface RunGuardPorts extends ReapAndTidyPorts {
  readonly readState: () => GuardState | undefined;
  /** @throws ClaudeMemError `io`. */
  readonly writeState: (state: GuardState) => void;
  /** Never throws. Called only if something happened. */
  readonly log: (line: GuardLogLine) => void;
}

export interface RunGuardOptions extends TerminationOptions {
  readonly include: readonly IncludedLeak[];
}

export interface GuardRunReport {
  readonly run: GuardRun;
  /** For people; empty if nothing happened. */
  readonly lines: readonly GuardLogLine[];
}

const MOST_STORED_PROCESSES = 100;

/**
 * One run of the guard: the plan of `reap --yes`, carried out, logged and stored for `guard status`. A failure becomes a stored result, not
 * an error, because no person waits for it.
 */
export async function runGuard(ports: RunGuardPorts, options: RunGuardOptions): Promise<GuardRunReport> {
  const begunAt = ports.clock.now();
  const startedAt = ports.clock.date().toISOString();
  const { outcome, lines } = await attempt(ports, options);
  const run: GuardRun = { startedAt, durationMs: Math.round(ports.clock.now() - begunAt), ...outcome };
  const all = [...lines, ...store(ports, run)];
  for (const line of all) ports.log(line);
  const isStored = all.length === lines.length;
  return { run: isStored || run.result !== 'ok' ? run : { ...run, result: 'failed' }, lines: all };
}

interface Attempt {
  readonly outcome: Omit<GuardRun, 'startedAt' | 'durationMs'>;
  readonly lines: readonly GuardLogLine[];
}

const NOTHING = { endedCount: 0, endedMemoryBytes: 0, processes: [], remaining: 0, error: null } as const;

async function attempt(ports: RunGuardPorts, options: RunGuardOptions): Promise<Attempt> {
  try {
    const { include } = options;
    const request = { includeExcess: include.includes('excess'), includeObservers: include.includes('observers') };
    const quick = await ports.observe({ memory: false });
    const isIdle = planReap(quick.judgements, quick.index, request).plan.length === 0 && !needsTidying(quick);
    if (isIdle) return { outcome: { ...NOTHING, result: quick.isComplete ? 'ok' : 'incomplete' }, lines: [] };
    const seen = await ports.observe({ memory: true });
    const seenAt = ports.clock.now();
    const plan = planReap(seen.judgements, seen.index, request);
    return describe(await reapAndTidy(ports, { ...options, request, seen, seenAt, plan }), plan.plan, options);
  } catch (error) {
    if (!(error instanceof ClaudeMemError)) throw error;
    return failed(error);
  }
}

function failed({ code, message, hint }: ClaudeMemError): Attempt {
  const result = code === 'interrupted' ? 'interrupted' : 'failed';
  return {
    outcome: { ...NOTHING, result, error: { code, message, hint: hint ?? null } },
    lines: [{ level: 'error', message: `The guard could not run: ${message}` }],
  };
}

function describe({ result, tidied }: Reaped, planned: readonly Judgement[], options: RunGuardOptions): Attempt {
  const known = new Map([...result.plan.plan, ...planned].map((judgement) => [judgement.row.pid, judgement]));
  const processes = result.outcomes.map((outcome): EndedProcess => {
    const judgement = known.get(outcome.pid);
    const memoryBytes = judgement === undefined ? null : memoryOf(judgement).totalBytes;
    return { ...outcome, role: judgement?.role ?? null, memoryBytes };
  });
  const gone = processes.filter(isGone);
  const { error } = tidied;
  return {
    outcome: {
      result: resultOf({ result, tidied }, options),
      endedCount: gone.length,
      endedMemoryBytes: gone.reduce((sum, { memoryBytes }) => sum + (memoryBytes ?? 0), 0),
      processes: processes.slice(0, MOST_STORED_PROCESSES),
      remaining: result.remaining.length,
      error: error === undefined ? null : { code: error.code, message: error.message, hint: error.hint ?? null },
    },
    lines: [
      ...processes.map((item) => lineOf(item, known.get(item.pid))),
      ...tidied.lines.map((message): GuardLogLine => ({ level: 'info', message })),
      ...result.remaining.map(({ row }): GuardLogLine => ({ level: 'warn', message: `Still running: pid ${row.pid}` })),
      ...(error === undefined
        ? []
        : [{ level: 'error', message: `Could not update the manifests: ${error.message}` } as const]),
    ],
  };
}

function isGone({ outcome }: EndedProcess): boolean {
  return outcome === 'exited' || outcome === 'killed';
}

function resultOf({ result, tidied }: Reaped, { interrupted }: RunGuardOptions): GuardResult {
  const { outcomes, after, remaining } = result;
  if (interrupted?.aborted === true) return 'interrupted';
  const isLeft = outcomes.some(({ outcome }) => outcome === 'survived' || outcome === 'permission-denied');
  if (isLeft || remaining.length > 0 || tidied.error !== undefined) return 'left';
  return after.isComplete ? 'ok' : 'incomplete';
}

/** Without the command line, which may contain secrets. */
function lineOf(item: EndedProcess, judgement: Judgement | undefined): GuardLogLine {
  const name = judgement === undefined ? 'process' : describeProcess(judgement);
  const verdict = judgement === undefined ? '' : `, ${judgement.verdict}`;
  const memory = item.memoryBytes === null ? '' : `, ${formatBytes(item.memoryBytes)}`;
  const signal = item.signal === null ? '' : ` (${item.signal}, ${item.elapsedMs} ms)`;
  return {
    level: isGone(item) || item.outcome === 'already-gone' ? 'info' : 'warn',
    message: `${name} ${item.pid}${verdict}${memory}: ${item.outcome}${signal}`,
  };
}

/** The processes have ended by now: a full disk must not hide it. */
function store(ports: RunGuardPorts, run: GuardRun): readonly GuardLogLine[] {
  const before = ports.readState();
  try {
    ports.writeState({
      schemaVersion: 1,
      lastRun: run,
      lastEnding: run.endedCount > 0 ? run : (before?.lastEnding ?? null),
      runs: (before?.runs ?? 0) + 1,
      endedTotal: (before?.endedTotal ?? 0) + run.endedCount,
    });
    return [];
  } catch (error) {
    if (!(error instanceof ClaudeMemError)) throw error;
    return [{ level: 'error', message: `Could not store the result of this run: ${error.message}` }];
  }
}
