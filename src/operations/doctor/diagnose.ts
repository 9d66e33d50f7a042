import { ClaudeMemError, messageOf } from '../../shared/errors.ts';
import { withTimeout } from '../../shared/with-timeout.ts';
import type { Observation } from '../observe/observe.ts';
import type { TreeStatus } from '../tree/tree-lifecycle.ts';
import { blocking, couldNotLook, skip, type Check, type CheckStatus, type Finding, type Look } from './check.ts';
import type { CheckId } from './check.ts';
import type { DoctorPorts } from '../ports/doctor.ts';

export interface CheckResult {
  readonly id: CheckId;
  readonly title: string;
  readonly status: CheckStatus;
  /** What was found. */
  readonly detail: string;
  readonly why: string;
  /** The command that fixes it. */
  readonly fix: string | null;
}

/** How long a check may take unless it says otherwise, in milliseconds: file lookups, a process table, an answer over loopback. */
const USUAL_LIMIT_MS = 10_000;

export interface DiagnoseOptions {
  /** Only these; all unless told. What they need is looked at too, and reported if it is not well. */
  readonly only?: readonly CheckId[] | undefined;
  /** In place of every limit, in milliseconds. */
  readonly limitMs?: number;
  /** Ends what checks have started; those that wait for it are errors then. */
  readonly interrupted?: AbortSignal;
}

/**
 * Runs checks side by side, each under a time limit of its own. Never throws: one that throws or hangs is an `error`, and the others
 * are reported all the same. One that hangs is abandoned; its signal tells it to end what it started.
 */
export async function diagnose(
  checks: readonly Check[],
  ports: DoctorPorts,
  { only, limitMs, interrupted }: DiagnoseOptions = {},
): Promise<readonly CheckResult[]> {
  const shared = shareLooks(ports);
  const findings = new Map<CheckId, Promise<Finding>>();
  const find = (check: Check): Promise<Finding> => {
    const known = findings.get(check.id);
    if (known !== undefined) return known;
    const limit = limitMs ?? check.limitMs ?? USUAL_LIMIT_MS;
    const begun = runWithNeeds(check, checks, { find, shared, limitMs: limit, interrupted });
    findings.set(check.id, begun);
    return begun;
  };
  const wanted = checks.filter(({ id }) => only === undefined || only.includes(id));
  await Promise.all(wanted.map(find));
  const results: CheckResult[] = [];
  for (const check of checks) {
    const finding = await findings.get(check.id);
    if (finding === undefined) continue;
    if (wanted.includes(check) || finding.status === 'fail' || finding.status === 'error')
      results.push(resultOf(check, finding));
  }
  return results;
}

type SharedLooks = Omit<Look, 'signal'>;

function shareLooks(ports: DoctorPorts): SharedLooks {
  let observation: Promise<Observation> | undefined;
  let status: Promise<TreeStatus | undefined> | undefined;
  return {
    ...ports,
    observation: () => (observation ??= ports.tree.observe()),
    status: () => (status ??= ports.tree.askSupervisor()),
    settings: () => ports.tree.readSettings(),
  };
}

interface Run {
  readonly find: (check: Check) => Promise<Finding>;
  readonly shared: SharedLooks;
  readonly limitMs: number;
  readonly interrupted: AbortSignal | undefined;
}

async function runWithNeeds(check: Check, checks: readonly Check[], run: Run): Promise<Finding> {
  const needed = checks.filter(({ id }) => check.needs?.includes(id) === true);
  const findings = await Promise.all(needed.map(run.find));
  const missing = needed.find((_, index) => findings[index]?.blocks === true);
  // What is not well is reported by the check it belongs to, once. A block is handed on.
  if (missing !== undefined) return blocking(skip(`cannot be looked at: see ${missing.id}`));
  return runWithin(check, run);
}

async function runWithin(check: Check, { shared, limitMs, interrupted }: Run): Promise<Finding> {
  const timeUp = new AbortController();
  const signal = interrupted === undefined ? timeUp.signal : AbortSignal.any([timeUp.signal, interrupted]);
  try {
    const work = Promise.resolve().then(() => check.run({ ...shared, signal }));
    const finding = await withTimeout(limitMs, work);
    return finding ?? blocking(couldNotLook(`gave no result within ${limitMs / 1000} s`));
  } catch (error) {
    return blocking(couldNotLook(...wordsOf(error)));
  } finally {
    timeUp.abort();
  }
}

/** Foreseen errors say what to do; of others the first line of the stack is for the bug report. */
function wordsOf(error: unknown): [detail: string, fix?: string] {
  if (error instanceof ClaudeMemError) return error.hint === undefined ? [error.message] : [error.message, error.hint];
  return [`the check failed: ${messageOf(error)}`];
}

function resultOf({ id, title, why }: Check, { status, detail, fix }: Finding): CheckResult {
  return { id, title, status, detail, why, fix: fix ?? null };
}

export type CheckSummary = Readonly<Record<CheckStatus, number>>;

/** How many checks came to each status. */
export function summarize(results: readonly CheckResult[]): CheckSummary {
  const summary = { pass: 0, warn: 0, fail: 0, skip: 0, error: 0 };
  for (const { status } of results) summary[status] += 1;
  return summary;
}
