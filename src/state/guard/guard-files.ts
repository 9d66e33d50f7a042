import { lstatSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type * as v from 'valibot';
import { LAUNCH_PROBLEMS } from '../../core/guard/guard-script.ts';
import type { GuardStore } from '../../operations/ports/guard.ts';
import { errnoOf } from '../../shared/errors.ts';
import { lookAtTrusted, trustIn } from '../../shared/own-file.ts';
import { readTrustedText } from '../files/bounded-read.ts';
import { ioError } from '../files/io-error.ts';
import { logsFolder } from '../files/log-files.ts';
import { writeInOwnFolder } from '../files/own-folder.ts';
import { check } from '../files/schema.ts';
import { GuardRecordSchema, GuardStateSchema } from './guard-schema.ts';

/** A state with a hundred processes has 20 kB. */
const MAX_BYTES = 256 * 1024;
const SCRIPT_MODE = 0o700;

/** The guard's files: `guard/` in the data dir. */
export function openGuardStore(dataDir: string, platform: NodeJS.Platform): GuardStore {
  const folder = join(dataDir, 'guard');
  const script = join(folder, platform === 'win32' ? 'run.cmd' : 'run.sh');
  const record = join(folder, 'install.json');
  const state = join(folder, 'state.json');
  const problem = join(folder, 'problem');
  const read = <T>(path: string, schema: v.GenericSchema<unknown, T>) => readJson(dataDir, path, schema);
  const log = join(logsFolder(dataDir), 'guard.log');
  return {
    ...{ script, log },
    hasLog: () => isOwnFile(dataDir, log),
    hasScript: () => isOwnFile(dataDir, script),
    writeScript: (text) => {
      writeInOwnFolder(script, text, SCRIPT_MODE);
      remove(problem);
    },
    readRecord: () => read(record, GuardRecordSchema),
    writeRecord: (value) => {
      writeInOwnFolder(record, `${JSON.stringify(value)}\n`);
    },
    readState: () => read(state, GuardStateSchema),
    writeState: (value) => {
      writeInOwnFolder(state, `${JSON.stringify(value)}\n`);
    },
    readLaunchProblem: () => {
      const word = readText(dataDir, problem)?.trim();
      return LAUNCH_PROBLEMS.find((known) => known === word);
    },
    removeAll: () => {
      const removed = [script, record, state, problem].filter(remove);
      removeFolder(folder);
      return removed;
    },
  };
}

/** A file that cannot be used counts as missing: the next installation or run replaces it. */
function readJson<T>(dataDir: string, path: string, schema: v.GenericSchema<unknown, T>): T | undefined {
  const text = readText(dataDir, path);
  if (text === undefined) return undefined;
  try {
    const result = check(schema, JSON.parse(text));
    return result.ok ? result.value : undefined;
  } catch {
    return undefined;
  }
}

function readText(dataDir: string, path: string): string | undefined {
  try {
    return readTrustedText(path, MAX_BYTES, trustIn(dataDir));
  } catch {
    // Missing, another user's, or a link.
    return undefined;
  }
}

function isOwnFile(dataDir: string, path: string): boolean {
  try {
    return lookAtTrusted(path, trustIn(dataDir)) !== undefined;
  } catch {
    return false;
  }
}

function remove(path: string): boolean {
  try {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return false;
    rmSync(path);
    return true;
  } catch (error) {
    throw ioError('remove', path, error);
  }
}

/** Files of other programs in it stay. */
function removeFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(errnoOf(error) ?? ''))
      throw ioError('remove', folder, error);
  }
}
