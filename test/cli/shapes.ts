import { expect } from 'vitest';

// The JSON contract, field by field. Add every new field here.
const orNull = (type: unknown): unknown => expect.toSatisfy((value) => value === null || isA(value, type));
const text: unknown = expect.any(String);
const number: unknown = expect.any(Number);
const flag: unknown = expect.any(Boolean);
const list: unknown = expect.any(Array);
const date: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

const evidence: unknown = expect.toSatisfy(
  (items: unknown[]) => items.length > 0 && items.every((item) => Object.keys(item as object).join() === 'kind,detail'),
);

const memory = {
  pssBytes: orNull(Number),
  rssBytes: orNull(Number),
  swapBytes: orNull(Number),
  totalBytes: orNull(Number),
  kind: expect.toSatisfy((kind) => ['pss+swap', 'rss', null].includes(kind as null)) as unknown,
};

export const reportedProcess = {
  pid: number,
  ppid: number,
  role: orNull(String),
  verdict: expect.stringMatching(/^(managed|orphan|excess|unverified|foreign|zombie)$/) as unknown,
  treeId: orNull(String),
  startedAt: date,
  ageSeconds: number,
  uid: orNull(Number),
  command: text,
  memory,
  evidence,
};

export const reportedGroup = {
  verdict: expect.stringMatching(/^(orphan|excess|unverified)$/) as unknown,
  owner: expect.toSatisfy(
    (owner: object | null) => owner === null || Object.keys(owner).join() === 'pid,role,treeId,presence,goneSince',
  ) as unknown,
  sessionId: orNull(Number),
  leaks: number,
  pids: list,
  memoryBytes: orNull(Number),
  oldestAgeSeconds: number,
  evidence,
};

export const leaksReport = {
  schemaVersion: 1,
  command: 'leaks',
  takenAt: date,
  platform: text,
  source: text,
  complete: flag,
  unreadable: number,
  dataDir: text,
  summary: {
    managed: number,
    orphans: number,
    excess: number,
    unverified: number,
    foreign: number,
    zombies: number,
    staleEntries: number,
    leaks: number,
    leakedMemoryBytes: number,
  },
  groups: list,
  processes: list,
  staleEntries: list,
  damagedManifests: list,
};

export const staleEntry = { treeId: text, role: text, pid: number, reason: text };

export const reapReport = {
  schemaVersion: 1,
  command: 'reap',
  dryRun: flag,
  complete: flag,
  plan: list,
  groups: list,
  skipped: list,
  outcomes: list,
  remaining: list,
  tidied: list,
  error: null,
};

export const plannedProcess = {
  pid: number,
  role: orNull(String),
  verdict: expect.stringMatching(/^(orphan|excess)$/) as unknown,
  treeId: orNull(String),
  command: text,
  evidence,
};

export const outcome = {
  pid: number,
  outcome: expect.stringMatching(/^(exited|killed|already-gone|pid-reused|permission-denied|survived)$/) as unknown,
  signal: orNull(String),
  elapsedMs: number,
};

export function errorReport(command: string | null, code: string, message: unknown = text): unknown {
  return { schemaVersion: 1, command, error: { code, message, hint: orNull(String) } };
}

function isA(value: unknown, type: unknown): boolean {
  return type === String ? typeof value === 'string' : typeof value === 'number';
}
