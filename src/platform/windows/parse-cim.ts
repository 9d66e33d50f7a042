import { splitCommandLine } from './split-command-line.ts';
import { isObject } from '../../core/is-object.ts';

/**
 * The script whose output `parseCim` reads.
 * @param filter a WQL condition; all processes without one
 */
export function cimScript(filter?: string): string {
  const where = filter === undefined ? '' : ` -Filter '${filter}'`;
  const columns = 'ProcessId,ParentProcessId,Name,ExecutablePath,CommandLine,CreationDate,WorkingSetSize';
  return `Get-CimInstance Win32_Process${where} | Select-Object ${columns} | ConvertTo-Json -Compress`;
}

/** One process as CIM shows it. */
export interface CimProcess {
  readonly pid: number;
  /** Never cleared: the parent may be gone, and its pid somebody else's. */
  readonly ppid: number;
  readonly name: string;
  /** ISO 8601, milliseconds. */
  readonly startedAt: string;
  readonly executable?: string;
  /** Absent where it could not be read: a process of another user, or a protected one. */
  readonly argv?: readonly string[];
  /** Empty where it could not be read. */
  readonly command: string;
  readonly rssBytes?: number;
}

export interface CimReading {
  readonly processes: readonly CimProcess[];
  /** Pids of which name, parent or start could not be understood. */
  readonly unparsed: readonly number[];
  /** Whether every record gave at least its pid. */
  readonly complete: boolean;
}

/**
 * Reads the JSON of `cimScript`: an array, or a single object where there is only one process, or nothing where there is none.
 * @throws SyntaxError when it is not JSON
 */
export function parseCim(text: string): CimReading {
  const json = text.replace(/^\uFEFF/, '').trim();
  const parsed: unknown = json === '' ? [] : JSON.parse(json);
  const records: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];

  const processes: CimProcess[] = [];
  const unparsed: number[] = [];
  let complete = true;
  for (const record of records) {
    const fields = isObject(record) ? record : {};
    const pid = fields.ProcessId;
    // The idle process (0) is no process: it has neither a start nor an end.
    if (pid === 0) continue;
    const process = typeof pid === 'number' ? parseProcess(pid, fields) : undefined;
    if (process !== undefined) processes.push(process);
    else if (typeof pid === 'number') unparsed.push(pid);
    else complete = false;
  }
  return { processes, unparsed, complete };
}

function parseProcess(pid: number, fields: Readonly<Record<string, unknown>>): CimProcess | undefined {
  const { ParentProcessId: ppid, Name: name, ExecutablePath: executable, CommandLine: command } = fields;
  const startedAt = parseDate(fields.CreationDate);
  if (typeof ppid !== 'number' || typeof name !== 'string' || startedAt === undefined) return undefined;
  return {
    pid,
    ppid,
    name,
    startedAt,
    ...(typeof executable === 'string' ? { executable } : {}),
    ...(typeof command === 'string' && command !== '' ? { argv: splitCommandLine(command) } : {}),
    command: typeof command === 'string' ? command.trim() : '',
    ...(typeof fields.WorkingSetSize === 'number' ? { rssBytes: fields.WorkingSetSize } : {}),
  };
}

/** `/Date(1785000000000)/` from Windows PowerShell, perhaps wrapped as `{ value }`; ISO 8601 from PowerShell 7. */
function parseDate(value: unknown): string | undefined {
  if (isObject(value)) return parseDate(value.value);
  if (typeof value !== 'string') return undefined;
  const [, milliseconds] = /^\/Date\((-?\d+)(?:[+-]\d{4})?\)\/$/.exec(value) ?? [];
  const date = new Date(milliseconds === undefined ? value : Number(milliseconds));
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
