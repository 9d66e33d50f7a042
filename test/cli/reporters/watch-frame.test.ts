import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createOutput } from '../../../src/cli/terminal/output.ts';
import { drawFrame, hiddenRows, type FrameView } from '../../../src/cli/commands/leaks/watch/frame.ts';
import { listed } from '../../../src/cli/commands/leaks/watch/listed.ts';
import { sparkline } from '../../../src/cli/terminal/full-screen/sparkline.ts';
import {
  addReading,
  EMPTY_STATE,
  nextSort,
  type WatchState,
} from '../../../src/cli/commands/leaks/watch/watch-state.ts';
import { widthOf } from '../../../src/cli/terminal/wrap.ts';
import type { ProcessRow, ProcessSnapshot } from '../../../src/core/process/snapshot.ts';
import { findChanges, type Known } from '../../../src/operations/leaks/leak-changes.ts';
import { judgeReading } from '../../../src/operations/observe/observe.ts';
import { ClaudeMemError } from '../../../src/shared/errors.ts';
import { DATA_DIR, init, row, snapshotOf, uv } from '../../core/builders.ts';

const chroma = (pid: number, extra: Partial<ProcessRow> = {}) =>
  row(pid, 1, `python /bin/chroma-mcp --data-dir ${DATA_DIR}/vectors`, {
    ...{ sid: 7, pgid: 7, uid: 1000, pssBytes: pid * 1_000_000 },
    ...extra,
  });

function see(rows: readonly ProcessRow[], extra: Partial<ProcessSnapshot> = {}) {
  return judgeReading({
    snapshot: snapshotOf([init, ...rows], extra),
    ...{ dataDir: DATA_DIR, manifests: [], damaged: [], otherRegistries: [], answering: [] },
  });
}

/** The state after these readings. */
function after(...readings: readonly (ReturnType<typeof see> | ClaudeMemError)[]): WatchState {
  let known: Known = new Map();
  return readings.reduce((state: WatchState, seen, index) => {
    const found = seen instanceof ClaudeMemError ? { known, changes: [] } : findChanges(known, seen);
    known = found.known;
    return addReading(state, { number: index + 1, seen, changes: index === 0 ? [] : found.changes });
  }, EMPTY_STATE);
}

const view = (part: Partial<FrameView> = {}): FrameView => {
  const output = createOutput({ color: false, quiet: false });
  const usual = { columns: 80, rows: 24, showForeign: false, interval: '1 s', time: '12:00:00' };
  return { ...usual, isUnicode: true, hasKeys: true, output, ...part };
};

const two = see([chroma(500), chroma(600)]);

describe('the screen of leaks --watch', () => {
  test.each([
    [80, 24],
    [40, 24],
    [80, 8],
    [40, 8],
    [20, 4],
    [10, 2],
    [200, 60],
  ])('the screen fits %i columns and %i rows', (columns, rows) => {
    const many = see(Array.from({ length: 90 }, (_, index) => chroma(500 + index)));
    for (const state of [after(two), after(many), after(two, see([chroma(600)]), failure), after(see([]))]) {
      const lines = drawFrame(state, view({ columns, rows }));
      expect(lines.length).toBeLessThanOrEqual(rows);
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
    }
  });

  test('a small screen shows the leaks and the key to quit', () => {
    const lines = drawFrame(after(two), view({ columns: 40, rows: 8 }));
    expect(lines[0]).toMatch(/^Leaked: 2 chroma-mcp \(python\)/);
    expect(lines.some((line) => /^ {2}500 … +orphan +1\.1 GB +2 chroma/.test(line))).toBe(true);
    expect(lines.at(-1)).toMatch(/^q quit {2}r reap/);
  });

  test.each([
    [120, '2 chroma-mcp (python) left by a process of session 7'],
    [90, '2 chroma-mcp left by a process of session 7'],
    [64, '2 chroma-mcp'],
  ])('a screen of %i columns names a group without a cut pid', (columns, title) => {
    const lines = drawFrame(after(two), view({ columns }));
    expect(lines.find((line) => line.startsWith('  500 …'))).toMatch(
      new RegExp(`${title.replaceAll(/[()]/g, '\\$&')}$`),
    );
  });

  test('the screen marks new and ended processes', () => {
    const state = after(two, see([chroma(500), chroma(700)]));
    expect(drawFrame(state, view()).join('\n')).toMatch(/^\+ 500 … +orphan[^]*^- 600 +ended/m);
    const text = drawFrame({ ...state, isVerbose: true }, view()).join('\n');
    expect(text).toMatch(/^\+ 700 +orphan/m);
    expect(text).toMatch(/^- 600 +ended/m);
    expect(text).toMatch(/^ {2}500 +orphan/m);
  });

  test('the screen shows the end of a foreign process only with --all', () => {
    const stranger = (state: string) => row(800, 1, 'python /bin/chroma-mcp --data-dir /else/vectors', { state });
    const state = after(see([stranger('S')]), see([stranger('Z')]));
    expect(drawFrame(state, view()).join('\n')).not.toContain('800');
    expect(drawFrame(state, view({ showForeign: true })).join('\n')).toMatch(/^- 800 +ended/m);
  });

  test('marks of new and ended processes expire after some readings', () => {
    const later = Array.from({ length: 5 }, () => see([chroma(500), chroma(700)]));
    const state = after(two, ...later, see([chroma(500), chroma(700)]));
    const text = drawFrame({ ...state, isVerbose: true }, view()).join('\n');
    expect(text).not.toContain('600');
    expect(text).toMatch(/^ {2}700/m);
  });

  test.each([24, 8, 4])('a screen of %i rows never calls an incomplete reading clean', (rows) => {
    const text = drawFrame(after(see([], { complete: false })), view({ rows })).join('\n');
    expect(text).toContain('No leaks found, but the reading is incomplete.');
    expect(text).not.toContain('No leaks.');
  });

  test.each([24, 8, 3])('a screen of %i rows reports a failed reading instead of the previous headline', (rows) => {
    const text = drawFrame(after(see([]), failure), view({ rows })).join('\n');
    expect(text).toContain('Reading failed: gone.');
    expect(text).not.toContain('No leaks');
  });

  test('the screen counts hidden rows and scrolls to the last one', () => {
    const many = see(Array.from({ length: 30 }, (_, index) => chroma(500 + index)));
    const state = { ...after(many), isVerbose: true };
    const small = view({ rows: 10 });
    expect(drawFrame(state, small).join('\n')).toMatch(/… and \d+ more/);
    const end = drawFrame({ ...state, scroll: hiddenRows(state, small) }, small).join('\n');
    expect(end).toMatch(/^ {2}529/m);
    expect(end).not.toContain('more');
  });

  test('escape sequences in a command line cannot draw on the screen', () => {
    const hostile = chroma(500, { name: '\u001B[2Jx', treeMark: 'x' });
    expect(drawFrame(after(see([hostile])), view()).join('')).not.toContain('\u001B[2J');
  });
});

const failure = new ClaudeMemError('process-table-unreadable', 'gone.');

test('the order changes from verdict to memory, age and pid', () => {
  const state = after(see([chroma(500), chroma(600, { pssBytes: 1 }), chroma(550)]));
  const order = (of: WatchState) =>
    listed({ ...of, isVerbose: true }, { showForeign: false }).flatMap((line) =>
      line.kind === 'group' ? [] : line.link.judgement.row.pid,
    );
  const byMemory = nextSort(state);
  expect(order(state)).toEqual([500, 550, 600]);
  expect([byMemory.sort, order(byMemory)]).toEqual(['memory', [550, 500, 600]]);
  expect(nextSort(byMemory).sort).toBe('age');
  expect(nextSort(nextSort(nextSort(byMemory))).sort).toBe('verdict');
});

test('the list has one line for each group, and the processes of each group with every python below its uv', () => {
  const pair = (pid: number) => [chroma(pid, { name: 'uv', ...uvOf(pid) }), chroma(pid + 1, { ppid: pid })];
  const state = after(see([...pair(500), ...pair(510)]));
  const lines = (isVerbose: boolean) =>
    listed({ ...state, isVerbose }, { showForeign: false }).map((line) =>
      line.kind === 'group' ? `${line.group.chains.length} leaks` : [line.link.judgement.row.pid, line.link.depth],
    );
  expect(lines(false)).toEqual(['2 leaks']);
  expect(lines(true)).toEqual(['2 leaks', [500, 0], [501, 1], [510, 0], [511, 1]]);
});

const uvOf = (pid: number): Partial<ProcessRow> => {
  const { argv = [], command } = uv(pid, 1);
  return { argv, command };
};

describe('a sparkline', () => {
  const draw = (values: readonly (number | null)[], width = 10, isUnicode = true) =>
    sparkline(values, { width, isUnicode });
  test.each<[string, string, string]>([
    ['has its lowest bar at 0 and its highest at the greatest', draw([0, 1, 4, 8]), '▁▂▅█'],
    ['shows nothing but zeros as such', draw([0, 0]), '▁▁'],
    ['leaves a gap where nothing is known', draw([1, null, 1]), '█ █'],
    ['shows the newest', draw([9, 9, 0, 1], 2), '▁█'],
    ['has no room', draw([1], 0), ''],
    ['does without Unicode', stripVTControlCharacters(draw([0, 1], 10, false)), '_#'],
  ])('%s', (_, drawn, expected) => {
    expect(drawn).toBe(expected);
  });
});

test('a watch begins without a reading, sorted by verdict, at the top, and running', () => {
  expect(EMPTY_STATE).toEqual({
    observation: undefined,
    failure: undefined,
    history: [],
    appeared: new Map(),
    ended: [],
    reading: 0,
    sort: 'verdict',
    isPaused: false,
    isVerbose: false,
    scroll: 0,
  });
});
