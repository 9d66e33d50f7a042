import { setImmediate as nextTurn } from 'node:timers/promises';
import { redactText } from '../operations/redact/redact-secrets.ts';
import { withoutPrivateParts } from '../operations/redact/secrets/private-parts.ts';

/** Characters per piece. Redacting a piece takes 10 to 40 ms. */
const PIECE = 16_384;

/**
 * Removes private parts and secrets from posted texts. The worker answers other requests between two pieces of a long
 * text. A piece never ends inside a line, word, or key, unless that is longer than half a piece.
 */
export async function redactPosted<Posted extends Readonly<Record<string, unknown>>>(posted: Posted): Promise<Posted> {
  const redacted: [string, unknown][] = [];
  for (const [name, value] of Object.entries(withoutPrivateParts(posted)))
    redacted.push([name, await redactField(value)]);
  return Object.fromEntries(redacted) as Posted;
}

async function redactField(value: unknown): Promise<unknown> {
  if (typeof value === 'string') return redactInPieces(value);
  if (!Array.isArray(value)) return value;
  const items: unknown[] = [];
  for (const item of value) items.push(await redactField(item));
  return items;
}

async function redactInPieces(text: string): Promise<string> {
  let redacted = '';
  for (let start = 0; start < text.length;) {
    if (start > 0) await nextTurn();
    const end = endOfPiece(text, start);
    redacted += redactText(text.slice(start, end));
    start = end;
  }
  return redacted;
}

function endOfPiece(text: string, start: number): number {
  if (text.length - start <= PIECE) return text.length;
  const piece = text.slice(start, start + PIECE);
  const least = PIECE / 2;
  const key = piece.lastIndexOf('-----BEGIN ');
  if (key >= least && piece.lastIndexOf('-----END ') < key) return start + key;
  for (const mark of ['\n', ' ', '\\n', ',', '&'])
    if (piece.lastIndexOf(mark) >= least) return start + piece.lastIndexOf(mark) + mark.length;
  return start + PIECE;
}
