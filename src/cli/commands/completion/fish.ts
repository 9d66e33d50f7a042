import type { CompletedCommand, CompletedOption, Values } from './model.ts';
import { quoteForFish } from './quote.ts';

const LINE = 'complete -c claude-mem';

export function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = [
    '# fish completion of claude-mem',
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
    // A single argument is offered only until it is given.
    ...places.map((values) => {
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
    case 'any':
      return '';
  }
}
