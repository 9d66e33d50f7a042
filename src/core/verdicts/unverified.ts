import type { Case, JudgementContext } from './judgement-context.ts';
import type { Evidence, Finding } from './verdict.ts';
import { describeOwnerMark, shortId } from '../text/wording.ts';
import { isUnclaimed, provePattern } from './pattern.ts';
import { isReadInPart, partEvidence } from './read-in-part.ts';

/** A possible claude-mem process without proven ownership. The evidence lists the findings; its last item is the missing proof. */
export function unverified(subject: Case, context: JudgementContext): Finding {
  const evidence = [...looksLikeOurs(subject, context), ...whatIsMissing(subject, context)];
  return { verdict: 'unverified', evidence };
}

function looksLikeOurs(subject: Case, context: JudgementContext): readonly Evidence[] {
  const { row } = subject;
  const found: Evidence[] = [];
  if (subject.isChromaHere) found.push({ kind: 'command', detail: 'a chroma-mcp on this data dir' });
  if (typeof row.treeMark === 'string') {
    found.push({ kind: 'marked', detail: `marked as part of tree ${shortId(row.treeMark)}` });
  }
  for (const record of subject.recorded) {
    found.push({
      kind: 'recorded',
      detail: `recorded as ${record.entry.role} of tree ${shortId(record.tree.manifest.treeId)}`,
    });
  }
  const observer = context.others.observers.get(row.pid);
  if (observer !== undefined) found.push({ kind: 'recorded', detail: `recorded as an observer in ${observer.file}` });
  const copy = context.trees.copyWith(row.pid);
  if (copy !== undefined) {
    found.push({
      kind: 'copied-manifest',
      detail: `a manifest of another data dir (${copy.dataDir}) lists its pid`,
    });
  }
  return found;
}

function whatIsMissing(subject: Case, context: JudgementContext): readonly Evidence[] {
  const { row } = subject;
  if (context.snapshot.self.uid !== undefined && row.uid === undefined) return [missing('its user could not be read')];
  if (isReadInPart(row)) return [partEvidence(row)];
  if (context.others.observers.has(row.pid)) return [missing('a process may still hold the other end of its stdin')];
  if (subject.isChromaHere && isUnclaimed(subject, context)) {
    const proof = provePattern(subject, context);
    return 'missing' in proof ? [missing(proof.missing)] : [];
  }
  if (!subject.isRoleProgram && subject.recorded.length === 0) {
    return [missing('its mark may be inherited: it is not a claude-mem program, and no manifest records it')];
  }
  if (subject.ownerPresence === 'gone' || context.trees.isDead(row.treeMark)) {
    return [missing(`its marks may be inherited: it is not re-parented, and its parent pid ${row.ppid} is alive`)];
  }
  if (subject.ownerPresence === 'alive') return [missing(`its owner ${describeOwnerMark(subject.owner)} is alive`)];
  return [missing('it is unknown whether its owner is alive')];
}

function missing(detail: string): Evidence {
  return { kind: 'not-proven', detail };
}
