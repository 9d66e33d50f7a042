import type { Manifest } from '../../core/tree/manifest.ts';
import type { OtherRegistry, ProcessSnapshot } from '../../core/process/snapshot.ts';
import type { DamagedManifest } from '../../operations/ports/process.ts';
import { ClaudeMemError } from '../../shared/errors.ts';
import { writeFileForPeople } from './file-for-people.ts';
import { readGivenFile } from './given-file.ts';
import { describeErrno } from './io-error.ts';
import { checkManifest, newerVersion } from '../trees/manifest-schema.ts';
import { check, normalizePidNamespace } from './schema.ts';
import { SNAPSHOT_VERSION, SnapshotSchema, type SnapshotDocument } from './snapshot-schema.ts';

/** Some 100,000 processes. */
const MAX_SNAPSHOT_BYTES = 128 * 1024 * 1024;

/** All a judgement needs, as it was on the machine where it was recorded. */
export interface RecordedSnapshot {
  readonly snapshot: ProcessSnapshot;
  /** As written there; it need not exist here. */
  readonly dataDir: string;
  readonly manifests: readonly Manifest[];
  /** Those that could not be used, there or here. */
  readonly damaged: readonly DamagedManifest[];
  readonly otherRegistries: readonly OtherRegistry[];
  /** Tree ids of the supervisors that answered. */
  readonly answering: readonly string[];
}

/** @throws ClaudeMemError `snapshot-file`. */
export function readSnapshotFile(file: string): RecordedSnapshot {
  let bytes: Buffer;
  try {
    bytes = readGivenFile(file, MAX_SNAPSHOT_BYTES);
  } catch (error) {
    throw new ClaudeMemError('snapshot-file', `cannot read ${file}: ${describeErrno(error)}`, {
      hint: 'Give a file that `claude-mem snapshot FILE` wrote.',
      cause: error,
    });
  }
  return parseSnapshot(decode(bytes), file);
}

/**
 * Reads a snapshot from the text of its file; `file` is for messages.
 * @throws ClaudeMemError `snapshot-file` that names the field which is wrong, such as `processes[3].pid`.
 */
export function parseSnapshot(text: string, file: string): RecordedSnapshot {
  const value = parseJson(text, file);
  const newer = newerVersion(value, SNAPSHOT_VERSION);
  if (newer !== undefined) {
    throw new ClaudeMemError('snapshot-file', `${file} ${newer}`, { hint: 'Read it with a newer claude-mem.' });
  }
  // Before the rest, because of any other JSON file the first thing that is missing says little.
  if ((value as { kind?: unknown } | null | undefined)?.kind !== 'process-snapshot') {
    throw new ClaudeMemError('snapshot-file', `${file} is not a snapshot: kind: it is not "process-snapshot"`, {
      hint: 'Give a file that `claude-mem snapshot FILE` wrote.',
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

/**
 * Writes a snapshot, whole or not at all, mode 0600: command lines are nobody else's business.
 * @throws ClaudeMemError `io`.
 */
export function writeSnapshotFile(file: string, document: SnapshotDocument): void {
  writeFileForPeople(file, `${JSON.stringify(document, undefined, 1)}\n`);
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

/** Windows PowerShell redirects as UTF-16 with a byte order mark. */
function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le', 2);
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

function parseJson(text: string, file: string): unknown {
  try {
    // What is unknown may be written as null, and then means the same as absent; at a mark it means "could not be read".
    return JSON.parse(text, (key, value: unknown) => (value === null && !key.endsWith('Mark') ? undefined : value));
  } catch (cause) {
    const what = text.trim() === '' ? 'is empty' : 'is not JSON, or was cut off';
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
