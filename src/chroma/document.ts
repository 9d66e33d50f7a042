import { createHash } from 'node:crypto';
import type { Observation } from '../memory/records.ts';
import type { VectorDocument, VectorMatch } from './vector-index.ts';

/** The model reads the first 256 tokens; more would only cost time and space. In characters, enough for any language's. */
const LONGEST_TEXT = 4_000;

/** Whose vectors these are: another database, another collection. Chroma allows 3 to 512 letters, digits, `.`, `_` and `-`. */
export function collectionName(databaseId: string): string {
  const name = databaseId.replace(/[^a-zA-Z0-9-]/g, '-').slice(0, 100);
  return `claude-mem-${name}-v1`;
}

/**
 * The same for the same observation, always; another one for another observation under the same id, as a database restored from a
 * backup gives them out.
 */
export function documentId({ id, externalId }: Pick<Observation, 'id' | 'externalId'>): string {
  return `${id}-${createHash('sha256').update(externalId).digest('hex').slice(0, 16)}`;
}

/** The id of the observation a document stands for; undefined for a document that is none of ours. */
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

/** Half a surrogate pair is no text to Python, and one such document would refuse its whole batch. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}

/** Matches whose document is of the very observation found under that id, with it, in the order of the matches. */
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
