import { createHash } from 'node:crypto';
import type { Observation } from '../memory/records.ts';

/**
 * Always the same for one observation. Differs for another observation with the same id, as in a database restored from
 * a backup.
 */
export function documentId({ id, externalId }: Pick<Observation, 'id' | 'externalId'>): string {
  return `${id}-${createHash('sha256').update(externalId).digest('hex').slice(0, 16)}`;
}
