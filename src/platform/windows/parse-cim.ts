import { splitCommandLine } from './split-command-line.ts';
import { isObject } from '../../core/is-object.ts';

/**
 * The script whose output `parseCim` parses.
 * @param filter a WQL condition; default: all processes
 */
export function cimScript(filter?: string): string {
  const where = filter === undefined ? '' : ` -Filter '${filter}'`;
  const columns = 'ProcessId,ParentProcessId,Name,ExecutablePath,CommandLine,CreationDate,WorkingSetSize';
  return `Get-CimInstance Win32_Process${where} | Select-Object ${columns} | ConvertTo-Json -Compress`;
}

/** One process as CIM reports it. */
export interface CimProcess {
  readonly pid: number;
  /** Never cleared: the parent may be gone and its pid reused. */
  readonly ppid: number;
  readonly name: string;
  /** ISO 8601, milliseconds. */
  readonly startedAt: string;
  readonly executable?: string;
  /** Absent if it could not be read: another user's process, or a protected one. */
  readonly argv?: readonly string[];
  /** Empty if it could not be read. */
  readonly command: string;
  readonly rssBytes?: number;
}

export interface CimReading {
  readonly processes: readonly CimProcess[];
  /** Pids of records with an invalid name, parent or start. */
  readonly unparsed: readonly number[];
  /** Whether every record contains at least a pid. */
  readonly complete: boolean;
}

/**
 * Parses the JSON of `cimScript`: an array, a single object for one process, or nothing.
 * @throws SyntaxError if it is not JSON
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
    // Pid 0 is the idle process, which has neither start nor end.
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

/** `/Date(1785000000000)/` from Windows PowerShell, possibly wrapped as `{ value }`; ISO 8601 from PowerShell 7. */
function parseDate(value: unknown): string | undefined {
  if (isObject(value)) return parseDate(value.value);
  if (typeof value !== 'string') return undefined;
  const [, milliseconds] = /^\/Date\((-?\d+)(?:[+-]\d{4})?\)\/$/.exec(value) ?? [];
  const date = new Date(milliseconds === undefined ? value : Number(milliseconds));
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
