import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, ftruncateSync, mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { projectOf } from '../core/project.ts';
import { isSkippedTool } from '../core/excluded-project.ts';
import type { Settings } from '../core/settings.ts';
import type { HookPorts } from '../operations/hooks/ingest-hook.ts';
import { ClaudeMemError, errnoOf, isLateAnswer } from '../shared/errors.ts';
import { assertOwnFolder, openOwnForWriting } from '../shared/own-file.ts';
import { RotatingFile } from '../shared/rotating-file.ts';
import { namedPipes } from '../platform/named-pipes.ts';
import { assertOwner, ensureDataDir, resolveDataDir } from '../state/files/data-dir.ts';
import { readSettings, readValidSettings } from '../state/settings/settings.ts';
import { lastAnswerOf } from '../state/files/transcript.ts';
import { readExcludedProjects, writeExcludedProjects } from '../state/spool/hook-script-file.ts';
import { Spool } from '../state/spool/spool.ts';
import { createExclusion, type Place, withRealFolders } from './exclusion.ts';
import { programPath } from '../cli/programs.ts';
import { deliverToWorker } from '../cli/commands/hook/worker-client.ts';

/** A worker answers within a few ms. The rest is for a loaded machine. Milliseconds. */
const DELIVER_WITHIN_MS = 1_000;
/** The part of the memory that a new session receives. */
const SHOWN_SESSIONS = 5;
const EXAMINED_STEPS = 100;
const LOG_ROTATION = { maxBytes: 256 * 1024, keep: 1 } as const;

/**
 * The ports of `claude-mem hook`.
 * @param dataDirFlag value of `--data-dir`.
 * @throws ClaudeMemError if the data dir cannot be used or belongs to another user.
 */
export function openHookPorts(dataDirFlag: string | undefined): HookPorts {
  const resolved = resolveDataDir({ flag: dataDirFlag, env: process.env });
  assertOwner(resolved);
  assertOwnSettings(resolved);
  const dataDir = ensureDataDir(resolved);
  const { settings, excluded } = settingsFor(dataDir);
  return {
    now: () => new Date(),
    digest: (text) => createHash('sha256').update(text).digest('hex').slice(0, 32),
    projectOf: findProject,
    sizeOf: (file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0,
    spool: new Spool(dataDir),
    deliver: (event) => deliver(dataDir, event),
    isExcluded: ofSession(createExclusion(excluded, homedir())),
    isSkippedTool: (tool) => isSkippedTool(tool, settings.skippedTools),
    lastAnswer: lastAnswerOf,
    contextCharacters: () => settings.contextCharacters,
    isTreeUp: () => isTreeUp(dataDir),
    startTree: () => {
      startTree(dataDir);
    },
    readMemory: (project, sessionId) => readMemory(dataDir, project, sessionId),
    log: hookLog(dataDir),
  };
}

/** Invalid settings must not stop a session, and nothing that they excluded before may be stored. `start` reports them. */
function settingsFor(dataDir: string): { readonly settings: Settings; readonly excluded: readonly string[] } {
  try {
    const settings = readSettings(dataDir, process.env);
    keepExcludedProjects(dataDir);
    return { settings, excluded: settings.excludedProjects };
  } catch (error) {
    if (!(error instanceof ClaudeMemError)) throw error;
    const settings = readValidSettings(dataDir, process.env);
    return { settings, excluded: [...settings.excludedProjects, ...readExcludedProjects(dataDir)] };
  }
}

function findProject(cwd: string): string {
  return projectOf(cwd === '' ? process.cwd() : cwd, { home: homedir(), exists: existsSync });
}

/** A session of an excluded project stays excluded if the agent works in another folder: the host names the session's folder. */
function ofSession(isExcluded: (place: Place) => boolean): (place: Place) => boolean {
  const cwd = process.env.CLAUDE_PROJECT_DIR ?? '';
  return (place) => isExcluded(place) || (cwd !== '' && isExcluded({ cwd, project: findProject(cwd) }));
}

/**
 * Changed settings apply to the hook script from the next session on. The script reads its own environment, which counts for this session
 * only. A read-only data dir stores nothing anyway.
 */
function keepExcludedProjects(dataDir: string): void {
  const { excludedProjects } = readValidSettings(dataDir, {});
  try {
    writeExcludedProjects(dataDir, withRealFolders(excludedProjects, homedir()));
  } catch (error) {
    if (!(error instanceof ClaudeMemError)) throw error;
  }
}

/** Accepts settings of root, because an administrator may provide them. */
function assertOwnSettings(dataDir: string): void {
  const uid = statSync(join(dataDir, 'config.json'), { throwIfNoEntry: false })?.uid;
  if (uid === undefined || uid === 0 || uid === (process.geteuid?.() ?? uid)) return;
  throw new Error(`the settings in ${dataDir} belong to user id ${uid}`);
}

async function deliver(dataDir: string, event: unknown): Promise<void> {
  const [{ findWorkerSocket }, { readToken }] = await Promise.all([
    import('../state/control/worker-socket.ts'),
    import('../state/control/token.ts'),
  ]);
  await deliverToWorker(event, {
    findSocket: () => findWorkerSocket(dataDir, namedPipes),
    pipes: namedPipes,
    readToken: () => readToken(dataDir),
    withinMs: DELIVER_WITHIN_MS,
  });
}

/** A tree that is stopping or gave up is not up, because `start` replaces it. A supervisor that answers late is up. */
async function isTreeUp(dataDir: string): Promise<boolean> {
  const { connectToSupervisor } = await import('../state/control/control-client.ts');
  const { hasStopIntent } = await import('../state/trees/stop-intent.ts');
  const connection = await connectToSupervisor(dataDir, { pipes: namedPipes });
  if (connection === undefined || connection === 'late') return connection === 'late';
  try {
    if (hasStopIntent(dataDir, connection.treeId)) return false;
    const { state } = (await connection.request('status', {}, STATUS_WITHIN_MS)) as { readonly state: unknown };
    return state === 'running' || state === 'starting';
  } catch (error) {
    return isLateAnswer(error);
  } finally {
    connection.close();
  }
}

const STATUS_WITHIN_MS = 500;

/** Starts in a new session and without the pipes of Claude Code, which waits until they close. */
function startTree(dataDir: string): void {
  mkdirSync(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
  // Truncated each time: the file explains the last failed start only.
  assertOwnFolder(join(dataDir, 'logs'));
  const output = openOwnForWriting(join(dataDir, 'logs', 'hook-start.log'), 'append');
  ftruncateSync(output);
  try {
    const child = spawn(process.execPath, [programPath('cli'), 'start', '--data-dir', dataDir, '--no-color'], {
      detached: true,
      windowsHide: true,
      stdio: ['ignore', output, output],
      cwd: existsSync(homedir()) ? homedir() : '/',
      env: process.env,
    });
    child.on('error', () => undefined);
    child.unref();
  } finally {
    closeSync(output);
  }
}

/** Reads the database file, because the worker may still be starting. */
async function readMemory(dataDir: string, project: string, sessionId: string) {
  const { SessionSearch } = await import('../memory/session-search.ts');
  const search = new SessionSearch(dataDir, { busyTimeoutMs: 50 });
  try {
    const own = search.sessionOf(sessionId)?.id;
    const isOther = (row: { readonly sessionId: number }) => row.sessionId !== own;
    return {
      summaries: search
        .recentSummaries(project, SHOWN_SESSIONS + 1)
        .filter(isOther)
        .slice(0, SHOWN_SESSIONS),
      steps: search.withoutSummary(project, EXAMINED_STEPS).filter(isOther),
    };
  } finally {
    search.close();
  }
}

/** Writes in the format of the other logs, for `claude-mem logs hook`. */
function hookLog(dataDir: string): HookPorts['log'] {
  return (message, error) => {
    const file = new RotatingFile(join(dataDir, 'logs', 'hook.log'), LOG_ROTATION);
    const reason = error instanceof Error ? { reason: error.message, code: errnoOf(error) } : {};
    const line = { level: 'warn', time: new Date().toISOString(), role: 'hook', pid: process.pid, ...reason };
    file.write(`${JSON.stringify({ ...line, msg: message })}\n`);
    file.close();
  };
}
