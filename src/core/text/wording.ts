import { printable } from './harmless-text.ts';
import type { Identity } from '../process/identity.ts';
import { isChromaProgram, isChromaWrapper } from '../process/role-program.ts';
import type { Judgement } from '../verdicts/verdict.ts';

export { printable } from './harmless-text.ts';

/** The first eight characters of a tree id: short to read, and enough to distinguish trees. */
export function shortId(treeId: string | null | undefined): string {
  return (treeId ?? '?').slice(0, 8);
}

/** `pid 4711 (started 2026-11-01T10:00:00.000Z)`. */
export function describeIdentity(identity: Identity): string {
  const since = identity.startedAt === undefined ? ticks(identity) : ` (started ${identity.startedAt})`;
  return `pid ${identity.pid}${since}`;
}

export function describeOwnerMark(owner: Identity | undefined): string {
  return owner === undefined ? 'an unknown process' : `pid ${owner.pid}${ticks(owner)}`;
}

function ticks(identity: Identity): string {
  return identity.startTicks === undefined ? '' : ` (start tick ${identity.startTicks})`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `512 MB`, `1.4 GB`: decimal units, as in file managers. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return '?';
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit >= 3 && value < 100 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`;
}

/** `1,200` for a whole number. Node's own formatting loads the tables of all languages, which takes 29 ms. */
export function formatNumber(amount: number): string {
  const digits = String(amount);
  const groups: string[] = [];
  for (let end = digits.length; end > 0; end -= 3) groups.unshift(digits.slice(Math.max(0, end - 3), end));
  return groups.join(',');
}

/** `3 orphans`, `1 orphan`. */
export function count(amount: number, noun: string, plural = `${noun}s`): string {
  return `${formatNumber(amount)} ${amount === 1 ? noun : plural}`;
}

/** Names a process in one or two words: its role, plus `uv` or `python` for Chroma. */
export function describeProcess({ row, role }: Judgement): string {
  const isChroma = isChromaProgram(row);
  if (!isChroma) return role ?? printable(row.name);
  return `${role ?? 'chroma'} ${isChromaWrapper(row) ? 'uv' : 'python'}`;
}
