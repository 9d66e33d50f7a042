import type { Manifest } from '../../core/tree/manifest.ts';
import { isClaudeMemScript } from '../../core/process/role-program.ts';
import type { ProcessRow } from '../../core/process/snapshot.ts';
import { judgeReading, type Observation, type Reading } from '../observe/observe.ts';
import { hidePersonal, type Personal } from './personal-words.ts';
import { redactArguments, redactJson, redactText } from './redact-secrets.ts';

export type { Personal } from './personal-words.ts';

/** Replaces personal words in a text, always by the same words. */
type Hide = (text: string) => string;

/**
 * Redacts home paths, user names and secrets in a reading. A name is replaced by the same word everywhere, so equal paths
 * stay equal and verdicts stay the same. Of processes without a connection to claude-mem, only name, pid and parent are
 * kept.
 * @throws Error if the verdicts change: no file is better than a misleading one.
 */
export function redactReading(reading: Reading, personal: Personal): Reading {
  const before = judgeReading(reading);
  const redacted = redact(before, hidePersonal(textsOf(reading), personal));
  const after = judgeReading(redacted);
  if (verdictsOf(before) !== verdictsOf(after)) throw new Error('redaction would change the verdicts');
  return redacted;
}

function verdictsOf({ judgements }: Observation): string {
  return JSON.stringify(judgements.map(({ row, verdict }) => [row.pid, verdict]));
}

function redact({ reading, judgements }: Observation, hide: Hide): Reading {
  const judged = new Set(judgements.map(({ row }) => row.pid));
  const { snapshot } = reading;
  return {
    ...reading,
    dataDir: hide(reading.dataDir),
    snapshot: {
      ...snapshot,
      processes: snapshot.processes.map((row) =>
        judged.has(row.pid) || isClaudeMemScript(row) ? redactRow(row, hide) : placeOnly(row, hide),
      ),
    },
    manifests: reading.manifests.map((manifest) => redactManifest(manifest, hide)),
    damaged: reading.damaged.map((item) => ({ ...item, file: hide(item.file), reason: redactText(hide(item.reason)) })),
    otherRegistries: reading.otherRegistries.map(({ file, content }) => ({
      file: hide(file),
      content: content === null ? null : redactJson(content, hide),
    })),
  };
}

function redactRow(row: ProcessRow, hide: Hide): ProcessRow {
  const argv = row.argv && redactArguments(row.argv.map(hide));
  const text = (value: string) => redactText(hide(value));
  return {
    ...row,
    name: hide(row.name),
    command: argv === undefined ? text(row.command) : argv.join(' '),
    ...(argv && { argv }),
    ...(row.executable === undefined ? {} : { executable: hide(row.executable) }),
    ...(typeof row.dataDirMark === 'string' ? { dataDirMark: hide(row.dataDirMark) } : {}),
    ...(row.roleDirectory === undefined ? {} : { roleDirectory: hide(row.roleDirectory) }),
  };
}

/** Command lines of unrelated processes are not judged, so they are dropped. */
function placeOnly(row: ProcessRow, hide: Hide): ProcessRow {
  const hidden = { ...row, name: hide(row.name), command: hide(row.name) };
  for (const field of ['argv', 'executable', 'dataDirMark', 'roleDirectory'] as const)
    Reflect.deleteProperty(hidden, field);
  return hidden;
}

/** Copies known fields only: unknown fields of a later version may contain anything. */
function redactManifest(manifest: Manifest, hide: Hide): Manifest {
  const { schemaVersion, treeId, state, machineId, bootId, pidNamespace, startedAt, retiredAt } = manifest;
  return {
    ...{ schemaVersion, treeId, state, bootId, startedAt, dataDir: hide(manifest.dataDir) },
    ...(machineId === undefined ? {} : { machineId }),
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
    ...(retiredAt === undefined ? {} : { retiredAt }),
    entries: manifest.entries.map(({ role, identity, owner, pgid, command, registeredAt, endedAt }) => ({
      ...{ role, identity: storedOnly(identity), registeredAt, command: redactArguments(command.map(hide)) },
      ...(owner === undefined ? {} : { owner: storedOnly(owner) }),
      ...(pgid === undefined ? {} : { pgid }),
      ...(endedAt === undefined ? {} : { endedAt }),
    })),
  };
}

function storedOnly({ pid, startTicks, startedAt, bootId }: Manifest['entries'][number]['identity']) {
  return {
    ...{ pid, startedAt },
    ...(startTicks === undefined ? {} : { startTicks }),
    ...(bootId === undefined ? {} : { bootId }),
  };
}

/** All texts that can contain a name. */
function* textsOf({ dataDir, snapshot, manifests, damaged, otherRegistries }: Reading): Iterable<string> {
  yield dataDir;
  for (const row of snapshot.processes) {
    yield* [row.name, row.command, row.executable ?? '', row.dataDirMark ?? '', row.roleDirectory ?? ''];
    yield* row.argv ?? [];
  }
  for (const manifest of manifests) {
    yield manifest.dataDir;
    for (const { command } of manifest.entries) yield* command;
  }
  for (const { file, reason } of damaged) yield* [file, reason];
  for (const { file, content } of otherRegistries) yield* [file, content ?? ''];
}
