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
  readonly detail: string;
  readonly why: string;
  /** The command that fixes the problem, or one instruction. */
  readonly fix: string | null;
}

/** Default time limit of a check, in milliseconds: enough for file lookups, a process table and an answer over loopback. */
const USUAL_LIMIT_MS = 10_000;

export interface DiagnoseOptions {
  /** Only these checks; default: all. The checks they need run too, and are reported if they fail. */
  readonly only?: readonly CheckId[] | undefined;
  /** Replaces every time limit, in milliseconds. */
  readonly limitMs?: number;
  /** Ends the programs that checks started; the checks that wait for them become errors. */
  readonly interrupted?: AbortSignal;
}

/**
 * Runs checks in parallel, each under its own time limit. Never throws: a check that throws or hangs becomes an `error`, and the other
 * checks are still reported. A check that hangs is abandoned; its aborted signal makes it end what it started.
 */
export async function diagnose(
  checks: readonly Check[],
  ports: DoctorPorts,
  { only, limitMs, interrupted }: DiagnoseOptions = {},
): Promise<readonly CheckResult[]> {
  const shared = shareReadings(ports);
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

type SharedReadings = Omit<Look, 'signal'>;

function shareReadings(ports: DoctorPorts): SharedReadings {
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
  readonly shared: SharedReadings;
  readonly limitMs: number;
  readonly interrupted: AbortSignal | undefined;
}

async function runWithNeeds(check: Check, checks: readonly Check[], run: Run): Promise<Finding> {
  const needed = checks.filter(({ id }) => check.needs?.includes(id) === true);
  const findings = await Promise.all(needed.map(run.find));
  const missing = needed.find((_, index) => findings[index]?.blocks === true);
  // Only the needed check reports the problem. The skip blocks too, so it reaches checks that need this one.
  if (missing !== undefined) return blocking(skip(`not checked: see ${missing.id}`));
  return runWithin(check, run);
}

async function runWithin(check: Check, { shared, limitMs, interrupted }: Run): Promise<Finding> {
  const timeUp = new AbortController();
  const signal = interrupted === undefined ? timeUp.signal : AbortSignal.any([timeUp.signal, interrupted]);
  try {
    const work = Promise.resolve().then(() => check.run({ ...shared, signal }));
    const finding = await withTimeout(limitMs, work);
    return finding ?? blocking(couldNotLook(`no result within ${limitMs / 1000} s`));
  } catch (error) {
    return blocking(couldNotLook(...wordsOf(error)));
  } finally {
    timeUp.abort();
  }
}

/** A ClaudeMemError carries a hint for the user; any other error is a bug, so its message is for the bug report. */
function wordsOf(error: unknown): [detail: string, fix?: string] {
  if (error instanceof ClaudeMemError) return error.hint === undefined ? [error.message] : [error.message, error.hint];
  return [`the check failed: ${messageOf(error)}`];
}

function resultOf({ id, title, why }: Check, { status, detail, fix }: Finding): CheckResult {
  return { id, title, status, detail, why, fix: fix ?? null };
}

export type CheckSummary = Readonly<Record<CheckStatus, number>>;

/** Counts the checks of each status. */
export function summarize(results: readonly CheckResult[]): CheckSummary {
  const summary = { pass: 0, warn: 0, fail: 0, skip: 0, error: 0 };
  for (const { status } of results) summary[status] += 1;
  return summary;
}
