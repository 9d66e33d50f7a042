import psList from 'ps-list';
import { createProcfsTable } from '../../src/platform/linux/table/procfs-table.ts';
import { verdict, type Benchmark } from './benchmark.ts';
import { fillUpTo } from './filler.ts';
import { sideBySide } from './timing.ts';

const SIZES = [100, 1_000, 5_000];
const ROUNDS = 15;
/** Required speed relative to ps-list for 5,000 processes. */
const TARGET_FACTOR = 4;
/** Allowed growth of the cost per process, which covers noise. */
const GROWTH_ALLOWED = 1.15;

export const snapshot: Benchmark = {
  title: 'One reading of the process table, within the program',
  async run({ folder, say }) {
    const table = createProcfsTable();
    const request = {
      dataDir: folder,
      recordedPids: new Set<number>(),
      oldestTreeTicks: Number.MAX_SAFE_INTEGER,
      memory: false,
    };
    const rows: string[][] = [];
    const costs: number[] = [];
    for (const size of SIZES) {
      const filler = await fillUpTo(size);
      try {
        say(`snapshot at ${filler.total} processes …`);
        const times = await sideBySide(
          { ours: () => table.snapshot(request), psList: () => psList() },
          { rounds: ROUNDS },
        );
        costs.push((times.ours * 1_000) / filler.total);
        rows.push([
          String(filler.total),
          `${times.ours.toFixed(1)} ms`,
          `${times.psList.toFixed(0)} ms`,
          `${(times.psList / times.ours).toFixed(1)} ×`,
          `${costs.at(-1)!.toFixed(1)} µs`,
        ]);
        if (size === SIZES.at(-1)) {
          const isMet = times.psList >= TARGET_FACTOR * times.ours && costs.at(-1)! <= costs[0]! * GROWTH_ALLOWED;
          rows.at(-1)!.push(`≥ ${TARGET_FACTOR} ×, cost per process does not grow`, verdict(isMet));
        } else rows.at(-1)!.push('', '');
      } finally {
        await filler.end();
      }
    }
    return {
      columns: ['processes', '/proc', 'ps-list', 'faster', 'a process', 'target', ''],
      rows,
      notes: [`Medians of ${ROUNDS} readings, each in turn with the other, in one running process.`],
    };
  },
};
