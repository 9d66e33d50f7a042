import type { SchedulerFiles } from '../../../src/operations/ports/guard.ts';
import type { RunTool, ToolResult } from '../../../src/platform/run-tool.ts';

const ended = (exitCode: number, stdout = '', stderr = ''): ToolResult => ({
  exitCode,
  stdout,
  stderr,
  failure: undefined,
});

/** The programs of four schedulers, in memory: `crontab`, `systemctl`, `launchctl` and `schtasks`. */
export class FakeSystem {
  crontab: string | undefined;
  /** Timers, agents and tasks that run now. */
  readonly active = new Set<string>();
  readonly stored = new Map<string, string>();
  readonly calls: string[] = [];
  /** The result of a program whose command line contains the text, instead of its own. */
  readonly failing = new Map<string, ToolResult>();
  /** Runs before each program. */
  onCall: (commandLine: string) => void = () => undefined;

  readonly files: SchedulerFiles = {
    exists: (path) => this.stored.has(path),
    write: (path, text) => void this.stored.set(path, text),
    remove: (path) => this.stored.delete(path),
  };

  readonly run: RunTool = (argv, options) => {
    const commandLine = argv.join(' ');
    this.calls.push(commandLine);
    this.onCall(commandLine);
    const failure = [...this.failing].find(([text]) => commandLine.includes(text))?.[1];
    return Promise.resolve(failure ?? this.#programs[argv[0] ?? '']?.(argv.slice(1), options?.stdin ?? '') ?? MISSING);
  };

  readonly #programs: Readonly<Record<string, (args: readonly string[], stdin: string) => ToolResult>> = {
    crontab: ([action], stdin) => {
      if (action === '-l')
        return this.crontab === undefined ? ended(1, '', 'no crontab for u') : ended(0, this.crontab);
      this.crontab = action === '-r' ? undefined : stdin;
      return ended(0);
    },
    systemctl: (args) => this.#systemctl(args.filter((word) => !word.startsWith('--'))),
    loginctl: () => ended(0, 'Linger=no\n'),
    launchctl: ([action, ...args]) => this.#launchctl(action, args),
    'schtasks.exe': ([action, , name = '', , file = '']) => {
      if (action === '/?') return ended(0);
      if (action === '/Create') {
        if (!this.stored.has(file)) return ended(1, '', 'ERROR: The file does not exist.');
        this.active.add(name);
      } else if (!this.active.has(name)) return ended(1, '', 'ERROR: The system cannot find the file specified.');
      if (action === '/Delete') this.active.delete(name);
      return ended(0);
    },
  };

  #systemctl([action, unit = '']: readonly string[]): ToolResult {
    if (action === 'show' && unit !== '')
      return ended(0, `ActiveState=${this.active.has(unit) ? 'active' : 'inactive'}\n`);
    if (action === 'list-timers') return ended(0, '[{"next":1800000000000000,"left":1}]');
    const isStored = [...this.stored.keys()].some((path) => path.endsWith(`/${unit}`));
    if (action === 'enable' && !isStored)
      return ended(1, '', `Failed to enable unit: Unit file ${unit} does not exist.`);
    if (action === 'restart') this.active.add(unit);
    if (action === 'disable') this.active.delete(unit);
    return ended(0, 'Version=252\n');
  }

  #launchctl(action: string | undefined, [target = '', file = '']: readonly string[]): ToolResult {
    if (action === 'version') return ended(0);
    // As over ssh: there is no session with a screen.
    if (target.startsWith('gui/')) return ended(125, '', 'Domain does not support specified action');
    const label = action === 'bootstrap' ? file.replace(/^.*\/|\.plist$/g, '') : target.replace(/^.*\//, '');
    if (action === 'bootstrap') this.active.add(label);
    const isThere = this.active.has(label);
    if (action === 'bootout') this.active.delete(label);
    return ended(isThere ? 0 : 113);
  }
}

export const MISSING: ToolResult = { exitCode: null, stdout: '', stderr: '', failure: 'there is no such program' };
