import { quoteShell } from '../text/quote-shell.ts';
import type { FolderPattern } from './search-path.ts';

export interface GuardScript {
  readonly dataDir: string;
  /** Path of `claude-mem` or of its program file that no upgrade removes; undefined: only the folders are searched. */
  readonly launcher: string | undefined;
  /** Searched first, in this order. */
  readonly folders: readonly FolderPattern[];
  /** Words for `--include`. */
  readonly include: readonly string[];
}

/** The name of the package. Another package has a command of the same name, and only claude-mem-cli has this word in its program. */
export const PACKAGE_NAME = 'claude-mem-cli';

/** Words in the file `problem` that the script writes. */
export const LAUNCH_PROBLEMS = ['no-program', 'no-node', 'refused'] as const;
export type LaunchProblem = (typeof LAUNCH_PROBLEMS)[number];

/**
 * The script that a scheduler runs. It finds the program and Node.js at each run, because an upgrade moves both: the scheduler's entry
 * names this script only. It reads a program before it runs it, so it never runs the command of another package.
 */
export function renderGuardScript({ dataDir, launcher, folders, include }: GuardScript): string {
  const words = ['guard', 'run', ...includeWords(include)];
  return `#!/bin/sh
# A scheduler runs this file: see \`claude-mem guard status\`. \`claude-mem guard install\` writes it, \`claude-mem guard remove\` deletes it.
# It names no version. It finds claude-mem and Node.js at each run, so an upgrade of either changes nothing here.
set -u
umask 077
unset CDPATH ENV
data_dir=${quoteAlways(dataDir)}
launcher=${quoteAlways(launcher ?? '')}
home=\${HOME:-/nonexistent}

# Adds the folders that exist, the last one first: it is usually the newest version.
search=
add() {
  found=
  for folder do
    [ -d "$folder" ] && found=$folder\${found:+:$found}
  done
  [ -z "$found" ] || search=\${search:+$search:}$found
}
${folders.map((pattern) => `add ${pattern.map(quoteAlways).join('*')}`).join('\n')}
${USUAL_FOLDERS.map((line) => `add ${line}`).join('\n')}

# A scheduler may have a PATH without the usual programs.
PATH=$search\${PATH:+:$PATH}

fail() {
  if [ ! -e "$data_dir/guard/problem" ] && [ ! -L "$data_dir/logs" ] && [ ! -L "$data_dir/logs/guard.log" ]; then
    [ -d "$data_dir/logs" ] || mkdir "$data_dir/logs"
    printf '{"level":"error","time":"%s","role":"guard","pid":%s,"msg":"%s"}\\n' \\
      "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$$" "$2" >>"$data_dir/logs/guard.log"
  fi
  rm -f "$data_dir/guard/problem"
  printf '%s\\n' "$1" >"$data_dir/guard/problem"
  exit 1
}

is_program() {
  [ -f "$1" ] && head -c 8192 "$1" 2>/dev/null | LC_ALL=C grep -q ${PACKAGE_NAME}
}

is_node() {
  [ -x "$1" ] && "$1" -e '
    const [major, minor] = process.versions.node.split(".");
    process.exit(major > 20 || (major === "20" && minor >= 19) ? 0 : 1);' >/dev/null 2>&1
}

# Names in these folders may contain any character except a colon.
set -f
IFS=:
if ! is_program "$launcher"; then
  launcher=
  for folder in $search; do
    for name in claude-mem claude-mem-cli; do
      if is_program "$folder/$name"; then launcher=$folder/$name; break 2; fi
    done
  done
fi
[ -n "$launcher" ] || fail no-program 'The guard found no claude-mem-cli. Install it with npm install -g claude-mem-cli'
node=
for folder in "\${launcher%/*}" $search; do
  if is_node "$folder/node"; then node=$folder/node; break; fi
done
[ -n "$node" ] || fail no-node 'The guard found no Node.js 20.19 or later'
unset IFS
PATH=\${node%/*}:$search
export PATH

# Node.js runs a program; a shell script of pnpm or yarn starts Node.js itself.
case $(head -n 1 "$launcher" | tr -d '\\000') in
  '#!'*node*) set -- "$node" "$launcher" ${words.join(' ')} --data-dir "$data_dir" ;;
  *) set -- /bin/sh "$launcher" ${words.join(' ')} --data-dir "$data_dir" ;;
esac
if [ -n "$(command -v nice)" ]; then set -- nice -n 19 "$@"; fi
"$@" </dev/null
code=$?
[ "$code" -ne 2 ] || fail refused 'The guard could not run: claude-mem guard run exited with 2'
rm -f "$data_dir/guard/problem"
exit "$code"
`;
}

/** The options that `guard run` gets for them. */
export function includeWords(include: readonly string[]): readonly string[] {
  return include.length === 0 ? [] : ['--include', include.join(',')];
}

/** Folders in which package and version managers install programs. Searched after the folders of the user's PATH. */
const USUAL_FOLDERS: readonly string[] = [
  '"$home/.local/bin" "$home/bin" "$home/.npm-global/bin" "$home/.npm-packages/bin"',
  '"$home/.local/share/pnpm" "$home/Library/pnpm" "$home/.yarn/bin" "$home/.bun/bin"',
  '"$home/.volta/bin" "$home/.volta/tools/image/packages/claude-mem-cli/bin"',
  '"$home"/.nvm/versions/node/*/bin',
  '"$home"/.local/share/fnm/node-versions/*/installation/bin',
  '"$home/Library/Application Support/fnm/node-versions/"*/installation/bin',
  '"$home"/.volta/tools/image/node/*/bin',
  '"$home"/.asdf/installs/nodejs/*/bin',
  '"$home"/.local/share/mise/installs/node/*/bin',
  '"$home"/.nodenv/versions/*/bin',
  '/opt/homebrew/opt/node@*/bin /usr/local/opt/node@*/bin /opt/homebrew/bin /home/linuxbrew/.linuxbrew/bin',
  '/usr/bin /bin /snap/bin /opt/local/bin /usr/local/bin',
];

/** Quotes a word for sh, also an empty one. */
function quoteAlways(word: string): string {
  return word === '' ? "''" : quoteShell([word]);
}
