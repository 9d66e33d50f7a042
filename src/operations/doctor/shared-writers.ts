import { vectorWriters } from '../../core/tree/vector-writers.ts';
import { isLeak, type Judgement } from '../../core/verdicts/verdict.ts';
import type { Observation } from '../observe/observe.ts';

/** A Chroma directory that several processes have open, sorted by their verdicts. */
export interface SharedWriters {
  readonly directory: string;
  readonly leaked: readonly Judgement[];
  readonly unverified: readonly Judgement[];
  /** In use, as far as `leaks` can see. */
  readonly live: readonly Judgement[];
}

/** The Chroma directories of the data dir that several processes have open. */
export function sharedWriters({ reading, judgements }: Observation): readonly SharedWriters[] {
  const byPid = new Map(judgements.map((judgement) => [judgement.row.pid, judgement]));
  return vectorWriters(reading.snapshot, reading.dataDir)
    .filter(({ rows }) => rows.length > 1)
    .map(({ directory, rows }) => {
      const judged = rows.flatMap(({ pid }) => byPid.get(pid) ?? []);
      return {
        directory,
        leaked: judged.filter(isLeak),
        unverified: judged.filter(({ verdict }) => verdict === 'unverified'),
        live: judged.filter((judgement) => !isLeak(judgement) && judgement.verdict !== 'unverified'),
      };
    });
}
