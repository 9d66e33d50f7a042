import { randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { CheckId } from '../operations/doctor/check.ts';
import { CHECKS } from '../operations/doctor/checks/index.ts';
import type { AccessLists } from '../operations/ports/doctor.ts';
import { diagnose, summarize, type CheckResult } from '../operations/doctor/diagnose.ts';
import { repair, repairable, type Repair } from '../operations/doctor/repair.ts';
import { identifySelf, loadPlatform, type Platform } from '../platform/index.ts';
import { probeChroma, type ChromaProbe } from '../chroma/probe-chroma.ts';
import { withTimeout } from '../shared/with-timeout.ts';
import { writeFileForPeople } from '../state/files/file-for-people.ts';
import { assertOwner } from '../state/files/data-dir.ts';
import { folderFacts } from '../state/files/folder-facts.ts';
import { closeToOthers } from '../state/files/private-folder.ts';
import { readSettings } from '../state/settings/settings.ts';
import type { Context } from '../cli/context.ts';
import { systemClock } from './adapters.ts';
import { findPersonal } from './context.ts';
import type { CheckList, DoctorReport, DoctorRequest } from '../cli/commands/doctor/json.ts';
import { createDoctorPorts } from './doctor-ports.ts';
import { bugReport } from '../cli/commands/doctor/bug-report.ts';
import { resolveTarget, type ResolvedTarget } from './doctor-target.ts';

/** Time limit to end processes that checks started, in milliseconds. */
const CLEAN_UP_MS = 8_000;

/** Lists the checks. */
export function list(): CheckList {
  return { schemaVersion: 1, command: 'doctor', checks: CHECKS.map(({ id, title, why }) => ({ id, title, why })) };
}

/**
 * Runs the checks. With `fix`, applies the safe fixes and runs the checks again.
 * @throws ClaudeMemError `not-owner` and `lock-held` with `fix`; `io` if the report cannot be written.
 */
export async function examine(request: DoctorRequest): Promise<DoctorReport> {
  const target = resolveTarget(request.dataDir);
  if (request.fix && target.context !== undefined) assertOwner(target.dataDir);
  const platform = await loadPlatform();
  const chroma = partsOf(target, platform);
  const ports = createDoctorPorts({ target, platform, chroma, dataDirFlag: request.dataDir });
  const { interrupted } = request;
  const only = request.only.length === 0 ? undefined : request.only;
  const run = () => diagnose(CHECKS, ports, { only, interrupted });
  try {
    let checks = await run();
    let fixed: readonly Repair[] = [];
    if (request.fix && !interrupted.aborted && target.context !== undefined && repairable(checks).length > 0) {
      fixed = await repairAll(checks, target.context, { accessLists: platform.accessLists, interrupted });
      checks = await run();
    }
    const report: DoctorReport = {
      ...{ schemaVersion: 1, command: 'doctor', version: ports.target.version, dataDir: target.dataDir },
      ...{ checks, summary: summarize(checks), fixed },
    };
    if (request.report !== undefined) writeFileForPeople(request.report, bugReport(report, findPersonal()));
    return report;
  } finally {
    await withTimeout(CLEAN_UP_MS, chroma.idle());
  }
}

/** Repairs the data dir first and without the lock: the lock file may belong to another user. */
async function repairAll(
  checks: readonly CheckResult[],
  context: Context,
  { accessLists, interrupted }: { readonly accessLists: AccessLists | undefined; readonly interrupted: AbortSignal },
): Promise<readonly Repair[]> {
  const ids = repairable(checks);
  const run = (wanted: readonly CheckId[]) =>
    repair(wanted, {
      dataDir: context.dataDir,
      folder: folderFacts,
      observe: () => context.observe({ memory: false }),
      files: context.trees(),
      closeToOthers: () => closeToOthers(context.dataDir, accessLists),
    });
  const first = await run(ids.filter((id) => id === 'data-dir'));
  const others = ids.filter((id) => id !== 'data-dir');
  if (others.length === 0) return first;
  return [...first, ...(await context.underOperationLock('claude-mem doctor --fix', interrupted, () => run(others)))];
}

/** Probe processes get the marks of a separate tree that is never recorded. */
function partsOf({ dataDir }: ResolvedTarget, platform: Platform): ChromaProbe {
  const { table, signaller, identify } = platform;
  const own = identifySelf(platform);
  return probeChroma({
    ...{ dataDir, own, treeId: randomUUID(), settings: () => readSettings(dataDir, process.env) },
    env: process.env.HOME === undefined ? { ...process.env, HOME: homedir() } : process.env,
    constraintsFile: join(__dirname, 'chroma-constraints.txt'),
    platform: process.platform,
    processes: { identify, table, signaller, clock: systemClock, recorder: NOTHING_RECORDED },
    log: NO_LOG,
  });
}

const NOTHING_RECORDED = { register: () => Promise.resolve(), ended: () => Promise.resolve() };
const NO_LOG = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {
  // Probes write nothing.
}
