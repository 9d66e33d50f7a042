import type { CompletedCommand, Values } from './model.ts';
import { quoteForPosix } from './quote.ts';

/**
 * Renders the bash script. It works without bash-completion and with bash 3.2 of macOS, so it avoids mapfile and associative arrays.
 * Readline quotes file names with spaces, if `compopt` exists.
 */
export function bashScript(commands: readonly CompletedCommand[]): string {
  const names = [...commands.map(({ name }) => name), 'help'];
  return `# bash completion of claude-mem
_claude_mem_words() {
  local IFS=$' \\t\\n'
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

_claude_mem_files() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen "$1" -- "$cur"))
}

_claude_mem_pids() {
  _claude_mem_words "$("\${COMP_WORDS[0]}" leaks --for-completion 2>/dev/null | cut -f 1)"
}

# Completes a command line of another program: word 0 is the program.
_claude_mem_command() {
  local IFS=$'\\n'
  if [ "$1" -eq 0 ]; then COMPREPLY=($(compgen -c -- "$cur")); else _claude_mem_files -f; fi
}

_claude_mem() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev= command= place=0 many= index word
  COMPREPLY=()
  [ "$COMP_CWORD" -gt 0 ] && prev=\${COMP_WORDS[COMP_CWORD-1]}
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if [ -z "$command" ]; then
      case $word in -*) ;; *) command=$word ;; esac
      continue
    fi
    case $command:$word in
      ${runners(commands)})
        _claude_mem_command "$((COMP_CWORD - index - 1))"
        return
        ;;
    esac
    case "$command $word" in
${valueOptions(commands)}      "$command -"*) many= ;;
      *) [ -n "$many" ] || place=$((place + 1)) ;;
    esac
  done
  case $command in
    '' | help)
      case $cur in
        -*) _claude_mem_words '--help --version -h -V' ;;
        *) _claude_mem_words ${quoteForPosix(names.join(' '))} ;;
      esac
      return
      ;;
  esac
  case $cur in -*) ;; *) prev=\${many:-$prev} ;; esac
  case "$command $prev" in
${commands.flatMap(previousOption).join('')}  esac
  case $cur in
    -*)
      case $command in
${commands.map(optionsOf).join('')}      esac
      return
      ;;
  esac
  case "$command $place" in
${commands.flatMap(placesOf).join('')}  esac
}

complete -F _claude_mem claude-mem claude-mem-cli
`;
}

/** The `--` of the commands that run another program. */
function runners(commands: readonly CompletedCommand[]): string {
  const running = commands.filter(({ places }) => places.some(({ kind }) => kind === 'command'));
  return running.map(({ name }) => `${name}:--`).join(' | ');
}

/** Options with a value: the next word is that value and not a positional argument. */
function valueOptions(commands: readonly CompletedCommand[]): string {
  const withValue = (isVariadic: boolean) =>
    commands.flatMap(({ name, options }) =>
      options
        .filter((option) => option.value !== undefined && option.isVariadic === isVariadic)
        .flatMap(({ flags }) => flags.map((flag) => `"${name} ${flag}"`)),
    );
  const line = (flags: readonly string[], action: string) =>
    flags.length === 0 ? '' : `      ${flags.join(' | ')}) ${action} ;;\n`;
  return line(withValue(false), 'many= index=$((index + 1))') + line(withValue(true), 'many=$word');
}

function previousOption({ name, options }: CompletedCommand): readonly string[] {
  return options.flatMap(({ flags, value }) =>
    value === undefined
      ? []
      : [
          `    ${flags.map((flag) => `"${name} ${flag}"`).join(' | ')})\n      ${complete(value)}\n      return\n      ;;\n`,
        ],
  );
}

function optionsOf({ name, options }: CompletedCommand): string {
  const flags = options.flatMap((option) => option.flags).join(' ');
  return `        ${name}) _claude_mem_words ${quoteForPosix(flags)} ;;\n`;
}

function placesOf({ name, places, isVariadic }: CompletedCommand): readonly string[] {
  return places.map((values, index) => {
    const isLast = index === places.length - 1;
    return `    "${name} "${isVariadic && isLast ? '*' : index}) ${complete(values)} ;;\n`;
  });
}

function complete(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `_claude_mem_words ${quoteForPosix(values.words.join(' '))}`;
    case 'file':
      return '_claude_mem_files -f';
    case 'folder':
      return '_claude_mem_files -d';
    case 'pid':
      return '_claude_mem_pids';
    case 'command':
      return '_claude_mem_command "$place"';
    case 'any':
      return ':';
  }
}
