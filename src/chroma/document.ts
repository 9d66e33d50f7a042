import type { Observation } from '../memory/records.ts';
import type { VectorDocument, VectorMatch } from './vector-index.ts';
import { documentId } from './document-id.ts';

/** The model reads only the first 256 tokens. This many characters cover them in any language. */
const LONGEST_TEXT = 4_000;

/** One collection per database. Chroma allows 3 to 512 letters, digits, `.`, `_` and `-`. */
export function collectionName(databaseId: string): string {
  const name = databaseId.replace(/[^a-zA-Z0-9-]/g, '-').slice(0, 100);
  return `claude-mem-${name}-v1`;
}

/** The observation id of a document; undefined if claude-mem did not create the document. */
export function observationIdOf(id: string): number | undefined {
  const digits = /^([1-9]\d{0,15})-[0-9a-f]{16}$/.exec(id)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export function toDocument(observation: Observation, project: string): VectorDocument {
  const { title, text, type, createdAt } = observation;
  const whole = [title, text].filter((part) => part.trim() !== '').join('\n');
  const readable = wellFormed(whole.slice(0, LONGEST_TEXT)).replaceAll('\0', ' ');
  return {
    id: documentId(observation),
    text: readable === '' ? wellFormed(type) : readable,
    metadata: { project: wellFormed(project), type: wellFormed(type), createdAt },
  };
}

/** Replaces half surrogate pairs: Python rejects them, and one such document would fail its whole batch. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}

/** Pairs each match with its observation, in the order of the matches. Drops matches whose observation was replaced. */
export function matchObservations<Found extends Pick<Observation, 'id' | 'externalId'>>(
  matches: readonly VectorMatch[],
  observations: readonly Found[],
): readonly { readonly match: VectorMatch; readonly observation: Found }[] {
  const byDocument = new Map(observations.map((observation) => [documentId(observation), observation]));
  return matches.flatMap((match) => {
    const observation = byDocument.get(match.documentId);
    return observation === undefined ? [] : [{ match, observation }];
  });
}
