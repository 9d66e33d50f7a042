import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Json, JsonEdit, ProgramCall } from '../../../operations/hooks/integration.ts';
import { ClaudeMemError, messageOf } from '../../../shared/errors.ts';
import { defineCommand, type CommandInput } from '../../command.ts';
import type { CliWiring, OpenJsonFile } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import type { IntegratedFile, IntegrateReport } from './json.ts';
import { programPath } from '../../programs.ts';

interface IntegrateOptions {
  readonly write?: boolean;
  readonly remove?: boolean;
  readonly settings?: string;
  /** False: `--no-mcp`. */
  readonly mcp: string | false;
}

const MCP_FILE = '.mcp.json';

export const integrateCommand = (wiring: CliWiring) =>
  defineCommand<IntegrateOptions>(wiring, {
    name: 'integrate',
    summary: 'connect Claude Code through hooks and the search server',
    description:
      'Prints the settings that make Claude Code send hook events to claude-mem and search its memory. --write merges these settings ' +
      'into the files of Claude Code, leaves everything else unchanged and keeps a backup beside each file; the backup of a file in a ' +
      'Git repository is in the data dir. It also writes the script that hooks run into the data dir. --remove removes the settings ' +
      'again, and a file that contains nothing else. The settings name the program as `claude-mem` or `claude-mem-cli` if a ' +
      'shell finds it under that name.',
    examples: [
      ['claude-mem integrate', 'print the settings'],
      ['claude-mem integrate --write', 'merge them into ~/.claude/settings.json and ./.mcp.json'],
      ['claude-mem integrate --write --no-mcp', 'only the hooks'],
      ['claude-mem integrate --write --mcp ~/.claude.json', 'the search server in every project'],
      ['claude-mem integrate --remove', 'remove them again'],
    ],
    exitCodes: [
      [EXIT.ok, 'printed, written, or nothing to change'],
      [EXIT.found, 'a file could not be written'],
    ],
    canBeQuiet: true,
    configure: (command) =>
      command
        .option('--write', 'merge the settings into the files')
        .option('--remove', 'remove the settings of claude-mem from the files')
        .option('--settings <file>', 'settings file of Claude Code (default: ~/.claude/settings.json)')
        .option('--mcp <file>', 'file that lists the MCP servers', MCP_FILE)
        .option('--no-mcp', 'leave out the search server'),
    run: integrate,
  });

async function integrate({ options, openContext, wiring, output }: CommandInput<IntegrateOptions>): Promise<ExitCode> {
  if (options.write === true && options.remove === true) {
    throw new ClaudeMemError('usage', '--write and --remove cannot be combined', { hint: 'Use one of them.' });
  }
  // Loaded here, because every command loads the imports at the top of this file.
  const { hookEdits, hookSettings, serverEdits, serverSettings } =
    await import('../../../operations/hooks/integration.ts');
  const action = options.write === true ? 'write' : options.remove === true ? 'remove' : 'print';
  const isUsual = options.dataDir === undefined && (process.env.CLAUDE_MEM_DATA_DIR ?? '') === '';
  // A data dir that cannot be used must not prevent the removal.
  const dataDir =
    action === 'remove' && isUsual ? undefined : openContext({ acts: false, ifMissing: 'accept' }).dataDir;
  const hookScript = dataDir === undefined ? undefined : await wiring.findHookScript(dataDir);
  const program: ProgramCall = {
    name: await wiring.nameOnPath(process.env.PATH),
    node: process.execPath,
    script: programPath('cli'),
    // The default one may move with the home folder.
    dataDir: isUsual ? undefined : dataDir,
    hookScript: hookScript?.path,
    reportsFailures: await wiring.hostReportsFailures(process.env.PATH),
  };
  const wanted = action === 'remove' ? undefined : program;
  // Both files are read and checked before either is written.
  const project = process.cwd();
  const settings = await plan(options.settings ?? join(homedir(), '.claude', 'settings.json'), {
    // Many users keep their settings as a link into a folder of dotfiles, so links are followed there.
    ...{
      action,
      dataDir,
      content: hookSettings(program),
      project: options.settings === undefined ? undefined : project,
    },
    edits: (now) => hookEdits(now, wanted),
    open: wiring.openJsonFile,
  });
  const mcp =
    options.mcp === false
      ? undefined
      : await plan(options.mcp, {
          ...{ action, dataDir, content: serverSettings(program), project },
          edits: (now) => serverEdits(now, wanted),
          open: wiring.openJsonFile,
        });
  // Before the settings that name it.
  if (action === 'write') await hookScript?.write();
  const report: IntegrateReport = {
    ...{ schemaVersion: 1, command: 'integrate', action },
    settings: await settings(),
    mcp: mcp === undefined ? null : await mcp(),
  };
  if (options.json === true) output.data(JSON.stringify(report));
  else (await import('./text.ts')).printIntegration(report, output);
  return EXIT.ok;
}

interface Change {
  readonly action: IntegrateReport['action'];
  /** Undefined for a removal that needs none. */
  readonly dataDir: string | undefined;
  readonly content: Json;
  /** Links out of this folder are not followed. */
  readonly project: string | undefined;
  readonly edits: (now: Json) => readonly JsonEdit[];
  readonly open: CliWiring['openJsonFile'];
}

/** Reads and checks a file. @returns a function that writes the change. */
async function plan(
  given: string,
  { action, dataDir, content, project, edits, open }: Change,
): Promise<() => Promise<IntegratedFile>> {
  const file = resolve(given);
  const unchanged = { file, content, changed: false, backup: null, deleted: false };
  if (action === 'print') return () => Promise.resolve(unchanged);
  const opened = await open(file, project);
  const changes = editsOf(opened, edits);
  if (changes.length === 0) return () => Promise.resolve(unchanged);
  return async () => {
    if (action === 'remove' || dataDir === undefined)
      return { file, content, changed: true, backup: null, deleted: await opened.remove(changes) };
    return { file, content, changed: true, backup: await opened.edit(changes, dataDir), deleted: false };
  };
}

function editsOf(opened: OpenJsonFile, edits: Change['edits']): readonly JsonEdit[] {
  try {
    return edits(opened.value);
  } catch (error) {
    const reason = messageOf(error);
    throw new ClaudeMemError('settings', `${opened.path}: ${reason}`, {
      hint: 'Fix the file, or choose another one. Nothing was changed.',
      cause: error,
    });
  }
}
