import { existsSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { isZombie } from '../core/process/identity.ts';
import { isChromaOfDataDir } from '../core/process/role-program.ts';
import type { Judgement } from '../core/verdicts/verdict.ts';
import { rootEntry, type StoredIdentity } from '../core/tree/manifest.ts';
import type { ProcessRow } from '../core/process/snapshot.ts';
import { observe, takeReading, type Observation } from '../operations/observe/observe.ts';
import type { Personal } from '../operations/redact/redact.ts';
import type { Context, ContextOptions } from '../cli/context.ts';
import { loadPlatform } from '../platform/index.ts';
import { readingPorts, systemClock } from './adapters.ts';
import { ClaudeMemError, errnoOf } from '../shared/errors.ts';
import { assertOwner, missingError, nameOfDataDir, resolveDataDir } from '../state/files/data-dir.ts';
import { assertNoMisspeltVariable } from '../state/files/data-dir-name.ts';
import { assertClosedToOthers } from '../state/files/private-folder.ts';
import { createRecords } from '../state/trees/records.ts';
import { acquireLock } from '../state/locks/lock.ts';
import { openTreeStore } from '../state/trees/trees.ts';

/** How long a command waits for another one that holds `operation.lock`, in milliseconds. */
const OPERATION_LOCK_WAIT_MS = 30_000;

/** @throws ClaudeMemError `data-dir`; `manifest-unreadable` for one that only looks and may not. */
export function createContext(options: ContextOptions): Context {
  const { dataDir, unusable } = findDataDir(options);
  const missing = options.ifMissing === 'accept' ? undefined : missingError(dataDir, sourceOf(options));
  if (missing !== undefined && options.ifMissing !== 'look') throw missing;
  const assertDataDirExists = (found: readonly Judgement[] = []) => {
    const error = unusable ?? missing;
    if (error !== undefined && !found.some((judgement) => isOfDataDir(judgement, dataDir))) throw error;
  };
  const assertFound = (observation: Observation) => {
    // What could not be read may be of it.
    if (observation.isComplete) assertDataDirExists(observation.judgements);
    return observation;
  };
  const platform = loadPlatform();
  const records = createRecords(dataDir);
  const ports = async () => ({ ...readingPorts(await platform, dataDir), records });
  return {
    dataDir,
    clock: systemClock,
    takeReading: async (request) => takeReading(await ports(), { ...request, dataDir }),
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
    assertMayAct: () => {
      assertOwner(dataDir);
      assertClosedToOthers(dataDir);
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

/** An unverified process says nothing of a data dir that it does not name: it may be another test's, or anybody's. */
function isOfDataDir({ verdict, row }: Judgement, dataDir: string): boolean {
  if (verdict === 'managed' || verdict === 'orphan' || verdict === 'excess') return true;
  return row.dataDirMark === dataDir || (verdict !== 'foreign' && isChromaOfDataDir(row, dataDir, process.platform));
}

/** Of a tree that was just spoken to: machine and boot are this one's. */
function isRunning({ startTicks }: StoredIdentity, row: ProcessRow | undefined): boolean {
  if (row === undefined || isZombie(row)) return false;
  return startTicks === undefined || row.startTicks === undefined || row.startTicks === startTicks;
}

/** The data dir of whoever names none. */
export function usualDataDir(): string {
  return resolveDataDir({ env: {} });
}

function sourceOf({ dataDir }: ContextOptions) {
  return { flag: dataDir, env: process.env };
}

/** What a reader may not look into is no wrong setting: it could not look. */
function findDataDir(options: ContextOptions): { readonly dataDir: string; readonly unusable?: ClaudeMemError } {
  const source = sourceOf(options);
  // Not among what a command goes on without: it would act on another data dir than was meant.
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

const FORBIDDEN_HINT = 'Run it as the user whom the data dir belongs to, or name another with --data-dir.';

/** HOME may name another folder than the user database, and a container's user may not be in that at all. */
export function findPersonal(): Personal {
  const { USER, LOGNAME, USERNAME } = process.env;
  const said = { homes: [homedir()], users: [USER, LOGNAME, USERNAME].filter((name) => name !== undefined) };
  try {
    const { homedir: home, username } = userInfo();
    return { homes: [...said.homes, home], users: [...said.users, username] };
  } catch {
    return said;
  }
}
