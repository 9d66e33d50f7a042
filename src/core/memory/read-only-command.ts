import { simpleCommands } from './simple-commands.ts';

/** Programs that only show something, with any arguments. */
const READERS: ReadonlySet<string> = new Set([
  ...[
    'ls',
    'll',
    'cat',
    'head',
    'tail',
    'less',
    'more',
    'grep',
    'egrep',
    'rg',
    'ag',
    'fd',
    'wc',
    'pwd',
    'cd',
    'echo',
    'printf',
  ],
  ...[
    'which',
    'type',
    'whereis',
    'file',
    'stat',
    'du',
    'df',
    'ps',
    'tree',
    'date',
    'whoami',
    'id',
    'uname',
    'env',
    'printenv',
  ],
  ...[
    'diff',
    'cmp',
    'sort',
    'uniq',
    'cut',
    'tr',
    'jq',
    'awk',
    'column',
    'basename',
    'dirname',
    'realpath',
    'readlink',
    'nl',
  ],
  ...[
    'true',
    'false',
    'test',
    '[',
    'sleep',
    'wait',
    'xxd',
    'hexdump',
    'strings',
    'man',
    'history',
    'export',
    'set',
    'source',
  ],
  ...['fi', 'done', 'for', 'free', 'top', 'uptime', 'lsof', 'ss', 'netstat', 'md5sum', 'sha256sum', 'bat', 'eza'],
]);
const GIT_READERS: ReadonlySet<string> = new Set([
  ...[
    'status',
    'log',
    'diff',
    'show',
    'blame',
    'grep',
    'ls-files',
    'rev-parse',
    'describe',
    'reflog',
    'shortlog',
    'cat-file',
  ],
  ...['fetch', 'help', 'version', '--version'],
]);

/** Whether a shell line, or its beginning, only looks at something. A redirection into a file is a change. */
export function isReadOnlyCommand(line: string): boolean {
  if (/(?<![\d&<=-])>{1,2}(?!&|\s{0,4}\/dev\/null)/.test(line)) return false;
  const commands = simpleCommands(line);
  return commands.length > 0 && commands.every(({ words }) => isReader(words));
}

function isReader([program = '', ...rest]: readonly string[]): boolean {
  const name = program.slice(program.lastIndexOf('/') + 1);
  const [first = ''] = rest;
  if (name === 'git') return GIT_READERS.has(first) || (first === 'branch' && rest.length === 1);
  if (name === 'find') return !rest.some((word) => /^-(?:delete|exec|execdir|ok)$/.test(word));
  if (name === 'sed') return !rest.some((word) => /^(?:-[a-zA-Z]*i|--in-place)/.test(word));
  return READERS.has(name) || (rest.length === 1 && (first === '--version' || first === '--help'));
}
