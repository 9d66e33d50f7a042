import type { Acknowledged, CommandFacts, Found, Truth } from './facts.ts';
import { programOf, type Row, type Who } from './table.ts';

/** Documented exit codes. */
const KNOWN_CODES = new Set([0, 1, 2, 3, 4, 130]);

/** False statements and forbidden actions of a command; empty if there are none. */
export function checkCommand(facts: CommandFacts): readonly string[] {
  const found = facts.hasTimedOut
    ? ['does not end']
    : [...checkEnd(facts), ...checkOutput(facts), ...checkTruth(facts)];
  return found.map((what) => `${facts.name}: ${what}`);
}

function checkEnd({ code, signal, isStruck, stderr }: CommandFacts): readonly string[] {
  const found: string[] = [];
  if (!isStruck && signal !== null) found.push(`ended by ${signal}`);
  if (code !== null && !KNOWN_CODES.has(code) && !isStruck) found.push(`exit code ${code}`);
  if (/^\s+at .*:\d+:\d+\)?$/m.test(stderr)) found.push('a stack trace on stderr');
  return found;
}

function checkOutput(facts: CommandFacts): readonly string[] {
  if (facts.isStruck || facts.code === null) return [];
  if (facts.losesOutput) return facts.code === 0 ? ['exit code 0 though its output was lost'] : [];
  return reportOf(facts) === undefined
    ? [`no JSON document on stdout: ${JSON.stringify(facts.stdout.slice(0, 200))}`]
    : [];
}

/** The fields that the checks look at. */
interface Report {
  readonly ok?: boolean;
  readonly treeId?: string | null;
  readonly running?: boolean;
  readonly state?: string | null;
  readonly complete?: boolean;
  readonly summary?: { readonly orphans?: number; readonly excess?: number };
  readonly remaining?: readonly unknown[];
  readonly plan?: readonly unknown[];
}

function reportOf({ stdout }: CommandFacts): Report | undefined {
  try {
    const value: unknown = JSON.parse(stdout);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function checkTruth(facts: CommandFacts): readonly string[] {
  if (facts.isStruck || facts.losesOutput) return [];
  const report = reportOf(facts);
  if (report === undefined) return [];
  switch (facts.name) {
    case 'stop':
      return checkStop(facts, report);
    case 'start':
    case 'restart':
      return checkStart(facts, report);
    case 'leaks':
      return [...checkLeaks(facts, report), ...checkUnhurt(facts)];
    case 'reap':
      return [...checkReap(facts), ...checkUnhurt(facts)];
    case 'status':
      return [...checkStatus(facts, report), ...checkUnhurt(facts)];
    case 'doctor':
      return checkUnhurt(facts);
  }
}

function checkStop({ code, isAlone, after }: CommandFacts, report: Report): readonly string[] {
  const found: string[] = [];
  if (report.ok !== undefined && report.ok !== (code === 0))
    found.push(`ok: ${report.ok} with exit code ${code ?? ''}`);
  if (code !== 0 || !isAlone) return found;
  const left = programs(after).filter((row) => row.tree === report.treeId || programOf(row) === 'supervisor');
  if (left.length > 0) found.push(`said ok and left ${list(left)}`);
  return found;
}

function checkStart({ code, isAlone, after }: CommandFacts, report: Report): readonly string[] {
  const found: string[] = [];
  if (report.ok !== undefined && report.ok !== (code === 0))
    found.push(`ok: ${report.ok} with exit code ${code ?? ''}`);
  if (code !== 0 || !isAlone) return found;
  const own = programs(after).filter((row) => row.tree === report.treeId);
  for (const role of ['supervisor', 'worker'] as const) {
    if (!own.some((row) => programOf(row) === role)) found.push(`said ok and no ${role} of its tree runs`);
  }
  const supervisors = programs(after).filter((row) => programOf(row) === 'supervisor');
  if (supervisors.length > 1) found.push(`two supervisors: ${list(supervisors)}`);
  return found;
}

function checkLeaks({ code, isAlone, before, after }: CommandFacts, report: Report): readonly string[] {
  if (report.summary === undefined) return [];
  const { orphans = 0, excess = 0 } = report.summary;
  const found: string[] = [];
  if (code === 0 && report.complete === false) found.push('exit code 0 though the reading was incomplete');
  if (code === 0 && orphans + excess > 0) found.push('exit code 0 though it found leaks');
  if (code === 1 && orphans + excess === 0) found.push('exit code 1 though it found none');
  if (!isAlone || code !== 0) return found;
  const lasting = same(orphansOf(before), orphansOf(after));
  if (lasting.length > 0) found.push(`found none beside ${list(lasting)}`);
  const unread = before.damagedManifests.filter((file) => after.damagedManifests.includes(file));
  if (unread.length > 0) found.push(`exit code 0 though ${unread.join(', ')} cannot be read`);
  return found;
}

function checkReap({ code, isAlone, before, after }: CommandFacts): readonly string[] {
  if (!isAlone || code !== 0) return [];
  const lasting = same(orphansOf(before), orphansOf(after));
  return lasting.length > 0 ? [`exit code 0 and left ${list(lasting)}`] : [];
}

function checkStatus({ code, isAlone, before, after }: CommandFacts, report: Report): readonly string[] {
  const found: string[] = [];
  // A tree that gave up still runs and is a finding; a reading may be incomplete in both cases.
  const fitting = report.running === true ? [0, 1, 4] : [3, 4];
  if (report.running !== undefined && !fitting.includes(code ?? -1))
    found.push(`running: ${report.running} with exit code ${code ?? ''}`);
  if (!isAlone) return found;
  const lasting = same(programs(before), programs(after));
  if (code === 0 && programs(before).length === 0 && programs(after).length === 0)
    found.push('says running, nothing is');
  const lives = (role: string) => lasting.some((row) => programOf(row) === role);
  if (code === 3 && lives('supervisor') && lives('worker')) found.push(`says not running beside ${list(lasting)}`);
  return found;
}

/** A live tree is not changed by read-only commands or by `reap`. */
function checkUnhurt({ isAlone, before, after }: CommandFacts): readonly string[] {
  const whole = isAlone ? wholeTree(before) : [];
  const hurt = whole.filter((row) => !after.rows.some((other) => isSame(row, other)));
  return hurt.length > 0 ? [`ended ${list(hurt)} of a tree that is whole`] : [];
}

/**
 * Supervisor, worker and search server of one tree, each under the owner that its mark names; empty if one is missing
 * or frozen, or was sent a signal that ends it.
 */
function wholeTree(truth: Truth): readonly Row[] {
  const all = programs(truth);
  const supervisors = all.filter((row) => programOf(row) === 'supervisor');
  const [supervisor] = supervisors;
  if (supervisor === undefined || supervisors.length > 1) return [];
  const worker = all.find((row) => programOf(row) === 'worker' && isChildOf(row, supervisor));
  const search = worker && all.find((row) => programOf(row) === 'search' && isChildOf(row, worker));
  if (worker === undefined || search === undefined) return [];
  const tree = [supervisor, worker, search];
  const isHurt = (row: Row) => row.state === 'T' || truth.struck.some((struck) => isSame(row, struck));
  return tree.some(isHurt) ? [] : tree;
}

function isChildOf(row: Row, parent: Row): boolean {
  return (
    row.ppid === parent.pid &&
    row.tree === parent.tree &&
    row.owner?.startsWith(`${parent.pid}:${parent.start}:`) === true
  );
}

/**
 * Processes that are certainly orphans, by the runner's own rule: a program of a tree whose owner mark names a dead
 * process, under a parent outside the round or a supervisor, or the python below such a wrapper.
 */
export function orphansOf(truth: Truth): readonly Row[] {
  if (truth.hasFalseRegistry) return [];
  const byPid = new Map(truth.rows.map((row) => [row.pid, row]));
  const isGone = ({ owner }: Row): boolean => {
    const [pid, start] = (owner ?? '').split(':');
    if (pid === undefined || start === undefined) return false;
    return byPid.get(Number(pid))?.start !== start;
  };
  const isAdopted = (row: Row): boolean => {
    const parent = byPid.get(row.ppid);
    return parent === undefined || programOf(parent) === 'supervisor';
  };
  const lost = programs(truth).filter((row) => programOf(row) !== 'supervisor' && isGone(row) && isAdopted(row));
  const wrappers = new Set(lost.filter((row) => programOf(row) === 'uv').map(({ pid }) => pid));
  return [...lost, ...programs(truth).filter((row) => programOf(row) === 'python' && wrappers.has(row.ppid))];
}

/** Simultaneously living supervisors that each have a worker. */
export function doubleTrees(rows: readonly Row[]): readonly Row[] {
  const all = rows.filter((row) => row.bystander === undefined);
  const workers = all.filter((row) => programOf(row) === 'worker');
  const rooted = all.filter(
    (row) => programOf(row) === 'supervisor' && workers.some((worker) => isChildOf(worker, row)),
  );
  return rooted.length > 1 ? [...rooted, ...workers] : [];
}

/** Processes of a round that are left and are not bystanders. */
export function leftOf(rows: readonly Row[]): readonly Row[] {
  return rows.filter(({ bystander }) => bystander === undefined);
}

/** Acknowledged records that are missing or stored twice. */
export function checkLedger(
  acknowledged: readonly Acknowledged[],
  find: (item: Acknowledged) => Found,
  { isDrained }: { readonly isDrained: boolean },
): readonly string[] {
  return acknowledged.flatMap((item) => {
    const { stored, isSpooled } = find(item);
    const what = `${item.kind} ${item.token}`;
    if (stored > 1) return [`${what} was acknowledged once and is stored ${stored} times`];
    if (stored === 0 && !isSpooled) return [`${what} was acknowledged and is lost`];
    if (isDrained && stored === 0) return [`${what} still waits in the spool of a tree that had time to store it`];
    return [];
  });
}

export function list(rows: readonly Row[]): string {
  return rows
    .map((row) => `${programOf(row) ?? row.comm} ${row.pid} (parent ${row.ppid}, state ${row.state})`)
    .join(', ');
}

export function isSame(one: Who, other: Who): boolean {
  return one.pid === other.pid && one.start === other.start;
}

function programs({ rows }: Truth): readonly Row[] {
  return rows.filter((row) => row.bystander === undefined && row.tree !== undefined && programOf(row) !== undefined);
}

function same(rows: readonly Row[], others: readonly Row[]): readonly Row[] {
  return rows.filter((row) => others.some((other) => isSame(row, other)));
}
