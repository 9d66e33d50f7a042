import type { CompletedCommand, CompletedOption, Values } from './model.ts';
import { quoteForFish } from './quote.ts';

const LINE = 'complete -c claude-mem';

const FUNCTIONS = `function __claude_mem_pids
    set -l program (commandline -opc)[1]
    $program leaks --for-completion 2>/dev/null
end
# Whether the last option before the cursor is one of these.
function __claude_mem_in
    set -l options (string match -- '-*' (commandline -opc))
    test (count $options) -gt 0; and contains -- $options[-1] $argv
end
# Whether the cursor is after the -- of this command.
function __claude_mem_runs
    set -l words (commandline -opc)
    test "$words[2]" = $argv[1]; and contains -- -- $words
end
# Completes the words after -- as a command line of their own.
function __claude_mem_command
    set -l words (commandline -opc)
    set -e words[1..(contains -i -- -- $words)]
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end`;

export function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = [
    '# fish completion of claude-mem',
    FUNCTIONS,
    'complete -c claude-mem-cli -w claude-mem',
    // No file names by default.
    `${LINE} -f`,
    `${LINE} -n __fish_use_subcommand -s h -l help -d 'show help'`,
    `${LINE} -n __fish_use_subcommand -s V -l version -d 'print the version'`,
    ...commands.map(({ name, summary }) => `${LINE} -n __fish_use_subcommand -a ${name} -d ${quoteForFish(summary)}`),
    `${LINE} -n __fish_use_subcommand -a help -d 'show help for a command'`,
    `${LINE} -n '__fish_seen_subcommand_from help' -a ${quoteForFish(commands.map(({ name }) => name).join(' '))}`,
    ...commands.flatMap(linesOf),
  ];
  return `${lines.join('\n')}\n`;
}

function linesOf({ name, options, places, isVariadic }: CompletedCommand): readonly string[] {
  const here = `${LINE} -n '__fish_seen_subcommand_from ${name}; and not __fish_seen_subcommand_from help'`;
  return [
    ...options.map((option) => `${here} ${optionFlags(option)}`),
    ...options.flatMap(({ flags, value, isVariadic }) =>
      isVariadic && value !== undefined
        ? [`${LINE} -n '__fish_seen_subcommand_from ${name}; and __claude_mem_in ${flags.join(' ')}' ${action(value)}`]
        : [],
    ),
    // A single argument is offered only until it is given.
    ...places.map((values) => {
      if (values.kind === 'command') return `${LINE} -n '__claude_mem_runs ${name}' -a '(__claude_mem_command)'`;
      if (values.kind !== 'words') return values.kind === 'any' ? '' : `${here} ${action(values)}`;
      const words = values.words.join(' ');
      const isFree = `__fish_seen_subcommand_from ${name}; and not __fish_seen_subcommand_from ${words}`;
      return isVariadic
        ? `${here} -a ${quoteForFish(words)}`
        : `${LINE} -n ${quoteForFish(isFree)} -a ${quoteForFish(words)}`;
    }),
  ].filter((line) => line !== '');
}

function optionFlags({ flags, description, value }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const takes = value === undefined ? '' : ` ${value.kind === 'file' ? '-r' : '-x'} ${action(value)}`;
  return `${names.join(' ')}${takes.trimEnd()} -d ${quoteForFish(description)}`;
}

function action(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `-a ${quoteForFish(values.words.join(' '))}`;
    case 'file':
      return '-F';
    case 'folder':
      return `-a '(__fish_complete_directories)'`;
    case 'pid':
      return `-a '(__claude_mem_pids)'`;
    case 'command':
    case 'any':
      return '';
  }
}
