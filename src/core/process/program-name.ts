/**
 * Windows starts one for the console of a program, as its child and with its environment, and ends it with the last program of the
 * console.
 */
export function isConsoleHost(name: string): boolean {
  return /^conhost\.exe$/i.test(name);
}

/**
 * The name of a program without additions of the system: `/usr/bin/Python3.13` → `Python3.13`, `C:\…\uvx.exe` → `uvx`, NixOS's
 * `.uv-wrapped` → `uv`, even if the kernel cut the name at 15 bytes (`.chroma-mcp-wra`).
 */
export function programName(nameOrPath: string): string {
  const name = withoutEnding(withoutEnding(baseName(nameOrPath), ' (deleted)'), '.exe');
  if (!name.startsWith('.')) return name;
  const dash = name.lastIndexOf('-');
  return dash > 1 && isWrappedMark(name.slice(dash), name.length === LONGEST_COMM) ? name.slice(1, dash) : name;
}

/** Lower-cases ASCII letters alone: the Kelvin sign is no k, and a name with it is another program's. */
export function asciiLower(name: string): string {
  return name.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** `-wrapped`, with one `_` per additional wrapping, possibly cut. */
function isWrappedMark(ending: string, isCut: boolean): boolean {
  if (isCut && WRAPPED.startsWith(ending)) return true;
  return ending.startsWith(WRAPPED) && /^_*$/.test(ending.slice(WRAPPED.length));
}

const WRAPPED = '-wrapped';
/** Length of a process name in the kernel, in bytes. */
const LONGEST_COMM = 15;

/** Programs that run the program in their arguments: processor emulators and the dynamic loader. */
const LOADER =
  /^(?:rosetta|qemu-(?!system|img|nbd|ga$|io$|storage|bridge|pr-)[\w.-]+|box(?:32|64|86)|fex(?:interpreter|loader)?|ld-linux[\w.-]*|ld-musl[\w.-]*|ld\.so|ld-[\d.]+\.so)$/i;

/** The first two letters of their names. Few other programs have them, and V8 needs half a millisecond to compile the pattern. */
const LOADER_BEGINNINGS = 'ro qe bo fe ld';

export function isLoader(nameOrPath: string): boolean {
  const name = programName(nameOrPath);
  return LOADER_BEGINNINGS.includes(name.slice(0, 2).toLowerCase()) && LOADER.test(name);
}

export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

function withoutEnding(name: string, ending: string): string {
  return name.slice(-ending.length).toLowerCase() === ending ? name.slice(0, -ending.length) : name;
}
