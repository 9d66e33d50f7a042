import { describe, expect, test } from 'vitest';
import { recordedLeak, recordedTree } from '../../../scripts/documents/recorded.ts';
import { drawMonit, logRoom, type MonitView } from '../../../src/cli/commands/monit/frame.ts';
import {
  addMonitReading,
  EMPTY_MONIT,
  logNameOf,
  selectedPosition,
  type MonitReading,
  type MonitState,
} from '../../../src/cli/commands/monit/monit-state.ts';
import { createOutput } from '../../../src/cli/terminal/output.ts';
import { widthOf } from '../../../src/cli/terminal/wrap.ts';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import { judgeReading, type Observation } from '../../../src/operations/observe/observe.ts';
import { parseLogLine } from '../../../src/operations/tree/log-lines.ts';
import { ClaudeMemError } from '../../../src/shared/errors.ts';
import { DATA_DIR, init, row, snapshotOf } from '../../core/builders.ts';

const tree = recordedTree();
const leak = recordedLeak();

/** The recorded tree with that many ticks of CPU time more in its worker. */
function treeAfter(ticks: number, change: (row: ProcessRow) => ProcessRow = (same) => same): Observation {
  const { reading } = tree.observation;
  const processes = reading.snapshot.processes.map((one) =>
    change(one.roleMark === 'worker' ? { ...one, cpuTicks: (one.cpuTicks ?? 0) + ticks } : one),
  );
  return judgeReading({ ...reading, snapshot: { ...reading.snapshot, processes } });
}

const answer = tree.sight.status;
const read = (seen: MonitReading['seen'], atMs: number, part: Partial<MonitReading> = {}): MonitReading => {
  return { seen, atMs, answer, ...part };
};
const after = (...readings: readonly MonitReading[]): MonitState => readings.reduce(addMonitReading, EMPTY_MONIT);

const view = (part: Partial<MonitView> = {}): MonitView => {
  const output = createOutput({ color: false, quiet: false });
  return { columns: 80, rows: 24, isUnicode: true, interval: '2 s', time: '12:00:00', output, ...part };
};
const draw = (state: MonitState, part: Partial<MonitView> = {}) => drawMonit(state, view(part)).join('\n');

/** Leaks of different sessions: one group each. */
const manyLeaks = (count: number) =>
  judgeReading({
    snapshot: snapshotOf([
      init,
      ...Array.from({ length: count }, (_, index) =>
        row(500 + index, 1, `python /bin/chroma-mcp --data-dir ${DATA_DIR}/vectors`, {
          ...{ sid: 40_000 + index, pgid: 40_000 + index, uid: 1000, pssBytes: 1_000_000 },
        }),
      ),
    ]),
    ...{ dataDir: DATA_DIR, manifests: [], damaged: [], otherRegistries: [], answering: [] },
  });

const running = after(read(treeAfter(0), 0), read(treeAfter(50), 1_000));
const failed = new ClaudeMemError('process-table-unreadable', 'gone.');
const none = { answer: undefined };

describe('the screen of monit', () => {
  test.each([
    [80, 24],
    [60, 24],
    [40, 24],
    [80, 10],
    [24, 6],
    [10, 2],
    [1, 1],
    [200, 60],
  ])('fits %i columns and %i rows', (columns, rows) => {
    const log = { name: 'worker', lines: Array.from({ length: 90 }, () => parseLogLine('x'.repeat(300))) };
    const states = [
      running,
      after(read(leak, 0, none)),
      after(read(manyLeaks(300), 0, none)),
      after(read(treeAfter(0), 0), read(failed, 1_000)),
      { ...running, log },
      { ...running, log, view: 'log' as const },
      { ...running, view: 'help' as const },
    ];
    for (const state of states) {
      for (const isUnicode of [true, false]) {
        const lines = drawMonit(state, view({ columns, rows, isUnicode }));
        expect(lines).toHaveLength(rows);
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
      }
    }
  });

  test('shows the CPU between two readings, not the average since the start', () => {
    expect(draw(after(read(treeAfter(0), 0)))).toMatch(/└─ worker .* {3}- /);
    expect(draw(running)).toMatch(/└─ worker .* 50\.0 %/);
    expect(draw(after(read(treeAfter(0), 0), read(treeAfter(0), 1_000)))).toMatch(/└─ worker .* 0\.0 %/);
  });

  test('shows no CPU of a process whose pid is reused', () => {
    const reused = (one: ProcessRow) =>
      one.roleMark === 'worker' ? { ...one, startTicks: (one.startTicks ?? 0) + 1, cpuTicks: 9 } : one;
    const state = after(read(treeAfter(500), 0), read(treeAfter(0, reused), 1_000));
    expect(draw(state)).not.toMatch(/worker .*[1-9]\d*\.\d %/);
  });

  test('a wide screen has a sparkline for CPU and memory', () => {
    const bars = after(...[0, 10, 90, 40].map((ticks, index) => read(treeAfter(ticks), index * 1_000)));
    expect(draw(bars)).toMatch(/worker .* [▁-█]{3} +30 MB +[▁-█]{4}$/m);
    expect(draw(bars, { isUnicode: false })).toMatch(/`- worker .* [_.:=+*#-]{3} +30 MB +#{4}$/m);
    expect(draw(bars, { columns: 60 })).not.toMatch(/[▁-█]/);
  });

  test('omits pid, then uptime on a narrow screen, and keeps CPU and memory', () => {
    expect(draw(running, { columns: 80 })).toMatch(/PROCESS +PID +UP +CPU +MEMORY/);
    expect(draw(running, { columns: 56 })).toMatch(/PROCESS +UP +CPU +MEMORY/);
    expect(draw(running, { columns: 40 })).toMatch(/PROCESS +CPU +MEMORY/);
  });

  test('marks the selected line without colors', () => {
    expect(draw(running)).toMatch(/^▸ supervisor/m);
    expect(draw({ ...running, selected: running.items[1]!.key })).toMatch(/^▸ └─ worker/m);
  });

  test('without a tree says how to start one, and lists the leaks in groups with their proof', () => {
    const text = draw(after(read(leak, 0, none)));
    expect(text).toMatch(/^claude-mem is not running/);
    expect(text).toContain('No tree runs. Ctrl-R starts one.');
    expect(text).toContain('Leaked: 2 chroma-mcp (uv + python), using 211 MB (PSS + swap).');
    expect(text).toMatch(/^▸ orphan +211 MB +3 min +2 chroma-mcp left by pid 1000/m);
    expect(text).toMatch(/^PROOF\n3 min old, pid 1016, 1036, 1162, 1182\.\nnewest, pid 1162: marked as part of tree/m);
  });

  test('scrolls hundreds of groups to the selected one', () => {
    const state = after(read(manyLeaks(300), 0, none));
    expect(draw(state)).toMatch(/… and \d+ more/);
    const end = draw({ ...state, selected: state.items.at(-1)!.key });
    expect(end).toMatch(/^▸ orphan .* session \d+$/m);
    expect(end).not.toMatch(/and \d+ more$/m);
  });

  test.each([24, 8, 3])('%i rows report a failed reading', (rows) => {
    expect(draw(after(read(treeAfter(0), 0), read(failed, 1_000)), { rows })).toContain('Reading failed: gone.');
  });

  test.each([24, 8])('%i rows never call an incomplete reading clean', (rows) => {
    const { reading } = manyLeaks(0);
    const seen = judgeReading({ ...reading, snapshot: { ...reading.snapshot, complete: false } });
    const text = draw(after(read(seen, 0, none)), { rows });
    expect(text).toContain('No leaks found, but the reading is incomplete.');
    expect(text).not.toContain('No leaks.');
  });

  test('says that the supervisor does not answer', () => {
    const text = draw(after(read(treeAfter(0), 0, { answer: 'late' })));
    expect(text).toContain('claude-mem is not answering');
    expect(text).toContain('the supervisor does not answer');
  });

  test.each(['\u001B[2J', '\u202E', '\u009B2J'])('escapes %j in a log and in a process name', (hostile) => {
    const record = JSON.stringify({ msg: hostile, role: hostile, level: hostile, time: hostile, a: hostile });
    const log = { name: 'supervisor', lines: [parseLogLine(record)] };
    expect(draw({ ...running, log })).not.toContain(hostile);
    const renamed = treeAfter(0, (one) => ({ ...one, name: hostile, roleMark: one.roleMark ?? 'x' }));
    expect(draw(after(read(renamed, 0)))).not.toContain(hostile);
  });

  test('shows the log on the whole screen, and follows its end', () => {
    const lines = Array.from({ length: 90 }, (_, index) => parseLogLine(`line ${index}`));
    const state: MonitState = { ...running, view: 'log', log: { name: 'worker', lines } };
    expect(draw(state)).toMatch(/line 89/);
    expect(draw({ ...state, logTop: 0 })).toMatch(/LOG worker\n +line 0\n/);
    expect(draw({ ...state, logTop: 90 - logRoom(state, view()) })).toMatch(/line 89/);
  });

  test('says why a log cannot be read', () => {
    const log = { name: 'worker', lines: [], problem: 'cannot read worker.log: it is a link' };
    expect(draw({ ...running, log })).toContain('cannot read worker.log: it is a link');
  });
});

describe('the selection of monit', () => {
  test('stays on its process in the next reading', () => {
    const chosen = { ...running, selected: running.items[2]!.key };
    expect(selectedPosition(addMonitReading(chosen, read(treeAfter(60), 2_000)))).toBe(2);
  });

  test('moves to the neighbor of a process that ended, and to nothing when all are gone', () => {
    const chosen = { ...running, selected: running.items.at(-1)!.key };
    const gone = chosen.items.at(-1)!;
    const { reading } = tree.observation;
    const processes = reading.snapshot.processes.filter(
      ({ pid }) => gone.kind === 'process' && pid !== gone.member.judgement.row.pid,
    );
    const fewer = judgeReading({ ...reading, snapshot: { ...reading.snapshot, processes } });
    const next = addMonitReading(chosen, read(fewer, 2_000));
    expect(selectedPosition(next)).toBe(next.items.length - 1);
    expect(addMonitReading(next, read(manyLeaks(0), 3_000, none)).selected).toBeUndefined();
  });

  test('a process of Chroma has the log of the program that started it, and a group of leaks has none', () => {
    const names = running.items.map((item) => [item.kind === 'process' && item.member.role, logNameOf(item)]);
    expect(names).toEqual([
      ['supervisor', 'supervisor'],
      ['worker', 'worker'],
      ['search', 'search-server'],
      ['chroma-sync', 'worker'],
      ['chroma-sync', 'worker'],
    ]);
    expect(logNameOf(after(read(leak, 0, none)).items[0])).toBeUndefined();
    expect(logNameOf(undefined)).toBeUndefined();
  });
});
