import type { CompletedCommand, CompletedOption, Values } from './model.ts';
import { quoteForPosix } from './quote.ts';

/** Renders the zsh script, which works as a file in `$fpath` and with `source <(…)`. */
export function zshScript(commands: readonly CompletedCommand[]): string {
  return `#compdef claude-mem
# zsh completion of claude-mem
_claude-mem() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C '(-h --help)'{-h,--help}'[show help]' '(-V --version)'{-V,--version}'[print the version]' \\
    '1: :->command' '*:: :->rest'
  case $state in
    command)
      local -a commands=(
${commands.map(({ name, summary }) => `        ${quoteForPosix(`${name}:${summary}`)}\n`).join('')}        'help:show help for a command'
      )
      _describe -t commands command commands
      ;;
    rest)
      case $words[1] in
        help) _values command ${commands.map(({ name }) => name).join(' ')} ;;
${commands.map(rest).join('')}      esac
      ;;
  esac
}

if [ "$funcstack[1]" = "_claude-mem" ]; then
  _claude-mem "$@"
else
  compdef _claude-mem claude-mem
fi
`;
}

function rest({ name, options, places, isVariadic }: CompletedCommand): string {
  const specs = [
    ...options.map(optionSpec),
    ...places.map((values, index) => {
      const position = isVariadic && index === places.length - 1 ? '*' : String(index + 1);
      return quoteForPosix(`${position}: :${action(values)}`);
    }),
  ];
  return `        ${name})\n          _arguments \\\n            ${specs.join(' \\\n            ')}\n          ;;\n`;
}

function optionSpec({ flags, description, value }: CompletedOption): string {
  const text = description.replace(/[[\]\\]/g, '\\$&');
  const tail = `[${text}]${value === undefined ? '' : `: :${action(value)}`}`;
  if (flags.length === 1) return quoteForPosix(`${flags[0] ?? ''}${tail}`);
  return `${quoteForPosix(`(${flags.join(' ')})`)}{${flags.join(',')}}${quoteForPosix(tail)}`;
}

function action(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `(${values.words.join(' ')})`;
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    case 'any':
      return '';
  }
}
