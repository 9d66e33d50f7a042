import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { codeFolder, readCode, writeCode } from './code-cache.ts';

/** The build wraps each file of `lib/` in such a function, like Node.js does with a CommonJS file. */
type ProgramFunction = (
  exports: unknown,
  require: NodeJS.Require,
  module: { exports: unknown },
  filename: string,
  dirname: string,
  keepCompiled: () => void,
) => void;

/**
 * Runs a program of `lib/` from the code that V8 compiled in an earlier run, and keeps the code of this run if there was none.
 * @param variant names this kind of run. Each variant has its own code, because V8 loads all code that was kept.
 * @returns the exports of the program.
 */
export function runProgram(name: string, variant = name): unknown {
  const filename = join(__dirname, 'lib', `${name}.js`);
  // The build writes ASCII only, and Node.js reads UTF-8 in one native call.
  const source = readFileSync(filename, 'utf8');
  const folder = codeFolder(process.env);
  const file = `${variant}-${idOf(source, filename)}-${NODE}.bin`;
  const cachedData = folder === undefined ? undefined : readCode(join(folder, file));
  const script = new Script(source, cachedData === undefined ? { filename } : { filename, cachedData });
  const start = script.runInThisContext() as ProgramFunction;
  const module = { exports: {} as unknown };

  let isKept = folder === undefined || (cachedData !== undefined && script.cachedDataRejected !== true);
  const keepCompiled = (): void => {
    if (isKept || folder === undefined) return;
    isKept = true;
    writeCode(folder, file, () => script.createCachedData());
  };
  // By then, V8 has compiled the functions that this run called.
  if (!isKept) process.once('exit', keepCompiled);
  start(module.exports, requireWithLib, module, join(__dirname, `${name}.js`), __dirname, keepCompiled);
  return module.exports;
}

const loaded = new Map<string, unknown>();

/** Packages in `lib/` are compiled once too. */
const requireWithLib = Object.assign((id: string): unknown => {
  // The quicker way to a part of Node. Node.js 22 has it since 22.3.
  const builtin = id.startsWith('node:') ? (process as Partial<NodeJS.Process>).getBuiltinModule?.(id) : undefined;
  if (builtin !== undefined) return builtin;
  const [, name] = /^\.\/lib\/([\w-]+)\.js$/.exec(id) ?? [];
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the file is CommonJS once it is built
  if (name === undefined) return require(id);
  if (!loaded.has(name)) loaded.set(name, runProgram(name));
  return loaded.get(name);
}, require) as NodeJS.Require;

/**
 * V8 compares only the length of the source. The build writes the hash of a file into a comment at its beginning; the time shows a later
 * change by hand.
 */
function idOf(source: string, filename: string): string {
  return `${source.slice('/*'.length, source.indexOf('*/'))}-${statSync(filename).mtimeMs.toString(36)}`;
}

/**
 * V8 also accepts code of another Node.js with the same V8, and may crash on it. Two containers with a common home may run different builds
 * of one version at one path. V8 refuses code that was compiled with other options: both kinds of run would replace each other's file.
 */
const NODE = `${process.version}-${process.arch}-${hash([...buildOfNode(), ...process.execArgv, process.env.NODE_OPTIONS].join('\0'))}`;

function buildOfNode(): readonly unknown[] {
  const stats = statSync(process.execPath, { throwIfNoEntry: false });
  return [process.execPath, stats?.size, stats?.mtimeMs];
}

/** FNV-1a: short names of files need no cryptography. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return (value >>> 0).toString(36);
}
