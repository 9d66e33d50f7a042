import { identityKey } from '../process/descent.ts';
import type { ProcessIndex } from '../process/process-index.ts';
import type { Judgement } from './verdict.ts';

/**
 * The processes of a live claude-mem: recorded roots, managed processes, processes that another live installation records, and the
 * descendants of all these. By identity, with a reason for people.
 */
export function findProtected(
  judgements: readonly Judgement[],
  { index, dataDir }: { readonly index: ProcessIndex; readonly dataDir: string },
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const judgement of judgements) {
    const reason = reasonOf(judgement, dataDir);
    if (reason === undefined) continue;
    found.set(identityKey(judgement.row), reason);
    for (const below of index.descendantsOf(judgement.row.pid)) {
      const key = identityKey(below);
      if (!found.has(key)) found.set(key, `descends from pid ${judgement.row.pid}: ${reason}`);
    }
  }
  return found;
}

function reasonOf({ isManagedRoot, evidence, verdict }: Judgement, dataDir: string): string | undefined {
  if (isManagedRoot) return `root of a tree recorded in ${dataDir}`;
  if (evidence.some(({ kind }) => kind === 'other-installation'))
    return `belongs to another live installation on ${dataDir}`;
  return verdict === 'managed' ? `managed in a live tree of ${dataDir}` : undefined;
}
