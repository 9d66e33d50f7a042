import type { Identity } from './identity.ts';

/** The first eight characters of a tree id: enough to tell trees apart and short enough to read. */
export function shortId(treeId: string | null | undefined): string {
  return (treeId ?? '?').slice(0, 8);
}

/** `pid 4711 (started 2026-11-01T10:00:00.000Z)`. */
export function describeIdentity(identity: Identity): string {
  const since = identity.startedAt === undefined ? ticks(identity) : ` (started ${identity.startedAt})`;
  return `pid ${identity.pid}${since}`;
}

export function describeOwnerMark(owner: Identity | undefined): string {
  return owner === undefined ? 'nobody' : `pid ${owner.pid}${ticks(owner)}`;
}

function ticks(identity: Identity): string {
  return identity.startTicks === undefined ? '' : ` (start tick ${identity.startTicks})`;
}
