import type { CompletedCommand, CompletedOption, Values } from './model.ts';
import { quoteForPosix } from './quote.ts';

/** Renders the zsh script, which works as a file in `$fpath` and with `source <(…)`. */
export function zshScript(commands: readonly CompletedCommand[]): string {
  return `#compdef claude-mem claude-mem-cli
# zsh completion of claude-mem
_claude-mem-pids() {
  local -a leaks=(\${(f)"$(_call_program pids \${(q)program} leaks --for-completion 2>/dev/null)"})
  leaks=(\${leaks/$'\\t'/:})
  _describe -t pids pid leaks
}

_claude-mem() {
  local program=\${~words[1]} context state state_descr line
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
  compdef _claude-mem claude-mem claude-mem-cli
fi
`;
}

/** The words after `--` are a command line of their own. `_arguments` would count the `--` as its first word. */
const RUN_REST = `          local dashes=\${words[(i)--]}
          if (( dashes < CURRENT )); then
            words=("\${(@)words[dashes+1,-1]}")
            (( CURRENT -= dashes ))
            _normal
            return
          fi
`;

function rest({ name, options, places, isVariadic }: CompletedCommand): string {
  const specs = [
    ...options.map(optionSpec),
    ...places.map((values, index) => {
      // The words from here on are the command line of another program.
      if (values.kind === 'command') return quoteForPosix('(-)*::: :_normal');
      const position = isVariadic && index === places.length - 1 ? '*' : String(index + 1);
      return quoteForPosix(`${position}: :${action(values)}`);
    }),
  ];
  const first = places.some(({ kind }) => kind === 'command') ? RUN_REST : '';
  return `        ${name})\n${first}          _arguments \\\n            ${specs.join(' \\\n            ')}\n          ;;\n`;
}

function optionSpec({ flags, description, value, isVariadic }: CompletedOption): string {
  const text = description.replace(/[[\]\\]/g, '\\$&');
  const tail = `[${text}]${value === undefined ? '' : `:${isVariadic ? '*-*:' : ''} :${action(value)}`}`;
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
    case 'pid':
      return '_claude-mem-pids';
    case 'command':
    case 'any':
      return '';
  }
}
