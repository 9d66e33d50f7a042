/** A word that is no command here but in other programs, and the command lines that do what it means. */
interface Sense {
  readonly words: readonly string[];
  readonly instead: readonly (readonly [commandLine: string, does: string])[];
}

const TREE = ['claude-mem status', 'show the running tree'] as const;
const END = ['claude-mem stop', 'end the running tree'] as const;
const SCREEN = ['claude-mem monit', 'show the tree, leaks and logs on one live screen'] as const;
const WATCH = ['claude-mem leaks --watch', 'show the leaks, live'] as const;

export const SENSES: readonly Sense[] = [
  { words: ['top', 'htop', 'monitor', 'watch', 'live', 'follow'], instead: [SCREEN, WATCH] },
  {
    words: ['ps', 'list', 'ls', 'show', 'tree', 'processes', 'info'],
    instead: [TREE, ['claude-mem leaks --all', 'list every process of claude-mem, with the evidence']],
  },
  {
    words: ['cleanup', 'clean', 'kill', 'pkill', 'prune', 'gc', 'purge', 'sweep', 'terminate', 'end'],
    instead: [
      ['claude-mem reap --dry-run', 'show what reap would end'],
      ['claude-mem reap', 'end leaked processes'],
      END,
    ],
  },
  {
    words: ['orphans', 'leftovers', 'zombies', 'find', 'scan'],
    instead: [['claude-mem leaks', 'show leaked processes and the evidence']],
  },
  {
    words: ['up', 'run', 'launch', 'serve', 'daemon', 'boot', 'begin'],
    instead: [['claude-mem start', 'start the tree in the background']],
  },
  { words: ['down', 'halt', 'quit', 'exit', 'shutdown'], instead: [END] },
  { words: ['reload', 'bounce'], instead: [['claude-mem restart', 'stop the tree, then start a new one']] },
  {
    words: ['health', 'check', 'diagnose', 'diagnostics', 'ping', 'troubleshoot'],
    instead: [['claude-mem doctor', 'check the installation'], TREE],
  },
  {
    words: ['log', 'tail', 'journal'],
    instead: [['claude-mem logs --follow', 'show the logs of the tree, and new lines']],
  },
  {
    words: ['stats', 'chart', 'graph', 'metrics', 'usage', 'memory'],
    instead: [
      ['claude-mem history', 'draw process counts and memory over time'],
      ['claude-mem leaks --format prometheus', 'print metrics'],
    ],
  },
  { words: ['page', 'web', 'ui', 'dashboard', 'open'], instead: [['claude-mem status --open', 'open the web page']] },
  {
    words: ['test', 'ci', 'exec', 'wrap'],
    instead: [['claude-mem verify -- COMMAND', 'prove that a command leaves no process behind']],
  },
  {
    words: ['install', 'init', 'configure', 'connect', 'hooks'],
    instead: [
      ['claude-mem setup', 'prepare semantic search'],
      ['claude-mem integrate --write', 'connect Claude Code'],
    ],
  },
  {
    words: ['uninstall', 'disconnect'],
    instead: [
      ['claude-mem integrate --remove', 'disconnect Claude Code'],
      ['claude-mem guard remove', 'remove the guard'],
    ],
  },
  {
    words: ['cron', 'schedule', 'timer', 'watchdog'],
    instead: [['claude-mem guard install', 'end leaks at intervals']],
  },
  {
    words: ['mcp', 'server', 'search'],
    instead: [['claude-mem search-server', 'serve the memory to an MCP client']],
  },
  {
    words: ['record', 'dump', 'report', 'bug'],
    instead: [
      ['claude-mem snapshot --redact FILE', 'record the process table'],
      ['claude-mem doctor --report FILE', 'record the result of the checks'],
    ],
  },
  { words: ['version'], instead: [['claude-mem --version', 'print the version']] },
];
