/** Raise it with every change of the script: a `start` of an older claude-mem must not replace a newer script. */
const SCRIPT_VERSION = 3;

/**
 * Bytes of one input: enough for the stored part of any event. The rest is dropped. More would cost the worker seconds and a gigabyte for
 * an input of brackets alone, which a tool may return.
 */
export const LONGEST_INPUT_BYTES = 1024 * 1024;
/** Inputs that wait for a worker. */
const MOST_INPUTS = 10_000;
/** Limit for all of them together. The script measures before every 64th input, so up to 63 more inputs fit. */
const MOST_KILOBYTES = 512 * 1024;
const INPUTS_PER_MEASUREMENT = 64;

/** The file beside the script with the excluded projects, as in `CLAUDE_MEM_EXCLUDED_PROJECTS`. */
export const EXCLUDED_FILE = 'excluded-projects';

/** The characters that `trim` of JavaScript removes, each as a word of the script. */
const SPACES =
  ' ,\t,\n,\v,\f,\r,\u00A0,\u1680,\u2000,\u2001,\u2002,\u2003,\u2004,\u2005,\u2006,\u2007,\u2008,\u2009,\u200A,\u2028,\u2029,\u202F,\u205F,\u3000,\uFEFF'
    .split(',')
    .map((space) => `'${space}'`)
    .join(' ');

/** The file with the lowest number that the script may use, so that it never uses the number of a removed input. */
export const FIRST_NUMBER_FILE = 'first-number';

/**
 * Names an input that is complete.
 * @param attempts how often the worker began to store it; the script writes no attempts.
 */
export function inputName(number: number, attempts = 0): string {
  return attempts === 0 ? `${number}.hook` : `${number}.${attempts}.hook`;
}

/** At most 15 digits, so that numbers are exact. */
const INPUT_NAME = /^(?<number>0|[1-9]\d{0,14})(?:\.(?<attempts>[1-9]\d{0,5}))?\.hook$/;
const UNFINISHED_NAME = /^\.(?<number>0|[1-9]\d{0,14})\.new$/;

/** The parts of a name that the script or the worker gave; undefined for any other name. */
export function parseInputName(name: string): { readonly number: number; readonly attempts: number } | undefined {
  const { number, attempts } = INPUT_NAME.exec(name)?.groups ?? {};
  return number === undefined ? undefined : { number: Number(number), attempts: Number(attempts ?? 0) };
}

/** The number of an input that is being written, or whose writer failed or was killed; undefined for any other name. */
export function parseUnfinishedName(name: string): number | undefined {
  const number = UNFINISHED_NAME.exec(name)?.groups?.number;
  return number === undefined ? undefined : Number(number);
}

/**
 * The script that Claude Code runs for every hook except SessionStart. It needs no worker, no Node.js and no installed package. It is in
 * `bin/` of a data dir and finds the data dir by its own path, so that no path is quoted in it and a moved data dir works.
 *
 * Order: each input gets a number. Exclusive creation of `.NUMBER.new` claims it, and the complete input is renamed to `NUMBER.hook`.
 * Numbers from `first-number` on are claimed without a gap, because only the worker removes files, and it raises `first-number` before
 * that. So the search for the first free number needs no listing. After the claim, the script reads `first-number` again: unless it
 * has passed the claimed number, no claimed number above it was removed meanwhile. Every input that was complete before this script
 * started then has a smaller number, or its file was already taken by the worker. No clock and no process id is involved.
 *
 * A claim stays after a failure, emptied: its removal would leave a gap. The worker removes it later.
 *
 * Exit codes: 0 if the input is complete in the spool, else 1. Claude Code treats 2 as "block", and shells exit with 2 after errors of
 * their own, such as a failed redirect of a special builtin: the script redirects none, and a trap replaces 2.
 */
export const HOOK_SCRIPT = `#!/bin/sh
# claude-mem hook script, version ${SCRIPT_VERSION}
# Claude Code runs this file for its hooks: see \`claude-mem integrate\`. \`claude-mem start\` and \`claude-mem integrate --write\` write it.
# It puts stdin into the folder spool of this data dir, from where claude-mem stores it. It exits with 0, or with 1 and one line on stderr.
set +eux -fC
umask 077
unset CDPATH
PATH=\${PATH:-}:/usr/bin:/bin
# 2 would block Claude Code.
trap '[ "$?" -ne 2 ] || exit 1' EXIT

lose() {
  trap '' PIPE
  printf '%s\\n' "claude-mem hook: this event is lost: $1" >&2
  exit 1
}

data_dir=\${0%/*}/..
# As in \`claude-mem hook\`: the variable replaces the default data dir only.
if [ -n "\${CLAUDE_MEM_DATA_DIR:-}" ] && [ "$data_dir" -ef "\${HOME:-/}/.claude-mem" ]; then
  case $CLAUDE_MEM_DATA_DIR in
    '~/'*) data_dir=$HOME/\${CLAUDE_MEM_DATA_DIR#??} ;;
    /*) data_dir=$CLAUDE_MEM_DATA_DIR ;;
    *) data_dir=./$CLAUDE_MEM_DATA_DIR ;;
  esac
fi
excluded=\${CLAUDE_MEM_EXCLUDED_PROJECTS:-}
is_from_environment=yes
if [ -z "$excluded" ] && [ -f "$data_dir/bin/${EXCLUDED_FILE}" ]; then
  is_from_environment=no
  { read -r excluded <"$data_dir/bin/${EXCLUDED_FILE}"; } 2>/dev/null
fi

trim() {
  before_trim=
  while [ "$before_trim" != "$entry" ]; do
    before_trim=$entry
    for space in ${SPACES}; do
      entry=\${entry#"$space"}
      entry=\${entry%"$space"}
    done
  done
}

# Removes '.', '..' and slashes that mean nothing, as text: the folder may be gone. Sets flat; empty for the root.
flatten() {
  flat=
  IFS=/
  for part in $1; do
    case $part in '' | .) ;; ..) flat=\${flat%/*} ;; *) flat=$flat/$part ;; esac
  done
}

# The folder behind links. Prints nothing if it is gone.
real_folder() {
  case $1 in
    '') ;;
    /*) { cd -P "$1" && pwd -P; } 2>/dev/null ;;
    *) { cd -P "./$1" && pwd -P; } 2>/dev/null ;;
  esac
}

# Sets entries: names, and folders as absolute paths.
read_entries() {
  entry=$excluded
  trim
  quote=
  # The environment may have the list of config.json.
  case $entry in '['*']') quote='"' entry=\${entry#?} entry=\${entry%?} ;; esac
  entries=
  IFS=,
  for entry in $entry; do
    trim
    if [ -n "$quote" ]; then
      entry=\${entry#"$quote"}
      entry=\${entry%"$quote"}
      trim
    fi
    case $entry in '~') entry=\${HOME:-} ;; '~/'*) entry=\${HOME:-}/\${entry#??} ;; esac
    case $entry in
      '') ;;
      /*)
        flatten "$entry"
        entries=$entries,\${flat:-/}
        # The file has the folders behind links already.
        [ "$is_from_environment" != yes ] || real=$(real_folder "$entry")
        case \${real:-,} in *,*) ;; *) entries=$entries,$real ;; esac
        real=
        ;;
      *) entries=$entries,$entry ;;
    esac
  done
}

# The nearest folder upwards with .git, as in \`claude-mem hook\`.
find_project() {
  folder=$place
  while [ -n "$folder" ] && [ ! "$folder" -ef "\${HOME:-/}" ]; do
    [ ! -e "$folder/.git" ] || break
    folder=\${folder%/*}
  done
  [ -n "$folder" ] && [ ! "$folder" -ef "\${HOME:-/}" ] || folder=$place
  project=\${folder##*/}
  project=\${project:-unnamed}
}

is_excluded() {
  flatten "$place"
  place=$flat
  find_project
  IFS=,
  for entry in $entries; do
    case $entry in
      '') ;;
      /) return 0 ;;
      /*) case $place/ in "$entry"/*) return 0 ;; esac ;;
      *) [ "$entry" != "$project" ] || return 0 ;;
    esac
  done
  return 1
}

if [ -n "$excluded" ]; then
  usual_separators=$IFS
  real=
  read_entries
  # The host names the project of the session, which the agent may have left.
  for place in "\${PWD:-}" "$(pwd -P)" "\${CLAUDE_PROJECT_DIR:-}" "$(real_folder "\${CLAUDE_PROJECT_DIR:-}")"; do
    if [ -n "$place" ] && is_excluded; then
      # So that the host can write all of it.
      cat >/dev/null 2>&1
      exit 0
    fi
  done
  IFS=$usual_separators
fi

{ [ -d "$data_dir/spool" ] || mkdir "$data_dir/spool"; } 2>/dev/null
[ ! -L "$data_dir/spool" ] || lose 'the folder spool of the data dir is a link'
{ cd "$data_dir/spool"; } >/dev/null 2>&1 || lose 'the data dir has no usable folder spool'
[ -O . ] || lose 'the folder spool of the data dir belongs to another user'

read_first() {
  first=0
  # A pipe would block.
  [ ! -f ${FIRST_NUMBER_FILE} ] || { read -r first <${FIRST_NUMBER_FILE}; } 2>/dev/null
  # A shell takes 08 for a damaged octal number, and then exits with 2.
  case $first in '' | 0?* | *[!0-9]* | ????????????????*) first=0 ;; esac
}

# The unfinished name first: the rename happens in this direction.
is_claimed() {
  [ -e ".$1.new" ] || [ -e "$1.hook" ]
}

# Doubles the step, then halves the interval: about 27 lookups find a place behind 10000 inputs.
find_number() {
  number=$first
  is_claimed "$number" || return 0
  below=$number step=1
  number=$((below + 1))
  while is_claimed "$number"; do
    below=$number step=$((step * 2))
    number=$((number + step))
  done
  while [ $((number - below)) -gt 1 ]; do
    middle=$(((below + number) / 2))
    if is_claimed "$middle"; then below=$middle; else number=$middle; fi
  done
}

assert_room() {
  waiting=$((number - first))
  [ "$waiting" -lt ${MOST_INPUTS} ] || lose 'too many events wait; claude-mem start stores them'
  [ "$waiting" -gt 0 ] && [ $((number % ${INPUTS_PER_MEASUREMENT})) -eq 0 ] || return 0
  kilobytes=$(du -sk . 2>/dev/null)
  kilobytes=\${kilobytes%%[!0-9]*}
  [ "\${kilobytes:-0}" -lt ${MOST_KILOBYTES} ] || lose 'the waiting events are too large; claude-mem start stores them'
}

# Frees the space and keeps the claim.
discard() {
  { true >|".$number.new"; } 2>/dev/null
  lose "$1"
}

outcome=
while [ "$outcome" != written ]; do
  outcome=refused
  read_first
  find_number
  assert_room
  {
    {
      outcome=late
      read_first
      if [ "$number" -ge "$first" ] && [ ! -e "$number.hook" ]; then
        outcome=failed
        if head -c ${LONGEST_INPUT_BYTES}; then
          outcome=written
          # Reads the rest, so that the host can write all of it. On Linux, the position says whether there is a rest.
          position=${LONGEST_INPUT_BYTES}
          { read -r label position </proc/self/fdinfo/1; } 2>/dev/null
          [ "$position" != ${LONGEST_INPUT_BYTES} ] || cat >/dev/null
        fi
      fi
    } >".$number.new"
  } 2>/dev/null
  case $outcome in
    refused) is_claimed "$number" || lose 'the folder spool of the data dir cannot be written' ;;
    failed) discard 'stdin cannot be read, or the disk is full' ;;
  esac
done
[ -s ".$number.new" ] || discard 'no input arrived on stdin'
mv -f ".$number.new" "$number.hook" 2>/dev/null || discard 'the folder spool of the data dir cannot be written'
exit 0
`;

/** The version of a script's text; 0 for any other text. */
function versionOfHookScript(text: string): number {
  return Number(/^# claude-mem hook script, version (?<version>\d{1,6})$/m.exec(text)?.groups?.version ?? 0);
}

/** Whether an existing script stays: it is of a newer claude-mem. */
export function isNewerHookScript(text: string): boolean {
  return versionOfHookScript(text) > SCRIPT_VERSION;
}
