import { describe, expect, test } from 'vitest';
import { dataDirArgument, isChromaOfDataDir, isChromaWrapper } from '../../../src/core/process/role-program.ts';
import { createCimSignaller } from '../../../src/platform/windows/cim-signaller.ts';
import { createCimTable } from '../../../src/platform/windows/cim-table.ts';
import { parseCim } from '../../../src/platform/windows/parse-cim.ts';
import { fixture } from '../fixture.ts';

const RECORDED = fixture('cim/windows-powershell.json.txt');
const DATA_DIR = String.raw`C:\Users\Ada Lovelace\.claude-mem`;

function read(text: string, { pid = 777, recordedPids = [] as readonly number[] } = {}) {
  const table = createCimTable(() => Promise.resolve({ text, pid }));
  return table.snapshot({ dataDir: DATA_DIR, recordedPids: new Set(recordedPids), memory: true });
}

describe('the parser', () => {
  const find = (pid: number) => parseCim(RECORDED).processes.find((process) => process.pid === pid);

  test('reads the date of Windows PowerShell and splits the command line', () => {
    expect(find(24012)).toEqual({
      pid: 24012,
      ppid: 23960,
      name: 'uvx.exe',
      startedAt: '2026-08-01T09:04:42.700Z',
      executable: String.raw`C:\Users\Ada Lovelace\.local\bin\uvx.exe`,
      argv: [
        ...['uvx', '--python', '3.13', '--with', 'onnxruntime>=1.20', '--from', 'chroma-mcp==0.2.6', 'chroma-mcp'],
        ...['--client-type', 'persistent', '--data-dir', String.raw`${DATA_DIR}\chroma`],
      ],
      command: `uvx --python 3.13 --with onnxruntime>=1.20 --from chroma-mcp==0.2.6 chroma-mcp --client-type persistent --data-dir "${DATA_DIR}\\chroma"`,
      rssBytes: 9_961_472,
    });
  });

  test('reads the date of PowerShell 7, and a single object instead of a list', () => {
    const { processes } = parseCim(fixture('cim/powershell-7-single.json.txt'));
    expect(processes).toMatchObject([{ pid: 24020, startedAt: '2026-08-01T09:04:42.712Z' }]);
  });

  test('reads a date wrapped in an object', () => {
    const wrapped = { ProcessId: 5, ParentProcessId: 4, Name: 'a.exe', CreationDate: { value: '/Date(1000)/' } };
    expect(parseCim(JSON.stringify(wrapped)).processes[0]?.startedAt).toBe('1970-01-01T00:00:01.000Z');
  });

  test('a row has no command line if access was denied', () => {
    expect(find(2044)).toMatchObject({ name: 'python.exe', command: '' });
    expect(find(2044)).not.toHaveProperty('argv');
  });

  test('leaves out the idle process', () => {
    expect(find(0)).toBeUndefined();
  });

  test('parses empty output as no processes', () => {
    expect(parseCim('')).toEqual({ processes: [], unparsed: [], complete: true });
  });

  test('reports the pid of a record without a start, and is incomplete for one without a pid', () => {
    const records = [{ ProcessId: 5, ParentProcessId: 4, Name: 'a.exe', CreationDate: null }, { Name: 'b.exe' }];
    expect(parseCim(JSON.stringify(records))).toEqual({ processes: [], unparsed: [5], complete: false });
  });
});

describe('the reader', () => {
  test('reads the whole chain from the worker to the last python', async () => {
    const { processes } = await read(RECORDED);
    const chain = [24060];
    for (let pid: number | undefined = 24060; pid !== undefined;) {
      pid = processes.find((row) => row.pid === pid)?.ppid;
      if (pid !== undefined) chain.push(pid);
    }
    // 9002 started the worker and is gone.
    expect(chain).toEqual([24060, 24052, 24044, 24020, 24012, 23960, 9002]);
  });

  test('reads chroma programs so that the core recognizes them', async () => {
    const { processes } = await read(RECORDED);
    const chroma = processes.filter((row) => isChromaOfDataDir(row, DATA_DIR, 'win32'));
    expect(chroma.map((row) => row.pid)).toEqual([24012, 24020, 24044, 24052, 24060, 25100]);
    expect(chroma.filter(isChromaWrapper).map((row) => row.pid)).toEqual([24012, 24020]);
    expect(dataDirArgument(chroma[1]!)).toBe(String.raw`${DATA_DIR}\chroma`);
  });

  test('keeps a reused parent pid and the starts that reveal it', async () => {
    const { processes } = await read(RECORDED);
    const [child, reuser] = [25100, 26000].map((pid) => processes.find((row) => row.pid === pid)!);
    expect(child!.ppid).toBe(reuser!.pid);
    expect(child!.startedAt < reuser!.startedAt).toBe(true);
  });

  test('counts an inaccessible python as unreadable, with unknown marks', async () => {
    const snapshot = await read(RECORDED);
    expect(snapshot).toMatchObject({ source: 'cim', complete: true, unreadable: 1, startPrecisionMs: 1 });
    expect(snapshot.processes.find((row) => row.pid === 24060)?.treeMark).toBeNull();
  });

  test('counts an inaccessible recorded pid of any name as unreadable', async () => {
    expect((await read(RECORDED, { recordedPids: [4] })).unreadable).toBe(2);
  });

  test('leaves out its own PowerShell and its console host', async () => {
    const { processes } = await read(RECORDED, { pid: 24044 });
    expect(processes.map((row) => row.pid)).not.toContain(24044);
    expect(processes.map((row) => row.pid)).not.toContain(24052);
  });

  test.each([
    ['nothing', ''],
    ['text that is not JSON', 'Get-CimInstance : Access denied'],
  ])('treats %s as a failure, never as "no processes"', async (_what, text) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'process-table-unreadable' });
  });
});

describe('the signaller', () => {
  const single = fixture('cim/powershell-7-single.json.txt');
  const [row] = parseCim(single).processes;
  const bind = (answer: () => string, options = { compareCommand: true }) =>
    createCimSignaller(answer).bind(row!, options);

  test('binds to a process it finds again', () => {
    expect(bind(() => single)).toMatchObject({ pid: 24020 });
  });

  test.each<[string, string, () => string]>([
    ['gone', 'no process has the pid', () => ''],
    ['different', 'the process started at another time', () => single.replace(':42.7121234', ':43.7121234')],
    ['different', 'the process runs another command', () => single.replace('tool uvx', 'tool xvu')],
    [
      'unknown',
      'the command line is hidden',
      () => JSON.stringify({ ...(JSON.parse(single) as object), CommandLine: null }),
    ],
    ['unknown', 'PowerShell prints something else', () => 'Access denied'],
    [
      'unknown',
      'PowerShell fails',
      () => {
        throw new Error('exit code 1');
      },
    ],
  ])('returns %s if %s', (expected, _why, answer) => {
    expect(bind(answer)).toBe(expected);
  });
});
