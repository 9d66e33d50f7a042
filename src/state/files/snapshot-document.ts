import type { Manifest } from '../../core/tree/manifest.ts';
import type { OtherRegistry, ProcessSnapshot } from '../../core/process/snapshot.ts';
import type { DamagedManifest } from '../../operations/ports/process.ts';
import { ClaudeMemError } from '../../shared/errors.ts';
import { checkManifest, newerVersion } from '../trees/manifest-schema.ts';
import { check, normalizePidNamespace } from './schema.ts';
import { SNAPSHOT_VERSION, SnapshotSchema, type SnapshotDocument } from './snapshot-schema.ts';

/** Everything that classification needs, as recorded on the original machine. */
export interface RecordedSnapshot {
  readonly snapshot: ProcessSnapshot;
  /** The path on that machine; it need not exist here. */
  readonly dataDir: string;
  readonly manifests: readonly Manifest[];
  /** Manifests that could not be used, on that machine or here. */
  readonly damaged: readonly DamagedManifest[];
  readonly otherRegistries: readonly OtherRegistry[];
  /** Tree ids of the supervisors that answered. */
  readonly answering: readonly string[];
}

/**
 * Parses the text of a snapshot file; `file` appears in messages.
 * @throws ClaudeMemError `snapshot-file` naming the wrong field, such as `processes[3].pid`.
 */
export function parseSnapshot(text: string, file: string): RecordedSnapshot {
  const value = parseJson(text, file);
  const newer = newerVersion(value, SNAPSHOT_VERSION);
  if (newer !== undefined) {
    throw new ClaudeMemError('snapshot-file', `${file} ${newer}`, { hint: 'Read it with a newer claude-mem.' });
  }
  // Checked first: for an unrelated JSON file, the first missing field would be a confusing message.
  if ((value as { kind?: unknown } | null | undefined)?.kind !== 'process-snapshot') {
    throw new ClaudeMemError('snapshot-file', `${file} is not a snapshot: kind: must be "process-snapshot"`, {
      hint: 'Choose a file that `claude-mem snapshot FILE` wrote.',
    });
  }
  const result = check(SnapshotSchema, value);
  if (!result.ok) {
    throw new ClaudeMemError('snapshot-file', `${file} is not a snapshot: ${result.problem}`, {
      hint: 'Record it again with `claude-mem snapshot FILE`.',
    });
  }
  return recordedSnapshot(result.value, file);
}

/** The document that `claude-mem snapshot` prints. */
export function snapshotDocument(recorded: RecordedSnapshot): SnapshotDocument {
  const reading = without(recorded.snapshot, 'source');
  return {
    schemaVersion: SNAPSHOT_VERSION,
    kind: 'process-snapshot',
    ...withDigits(reading),
    dataDir: recorded.dataDir,
    answering: recorded.answering,
    processes: recorded.snapshot.processes.map(withDigits),
    manifests: recorded.manifests.map(withDigits),
    ...(recorded.damaged.length === 0 ? {} : { damagedManifests: recorded.damaged }),
    otherRegistries: recorded.otherRegistries,
  };
}

function recordedSnapshot(document: SnapshotDocument, file: string): RecordedSnapshot {
  const { dataDir, answering, manifests, damagedManifests, otherRegistries, ...reading } = document;
  const checked = manifests.map(checkManifest);
  const damagedHere = checked.flatMap((result, index) =>
    result.kind === 'good' ? [] : [{ file: `${file}: manifests[${index}]`, kind: result.kind, reason: result.reason }],
  );
  return {
    snapshot: { ...without(reading, 'schemaVersion', 'kind'), source: 'file' },
    dataDir,
    manifests: checked.flatMap((result) => (result.kind === 'good' ? [result.manifest] : [])),
    damaged: [...(damagedManifests ?? []), ...damagedHere],
    otherRegistries: otherRegistries ?? [],
    answering: answering ?? [],
  };
}

function parseJson(text: string, file: string): unknown {
  try {
    // null means the same as absent, except for a mark: there it means "could not be read".
    return JSON.parse(text, (key, value: unknown) => (value === null && !key.endsWith('Mark') ? undefined : value));
  } catch (cause) {
    const what = text.trim() === '' ? 'is empty' : 'is not JSON, or is truncated';
    throw new ClaudeMemError('snapshot-file', `${file} ${what}`, {
      hint: 'Record it again with `claude-mem snapshot FILE`.',
      cause,
    });
  }
}

function withDigits<T extends { readonly pidNamespace?: string }>(value: T): T {
  if (value.pidNamespace === undefined) return value;
  return { ...value, pidNamespace: normalizePidNamespace(value.pidNamespace) };
}

function without<T extends object, K extends keyof T>(value: T, ...keys: K[]): Omit<T, K> {
  const copy = { ...value };
  for (const key of keys) Reflect.deleteProperty(copy, key);
  return copy;
}
