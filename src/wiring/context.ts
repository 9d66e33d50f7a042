import { existsSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { isZombie } from '../core/process/identity.ts';
import { isChromaOfDataDir } from '../core/process/role-program.ts';
import type { Judgement } from '../core/verdicts/verdict.ts';
import { rootEntry, type StoredIdentity } from '../core/tree/manifest.ts';
import type { ProcessRow } from '../core/process/snapshot.ts';
import { observe, takeFullReading, takeReading, type Observation } from '../operations/observe/observe.ts';
import type { Personal } from '../operations/redact/redact.ts';
import type { Context, ContextOptions } from '../cli/context.ts';
import { loadPlatform } from '../platform/index.ts';
import { namedPipes } from '../platform/named-pipes.ts';
import { readingPorts, systemClock } from './adapters.ts';
import { ClaudeMemError, errnoOf } from '../shared/errors.ts';
import { assertOwner, missingError, nameOfDataDir, resolveDataDir } from '../state/files/data-dir.ts';
import { assertNoMisspeltVariable } from '../state/files/data-dir-name.ts';
import { assertClosedToOthers } from '../state/files/private-folder.ts';
import { createRecords } from '../state/trees/records.ts';
import { acquireLock } from '../state/locks/lock.ts';
import { openTreeStore } from '../state/trees/trees.ts';

/** Time limit to wait for `operation.lock`, in milliseconds. */
const OPERATION_LOCK_WAIT_MS = 30_000;

/** @throws ClaudeMemError `data-dir`; `manifest-unreadable` if a command that only reads lacks the permission. */
export function createContext(options: ContextOptions): Context {
  const { dataDir, unusable } = findDataDir(options);
  const missing = options.ifMissing === 'accept' ? undefined : missingError(dataDir, sourceOf(options));
  if (missing !== undefined && options.ifMissing !== 'look') throw missing;
  const assertDataDirExists = (found: readonly Judgement[] = []) => {
    const error = unusable ?? missing;
    if (error !== undefined && !found.some((judgement) => isOfDataDir(judgement, dataDir))) throw error;
  };
  const assertFound = (observation: Observation) => {
    // An unread process may belong to the data dir.
    if (observation.isComplete) assertDataDirExists(observation.judgements);
    return observation;
  };
  const platform = loadPlatform();
  const records = createRecords(dataDir, namedPipes);
  const ports = async () => ({ ...readingPorts(await platform, dataDir), records });
  return {
    dataDir,
    clock: systemClock,
    takeReading: async (request) => takeReading(await ports(), { ...request, dataDir }),
    takeFullReading: async () => takeFullReading(await ports(), { dataDir }),
    observe: async (request) => assertFound(await observe(await ports(), { ...request, dataDir })),
    follow: (request) => {
      const following = Promise.all([ports(), platform]).then(([all, { follow }]) => ({ ...all, table: follow() }));
      return async () => assertFound(await observe(await following, { ...request, dataDir }));
    },
    running: async (treeId) => {
      const { identify } = await platform;
      const manifest = records.readManifests().manifests.find((candidate) => candidate.treeId === treeId);
      if (manifest === undefined) return [];
      const root = rootEntry(manifest);
      return manifest.entries
        .filter(({ endedAt, identity }) => endedAt === undefined && isRunning(identity, identify(identity.pid)))
        .sort((left, right) => Number(right === root) - Number(left === root));
    },
    signaller: async () => (await platform).signaller,
    assertMayAct: async () => {
      assertOwner(dataDir);
      assertClosedToOthers(dataDir, (await platform).accessLists);
    },
    assertDataDirExists,
    underOperationLock: async (command, signal, action, goesOnWithout = () => false) => {
      if (!existsSync(dataDir)) return action();
      const lock = await acquireLock(join(dataDir, 'operation.lock'), {
        waitMs: OPERATION_LOCK_WAIT_MS,
        holder: { pid: process.pid, command },
        signal,
      }).catch((error: unknown) => {
        if (error instanceof ClaudeMemError && goesOnWithout(error)) return undefined;
        throw error;
      });
      try {
        return await action();
      } finally {
        lock?.release();
      }
    },
    trees: () => openTreeStore(dataDir),
    personal: findPersonal,
  };
}

/** An unverified process counts only if it names the data dir: otherwise it may belong to any other one. */
function isOfDataDir({ verdict, row }: Judgement, dataDir: string): boolean {
  if (verdict === 'managed' || verdict === 'orphan' || verdict === 'excess') return true;
  return row.dataDirMark === dataDir || (verdict !== 'foreign' && isChromaOfDataDir(row, dataDir, process.platform));
}

/** For a tree that has just answered, so machine and boot are the current ones. */
function isRunning({ startTicks }: StoredIdentity, row: ProcessRow | undefined): boolean {
  if (row === undefined || isZombie(row)) return false;
  return startTicks === undefined || row.startTicks === undefined || row.startTicks === startTicks;
}

/** The default data dir. */
export function usualDataDir(): string {
  return resolveDataDir({ env: {} });
}

function sourceOf({ dataDir }: ContextOptions) {
  return { flag: dataDir, env: process.env };
}

/** A missing read permission is no wrong setting, so a command that only reads exits with 4 instead of 2. */
function findDataDir(options: ContextOptions): { readonly dataDir: string; readonly unusable?: ClaudeMemError } {
  const source = sourceOf(options);
  // Always an error: with a misspelt variable the command would act on the wrong data dir.
  if (source.flag === undefined && (source.env.CLAUDE_MEM_DATA_DIR ?? '') === '') assertNoMisspeltVariable(source.env);
  try {
    return { dataDir: resolveDataDir(source) };
  } catch (error) {
    if (options.goesOnWithout !== undefined && error instanceof ClaudeMemError) {
      const name = nameOfDataDir(source);
      options.goesOnWithout(error);
      return { dataDir: name, unusable: error };
    }
    const isForbidden = error instanceof ClaudeMemError && ['EACCES', 'EPERM'].includes(errnoOf(error.cause) ?? '');
    if (options.acts || !isForbidden) throw error;
    throw new ClaudeMemError('manifest-unreadable', error.message, { hint: FORBIDDEN_HINT, cause: error });
  }
}

const FORBIDDEN_HINT = 'Run the command as the owner of the data dir, or choose another one with --data-dir.';

/** Uses environment and user database: HOME may differ from the database, and a user in a container may be missing there. */
export function findPersonal(): Personal {
  const { USER, LOGNAME, USERNAME } = process.env;
  const known = { homes: [homedir()], users: [USER, LOGNAME, USERNAME].filter((name) => name !== undefined) };
  try {
    const { homedir: home, username } = userInfo();
    return { homes: [...known.homes, home], users: [...known.users, username] };
  } catch {
    return known;
  }
}
