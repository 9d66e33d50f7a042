import type { CommandFacts, Truth } from '../../scripts/rounds/facts.ts';
import type { Row } from '../../scripts/rounds/table.ts';

const TREE = 'tree-1';

/** A process of a round; its start ticks are ten times its pid. */
export function row(pid: number, ppid: number, extra: Partial<Row> = {}): Row {
  return {
    ...{ pid, ppid, start: String(pid * 10), state: 'S', sid: pid, uid: 0, comm: 'node', argv: [], round: 'run/1' },
    ...{ bystander: undefined, tree: TREE, owner: undefined, role: undefined },
    ...extra,
  };
}

export const ownedBy = (pid: number): string => `${pid}:${pid * 10}:boot:ns`;

export const supervisor = row(10, 1, { argv: ['node', '/x/supervisor.js'], role: 'supervisor' });
export const worker = row(20, 10, { argv: ['node', '/x/worker.js'], role: 'worker', owner: ownedBy(10) });
export const search = row(30, 20, { argv: ['node', '/x/search-server.js'], role: 'search', owner: ownedBy(20) });
const chroma = { role: 'chroma-sync', owner: ownedBy(20) };
export const uv = row(40, 20, { ...chroma, comm: 'uv', argv: ['uv', 'tool', 'uvx', 'chroma-mcp'] });
export const python = row(50, 40, { ...chroma, comm: 'python', argv: ['python', '/y/bin/chroma-mcp'] });
export const wholeTreeRows = [supervisor, worker, search, uv, python];

export function truth(rows: readonly Row[], extra: Partial<Truth> = {}): Truth {
  return { rows, damagedManifests: [], isConfigDamaged: false, hasFalseRegistry: false, struck: [], ...extra };
}

/** A command that ran alone, with this exit code and this JSON. */
export function ran(
  name: CommandFacts['name'],
  code: number | null,
  report: unknown,
  extra: Partial<CommandFacts> = {},
): CommandFacts {
  return {
    ...{ name, code, signal: null, stdout: JSON.stringify(report), stderr: '' },
    ...{ hasTimedOut: false, isStruck: false, losesOutput: false, isAlone: true, before: truth([]), after: truth([]) },
    ...extra,
  };
}
