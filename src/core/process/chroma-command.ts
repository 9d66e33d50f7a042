import { asciiLower, baseName, programName } from './program-name.ts';

/** `python`: chroma-mcp itself. `wrapper`: a program that starts it and stays its parent. */
export type ChromaPart = 'wrapper' | 'python';

/** Of a name in lower case: V8 needs long to compile a pattern that ignores case, and the first process of each reading is waited for. */
const PYTHON = /^(?:python|pypy|graalpy)(?:\d+(?:\.\d+)*)?[a-z]{0,2}(?:-intel64)?$/;
/** A requirement or a command name. Python package names do not distinguish `-`, `_` and `.`. */
const TOKEN = /^chroma[-_.]mcp(?:\[[^\]]*\])?(?: *(?:[=<>!~]=?|@).*)?$/i;
const SCRIPT = /^chroma-mcp(?:-script)?(?:\.(?:exe|pyw?))?$/i;
const MODULE = /^chroma_mcp(?:\.(?:server|__main__))?$/;
const MODULE_FILE = /(?:^|[\\/])chroma_mcp(?:[\\/](?:server|__main__)\.pyc?)?[\\/]?$/;

/**
 * The part of chroma-mcp that a command line runs; undefined for other programs, even if their arguments contain such words.
 * @param names further names of the process: its short name and its executable.
 */
export function chromaPart(words: readonly string[], names: readonly string[]): ChromaPart | undefined {
  const called = [...names, words[0] ?? ''].map(lowerName);
  const rest = words.slice(1);
  if (called.some(isUv)) return runsChroma(uvCommand(rest)) ? 'wrapper' : undefined;
  if (called.includes('chroma-mcp')) return 'python';
  // A script started by its own name has the script's name, but the interpreter's arguments.
  const isPython = called.some((name) => PYTHON.test(name));
  if (isPython) return pythonPart(rest);
  if (called.includes('pipx')) return runsChroma(pipxCommand(rest)) ? 'wrapper' : undefined;
  return undefined;
}

function lowerName(nameOrPath: string): string {
  return asciiLower(programName(nameOrPath));
}

function isUv(name: string): boolean {
  return name === 'uv' || name === 'uvx';
}

function pythonPart(args: readonly string[]): ChromaPart | undefined {
  // macOS shows a renamed interpreter as `…/Python (chroma-mcp)`.
  if (args[0] === '(chroma-mcp)') return 'python';
  const program = pythonProgram(args);
  if (program === undefined) return undefined;
  const { module, script, rest } = program;
  const name = module === undefined ? lowerName(script ?? '') : asciiLower(module);
  if (name === 'pipx') return runsChroma(pipxCommand(rest)) ? 'wrapper' : undefined;
  if (isUv(name)) return runsChroma(uvCommand(rest)) ? 'wrapper' : undefined;
  const isChroma = module === undefined ? isChromaScript(script ?? '') : MODULE.test(module);
  return isChroma ? 'python' : undefined;
}

function isChromaScript(script: string): boolean {
  const name = baseName(script);
  if (MODULE_FILE.test(script)) return true;
  return SCRIPT.test(name) && (!script.includes(' ') || /[\\/](?:bin|scripts)[\\/][^\\/]*$/i.test(script));
}

interface PythonProgram {
  readonly module?: string;
  readonly script?: string;
  /** Its own arguments. */
  readonly rest: readonly string[];
}

/** The script or `-m` module that a Python interpreter runs. */
function pythonProgram(args: readonly string[]): PythonProgram | undefined {
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] ?? '';
    if (!argument.startsWith('-') || argument === '-') return { script: argument, rest: args.slice(index + 1) };
    if (argument.startsWith('--')) {
      if (argument === '--check-hash-based-pycs') index += 1;
      continue;
    }
    // Short options can be combined. The first of these four takes the rest of the word, or the next word.
    const at = argument.search(/[cmWX]/);
    if (at < 0) continue;
    const letter = argument[at];
    if (letter === 'c') return undefined;
    const attached = argument.slice(at + 1);
    if (letter === 'm') {
      return attached === ''
        ? { module: args[index + 1] ?? '', rest: args.slice(index + 2) }
        : { module: attached, rest: args.slice(index + 1) };
    }
    if (attached === '') index += 1;
  }
  return undefined;
}

/** A command that uv or pipx runs. `isGuessed`: an unknown option came before it. */
interface RunCommand {
  readonly words: readonly string[];
  readonly isModule: boolean;
  readonly isGuessed: boolean;
}

function runsChroma(command: RunCommand | undefined): boolean {
  if (command === undefined) return false;
  const { words, isModule } = command;
  const [first = ''] = words;
  if (isModule) return MODULE.test(first);
  if (isChromaCommand(first)) return true;
  if (PYTHON.test(lowerName(first))) return pythonPart(words.slice(1)) === 'python';
  // After an unknown option, the first word may be its value, so the token counts in any position.
  return command.isGuessed && !FILE.test(first) && words.some(isChromaToken);
}

/** If the command is a file, its arguments do not matter. */
const FILE = /\.(?:[cm]?[jt]s|py[cwz]?|sh|exe)$/i;

function isChromaCommand(word: string): boolean {
  return isChromaToken(word) || MODULE_FILE.test(word);
}

function isChromaToken(word: string): boolean {
  return TOKEN.test(word) || TOKEN.test(baseName(word).replace(/\.exe$/i, ''));
}

/** The command run by `uv [options] tool run`, `uv [options] tool uvx`, `uv [options] run` or `uvx`. Other uv commands run none. */
function uvCommand(args: readonly string[]): RunCommand | undefined {
  const command = commandAfterOptions(args);
  const [first, ...rest] = command.words;
  if (first === 'run') return commandAfterOptions(rest);
  if (first === 'tool' || first === 'x') {
    const inner = commandAfterOptions(rest);
    const [second, ...others] = inner.words;
    return second === 'run' || second === 'uvx' ? commandAfterOptions(others) : undefined;
  }
  if (first === undefined || UV_COMMANDS.has(first)) return undefined;
  return command;
}

const UV_COMMANDS: ReadonlySet<string> = new Set(
  (
    'auth init add remove version sync lock export tree format audit python pip venv build publish workspace cache self ' +
    'generate-shell-completion help'
  ).split(' '),
);

function pipxCommand(args: readonly string[]): RunCommand | undefined {
  const [first, ...rest] = commandAfterOptions(args).words;
  return first === 'run' ? commandAfterOptions(rest) : undefined;
}

function commandAfterOptions(args: readonly string[]): RunCommand {
  let isModule = false;
  let isGuessed = false;
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] ?? '';
    if (argument === '--') return { words: args.slice(index + 1), isModule, isGuessed };
    if (!argument.startsWith('-')) return { words: args.slice(index), isModule, isGuessed };
    if (argument === '-m' || argument === '--module') isModule = true;
    else if (/^-m./.test(argument))
      return { words: [argument.slice(2), ...args.slice(index + 1)], isModule: true, isGuessed };
    else if (VALUE_OPTIONS.has(argument)) index += 1;
    else if (!FLAGS.has(argument) && !argument.includes('=') && !/^-[a-zA-Z]./.test(argument)) isGuessed = true;
  }
  return { words: [], isModule, isGuessed };
}

/** Options of `uv run`, `uv tool run` and `pipx run` that take the next word. */
const VALUE_OPTIONS: ReadonlySet<string> = new Set(
  (
    '-p --python -w --with --with-editable --with-requirements --from --spec -c --constraint --constraints -b --build-constraint ' +
    '--build-constraints --override --overrides --exclude --excludes --index --default-index -i --index-url --extra-index-url ' +
    '--pip-args --fetch-python -f --find-links --index-strategy --keyring-provider --resolution --prerelease --fork-strategy --exclude-newer ' +
    '--exclude-newer-package --link-mode -C --config-setting --config-settings --config-settings-package -P --upgrade-package ' +
    '--upgrade-group --reinstall-package --refresh-package --no-build-isolation-package --no-build-package --no-binary-package ' +
    '--no-sources-package --cache-dir --config-file --project --directory --allow-insecure-host --trusted-host --color --env-file ' +
    '--extra --group --no-group --only-group --no-extra --package --python-platform --python-preference --torch-backend ' +
    '--with-executables-from --preview-features --backend'
  ).split(' '),
);

const FLAGS: ReadonlySet<string> = new Set(
  (
    '--offline -n --no-cache --no-cache-dir -q --quiet -v --verbose --isolated --no-env-file --no-progress --no-config --refresh -U ' +
    '--upgrade --reinstall --no-index --no-build --no-binary --no-build-isolation --no-sources --compile-bytecode --native-tls --system-certs ' +
    '--managed-python --no-managed-python --no-python-downloads --preview --no-preview -s --script --gui-script --active --frozen --locked ' +
    '--no-sync --no-dev --only-dev --dev --all-extras --all-groups --all-packages --no-default-groups --exact --no-editable ' +
    '--no-project --show-settings --lfs --no-path --pypackages --system-site-packages'
  ).split(' '),
);
