import { homedir } from 'node:os';
import type { CliWiring, HookScriptFile, OpenJsonFile, ReportFile } from '../cli/context.ts';
import type { Reading } from '../operations/observe/observe.ts';
import { createContext } from './context.ts';

/** @throws ClaudeMemError `snapshot-file`. */
async function readSnapshotFile(file: string): Promise<Reading> {
  const { readSnapshotFile: read } = await import('../state/files/snapshot-file.ts');
  return read(file);
}

/**
 * Renders a snapshot, and writes it to a file if one is given.
 * @returns the text.
 * @throws ClaudeMemError `io`.
 */
async function writeSnapshot(file: string | undefined, reading: Reading): Promise<string> {
  const { snapshotDocument } = await import('../state/files/snapshot-document.ts');
  const { writeSnapshotFile } = await import('../state/files/snapshot-file.ts');
  const document = snapshotDocument(reading);
  if (file !== undefined) writeSnapshotFile(file, document);
  return JSON.stringify(document, undefined, 1);
}

/**
 * @param project links out of this folder are not followed; undefined for the user's own settings file.
 * @throws ClaudeMemError `settings` if the file is no JSON object, `io`.
 */
async function openJsonFile(path: string, project: string | undefined): Promise<OpenJsonFile> {
  const { editJsonFile, readJsonFile, removeFromJsonFile } = await import('../state/files/json-file.ts');
  const { ensureDataDir } = await import('../state/files/data-dir.ts');
  const file = readJsonFile(path, project);
  return {
    path: file.path,
    value: file.value,
    edit: (edits, dataDir) => editJsonFile(file, edits, { now: new Date(), dataDir: () => ensureDataDir(dataDir) }),
    remove: (edits) => removeFromJsonFile(file, edits),
  };
}

async function findHookScript(dataDir: string): Promise<HookScriptFile | undefined> {
  const { hookScriptPath, writeExcludedProjects, writeHookScript } = await import('../state/spool/hook-script-file.ts');
  const { ensureDataDir } = await import('../state/files/data-dir.ts');
  const path = hookScriptPath(dataDir, process.platform);
  if (path === undefined) return undefined;
  return {
    path,
    write: async () => {
      const { readSettings } = await import('../state/settings/settings.ts');
      const { withRealFolders } = await import('./exclusion.ts');
      const folder = ensureDataDir(dataDir);
      writeExcludedProjects(folder, withRealFolders(readSettings(folder, process.env).excludedProjects, homedir()));
      writeHookScript(folder, process.platform);
    },
  };
}

/**
 * Writes a world-readable file atomically.
 * @throws ClaudeMemError `io`.
 */
async function writeForOthers(file: string, text: string): Promise<void> {
  const { PUBLIC_MODE, writeFileForPeople } = await import('../state/files/file-for-people.ts');
  writeFileForPeople(file, text, PUBLIC_MODE);
}

/**
 * Opens the file before the run, so that an unwritable path fails first and not after an hour of tests.
 * @throws ClaudeMemError `io`, also from `write`.
 */
async function openReportFile(path: string): Promise<ReportFile> {
  const { beginFileForPeople, USUAL_MODE, writeFileForPeople } = await import('../state/files/file-for-people.ts');
  beginFileForPeople(path, USUAL_MODE);
  return {
    write: (text) => {
      writeFileForPeople(path, `${text}\n`, USUAL_MODE);
    },
  };
}

/** The adapters of this machine for the commands. Adapters that only some commands use are loaded on demand. */
export const cliWiring: CliWiring = {
  createContext,
  createTreeContext: async (context) => (await import('./cli-tree.ts')).createTreeContext(context),
  createGuardContext: async (context, program) => (await import('./guard.ts')).createGuardContext(context, program),
  openLogs: async (dataDir) => (await import('./logs.ts')).openLogs(dataDir),
  readHistory: async (dataDir) => (await import('../state/history/samples.ts')).readSamples(dataDir),
  readSnapshotFile,
  writeSnapshot,
  openJsonFile,
  nameOnPath: async (searchPath) => (await import('./program-on-path.ts')).nameOnPath(searchPath),
  hostReportsFailures: async (searchPath) => (await import('./claude-code-version.ts')).reportsFailures(searchPath),
  findHookScript,
  writeForOthers,
  openReportFile,
  commandPorts: async (context) => (await import('./cli-verify.ts')).commandPorts(context),
  createStage: async (context, interrupted) => (await import('./cli-verify.ts')).createStage(context, interrupted),
};
