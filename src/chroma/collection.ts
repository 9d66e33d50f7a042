import { observationIdOf, wellFormed } from './document.ts';
import { ToolError } from './failure.ts';
import type { VectorDocument, VectorMatch, VectorQuery } from './vector-index.ts';

/** Calls a tool of chroma-mcp and returns the text of its result. */
export type CallTool = (tool: string, args: Record<string, unknown>) => Promise<string>;

/** Chroma's error for a collection without documents. */
const NO_COLLECTION = /does not exist|not found/i;

/** Number of documents in the collection; 0 if it does not exist. */
export async function countDocuments(call: CallTool, collection: string): Promise<number> {
  const text = await orIfMissing('0', () => call('chroma_get_collection_count', { collection_name: collection }));
  const count = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(count)) throw new ToolError('chroma_get_collection_count', text);
  return count;
}

/** Which of these ids are in the collection. */
export async function knownIds(
  call: CallTool,
  collection: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const tool = 'chroma_get_documents';
  const args = { collection_name: collection, ids, include: [] };
  const text = await orIfMissing('{"ids":[]}', () => call(tool, args));
  const found = parseObject(tool, text).ids;
  if (!isTexts(found)) throw new ToolError(tool, text);
  return new Set(found);
}

/** Adds documents with new ids. One known id makes chroma-mcp refuse all of them. */
export async function addDocuments(
  call: CallTool,
  collection: string,
  documents: readonly VectorDocument[],
): Promise<void> {
  const text = await call('chroma_add_documents', {
    collection_name: collection,
    ids: documents.map(({ id }) => id),
    documents: documents.map((document) => document.text),
    metadatas: documents.map(({ metadata }) => metadata),
  });
  if (!text.startsWith('Successfully added ')) throw new ToolError('chroma_add_documents', text);
}

/** The documents nearest in meaning, nearest first. */
export async function nearestDocuments(
  call: CallTool,
  collection: string,
  { text: query, limit, project, type }: VectorQuery,
): Promise<readonly VectorMatch[]> {
  const tool = 'chroma_query_documents';
  const text = await orIfMissing('{"ids":[[]],"distances":[[]]}', () =>
    call(tool, {
      collection_name: collection,
      query_texts: [wellFormed(query)],
      n_results: limit,
      include: ['distances'],
      ...whereOf({ project, type }),
    }),
  );
  const { ids, distances } = parseObject(tool, text);
  const [documentIds, far] = [firstList(ids), firstList(distances)];
  if (!isTexts(documentIds) || far?.length !== documentIds.length) throw new ToolError(tool, text);
  return documentIds.flatMap((documentId, index) => {
    const observationId = observationIdOf(documentId);
    return observationId === undefined ? [] : [{ observationId, documentId, distance: Number(far[index]) }];
  });
}

/** Chroma's filter; several conditions need an operator. */
function whereOf(fields: Readonly<Record<string, string | undefined>>) {
  const conditions = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [{ [name]: wellFormed(value) }],
  );
  if (conditions.length === 0) return {};
  return { where: conditions.length === 1 ? conditions[0] : { $and: conditions } };
}

async function orIfMissing(empty: string, ask: () => Promise<string>): Promise<string> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ToolError && NO_COLLECTION.test(error.message)) return empty;
    throw error;
  }
}

function parseObject(tool: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // An error message instead of a result.
  }
  throw new ToolError(tool, text);
}

function firstList(value: unknown): readonly unknown[] | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : undefined;
  return Array.isArray(first) ? (first as unknown[]) : undefined;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
