import * as v from 'valibot';
import { INCLUDED_LEAKS, SCHEDULER_KINDS } from '../../core/guard/entry.ts';
import { Count, Pid, Timestamp } from '../files/schema.ts';

const Amount = v.pipe(v.number(), v.finite(), v.minValue(0));

export const GuardRecordSchema = v.object({
  schemaVersion: v.literal(1),
  scheduler: v.picklist(SCHEDULER_KINDS),
  name: v.pipe(v.string(), v.regex(/^claude-mem-guard(?:-[0-9a-f]{8})?$/)),
  everySeconds: v.pipe(Count, v.minValue(1)),
  include: v.array(v.picklist(INCLUDED_LEAKS)),
  installedAt: Timestamp,
  launcher: v.nullable(v.string()),
});

const EndedProcessSchema = v.object({
  pid: Pid,
  outcome: v.picklist(['exited', 'killed', 'already-gone', 'pid-reused', 'permission-denied', 'survived']),
  signal: v.nullable(v.picklist(['SIGTERM', 'SIGKILL'])),
  elapsedMs: Amount,
  role: v.nullable(v.string()),
  memoryBytes: v.nullable(Amount),
});

const GuardRunSchema = v.object({
  startedAt: Timestamp,
  durationMs: Amount,
  result: v.picklist(['ok', 'left', 'incomplete', 'failed', 'interrupted']),
  endedCount: Count,
  endedMemoryBytes: Amount,
  processes: v.array(EndedProcessSchema),
  remaining: Count,
  error: v.nullable(v.object({ code: v.string(), message: v.string(), hint: v.nullable(v.string()) })),
});

export const GuardStateSchema = v.object({
  schemaVersion: v.literal(1),
  lastRun: GuardRunSchema,
  lastEnding: v.nullable(GuardRunSchema),
  runs: Count,
  endedTotal: Count,
});
