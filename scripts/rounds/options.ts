import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

export const HELP = `Usage: npm run rounds -- [options]

  --seed <text>    decides the plan of every round (default: today)
  --rounds <n>     how many rounds (default 60)
  --only <n>       this round alone
  --from <n>       the first round (default 1)
  --jobs <n>       how many at a time (default: one a core)
  --no-chroma      never the real Chroma; the stand-in takes its place
  --keep           keep the folder of every round in .cache/rounds, not only of those that fail
  --stop-early     no further round after the first that fails
  --minutes <n>    begin no further round after so many minutes
  --record         append the result to the table in docs/rounds.md
  --plan           print the plans and play nothing
  --help           this text`;

export interface Options {
  readonly seed: string;
  readonly numbers: readonly number[];
  readonly jobs: number;
  readonly usesChroma: boolean;
  readonly keeps: boolean;
  readonly stopsEarly: boolean;
  readonly withinMs: number;
  readonly records: boolean;
  readonly printsPlan: boolean;
}

/** @throws Error naming the invalid option; undefined for `--help`. */
export function parseOptions(argv: readonly string[], today: string): Options | undefined {
  const { values } = parseArgs({
    args: [...argv],
    allowNegative: true,
    options: {
      seed: { type: 'string', default: today },
      rounds: { type: 'string', default: '60' },
      only: { type: 'string' },
      from: { type: 'string', default: '1' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      chroma: { type: 'boolean', default: true },
      keep: { type: 'boolean', default: false },
      'stop-early': { type: 'boolean', default: false },
      minutes: { type: 'string' },
      record: { type: 'boolean', default: false },
      plan: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const first = whole('--from', values.from);
  const count = whole('--rounds', values.rounds);
  const numbers = Array.from({ length: count }, (_, index) => first + index);
  return {
    seed: values.seed,
    numbers: values.only === undefined ? numbers : [whole('--only', values.only)],
    jobs: whole('--jobs', values.jobs),
    usesChroma: values.chroma,
    keeps: values.keep,
    stopsEarly: values['stop-early'],
    withinMs: values.minutes === undefined ? Number.POSITIVE_INFINITY : whole('--minutes', values.minutes) * 60_000,
    records: values.record,
    printsPlan: values.plan,
  };
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} must be a whole number from 1, not "${text}"`);
  return value;
}
