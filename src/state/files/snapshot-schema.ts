import * as v from 'valibot';
import type { OtherRegistry, ProcessRow, ProcessSnapshot } from '../../core/process/snapshot.ts';
import type { DamagedManifest } from '../../operations/ports/process.ts';
import { Count, PidNamespace, Timestamp } from './schema.ts';

/** The version this program writes. */
export const SNAPSHOT_VERSION = 1;

/** A snapshot file as written. It does not record which reader took the snapshot. */
export interface SnapshotDocument extends Omit<ProcessSnapshot, 'source'> {
  readonly schemaVersion: typeof SNAPSHOT_VERSION;
  readonly kind: 'process-snapshot';
  readonly dataDir: string;
  readonly answering?: readonly string[];
  /** Checked one by one, so that one bad manifest does not invalidate the snapshot. */
  readonly manifests: readonly unknown[];
  /** Manifests that could not be used where the snapshot was taken. */
  readonly damagedManifests?: readonly DamagedManifest[];
  readonly otherRegistries?: readonly OtherRegistry[];
}

/** `null`: the environment could not be read. Absent: the environment was not requested. */
const Mark = v.exactOptional(v.nullable(v.string()));

const ChannelState = v.picklist(['open', 'closed', 'unknown']);

const Row: v.GenericSchema<unknown, ProcessRow> = v.object({
  pid: Count,
  ppid: Count,
  pgid: v.exactOptional(Count),
  sid: v.exactOptional(Count),
  uid: v.exactOptional(Count),
  state: v.exactOptional(v.string()),
  threads: v.exactOptional(Count),
  pidNamespace: v.exactOptional(PidNamespace),
  startTicks: v.exactOptional(Count),
  startedAt: Timestamp,
  name: v.string(),
  executable: v.exactOptional(v.string()),
  argv: v.exactOptional(v.array(v.string())),
  command: v.string(),
  commandCut: v.exactOptional(v.literal(true)),
  environmentCut: v.exactOptional(v.literal(true)),
  treeMark: Mark,
  ownerMark: Mark,
  roleMark: Mark,
  dataDirMark: Mark,
  roleDirectory: v.exactOptional(v.string()),
  channels: v.exactOptional(v.object({ stdin: ChannelState, stdout: ChannelState })),
  cpuTicks: v.exactOptional(Count),
  rssBytes: v.exactOptional(Count),
  pssBytes: v.exactOptional(Count),
  swapBytes: v.exactOptional(Count),
});

export const SnapshotSchema: v.GenericSchema<unknown, SnapshotDocument> = v.object({
  schemaVersion: v.literal(SNAPSHOT_VERSION),
  kind: v.literal('process-snapshot'),
  takenAt: Timestamp,
  nowTicks: v.exactOptional(Count),
  platform: v.string(),
  machineId: v.exactOptional(v.string()),
  bootId: v.exactOptional(v.string()),
  pidNamespace: v.exactOptional(PidNamespace),
  complete: v.boolean(),
  unreadable: Count,
  dataDir: v.string(),
  self: v.object({ pid: Count, uid: v.exactOptional(Count) }),
  startPrecisionMs: v.exactOptional(v.pipe(v.number(), v.minValue(0))),
  answering: v.exactOptional(v.array(v.string())),
  processes: v.array(Row),
  manifests: v.optional(v.array(v.unknown()), []),
  damagedManifests: v.exactOptional(
    v.array(v.object({ file: v.string(), kind: v.picklist(['damaged', 'newer', 'unreadable']), reason: v.string() })),
  ),
  otherRegistries: v.exactOptional(v.array(v.object({ file: v.string(), content: v.nullable(v.string()) }))),
});
