import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import * as z from 'zod';
import { parseMoment } from '../core/memory/moment.ts';
import { harmlessValue } from '../core/text/harmless-text.ts';
import type { VectorIndex } from '../chroma/vector-index.ts';
import type { Observation } from '../memory/records.ts';
import type { SessionSearch } from '../memory/session-search.ts';
import { hybridSearch } from '../chroma/hybrid-search.ts';

export interface SearchTools {
  readonly vectors: Pick<VectorIndex, 'query'>;
  readonly memory: Pick<SessionSearch, 'search' | 'getObservations' | 'getRecords' | 'newest' | 'timeline'>;
  /** How long to wait for semantic results, in milliseconds. */
  readonly vectorsBudgetMs: number;
  /** Counts running calls. */
  readonly track: <Result>(call: Promise<Result>) => Promise<Result>;
}

const MOST_RESULTS = 50;
const USUAL_RESULTS = 10;
const MOST_IDS = 100;
const MOST_AROUND = 50;
const USUAL_AROUND = 5;
/** Lists show the start of an observation's text, in characters; `get_observations` returns all of it. */
const SHOWN_TEXT = 600;

const READ_ONLY = { readOnlyHint: true, openWorldHint: false } as const;

const limit = z.int().min(1).max(MOST_RESULTS).default(USUAL_RESULTS).describe('Maximum number of results');
const project = z.string().min(1).optional().describe('Restricts results to this project. Default: all projects');

const moment = z
  .string()
  .refine((text) => parseMoment(text) !== undefined, 'must be a day such as 2026-11-25 or a time in ISO 8601')
  .transform((text) => parseMoment(text))
  .optional();
const filter = {
  project,
  type: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Restricts results to this type: answer, change, commit, test, command, read, research, task, tool, prompt or summary',
    ),
  after: moment.describe('Restricts results to this day or time (ISO 8601, UTC) and later ones'),
  before: moment.describe('Restricts results to times before this day or time'),
};
const kind = z.enum(['observation', 'prompt', 'summary']);

const listed = {
  kind: kind.describe('Ids of different kinds may be equal'),
  id: z.int(),
  sessionId: z.int(),
  type: z.string(),
  title: z.string(),
  text: z.string().describe(`The first ${SHOWN_TEXT} characters`),
  createdAt: z.string().describe('ISO 8601'),
};
const whole = { ...listed, text: z.string(), files: z.array(z.string()) };

/** The tools for one memory. Each call sees everything stored before it. */
export function createMcpServer(tools: SearchTools, version: string): McpServer {
  const server = new McpServer({ name: 'claude-mem', version });
  offerSearch(server, tools);
  offerObservations(server, tools);
  offerTimeline(server, tools);
  offerRecent(server, tools);
  return server;
}

function offerSearch(server: McpServer, { vectors, memory, vectorsBudgetMs, track }: SearchTools): void {
  server.registerTool(
    'search',
    {
      title: 'Search the memory',
      description:
        'Finds observations of earlier sessions by meaning and by keyword, and prompts and summaries of sessions by keyword, best ' +
        'first. `mode` says whether meaning was used (`semantic`) or words alone (`keyword`, with the reason).',
      inputSchema: {
        query: z.string().min(1).max(20_000).describe('Search text in natural language'),
        limit,
        ...filter,
      },
      outputSchema: {
        mode: z.enum(['semantic', 'keyword']),
        reason: z.string().optional().describe('Why semantic search was not used'),
        results: z.array(
          z.object({ ...listed, score: z.number().describe('0 to 1, higher is better, comparable between answers') }),
        ),
      },
      annotations: READ_ONLY,
    },
    async (request) => {
      const answer = await track(hybridSearch(request, { vectors, memory }, vectorsBudgetMs));
      return toolResult({ ...answer, results: answer.results.map(shortened) });
    },
  );
}

function offerObservations(server: McpServer, { memory }: SearchTools): void {
  server.registerTool(
    'get_observations',
    {
      title: 'Read observations',
      description: 'Returns the full text of observations, prompts or summaries by id, for example ids from `search`.',
      inputSchema: {
        ids: z.array(z.int().min(1)).min(1).max(MOST_IDS),
        kind: kind.default('observation').describe('The kind of all these ids'),
      },
      outputSchema: {
        observations: z.array(z.object(whole)),
        missing: z.array(z.int()).describe('Ids that do not exist'),
      },
      annotations: READ_ONLY,
    },
    ({ ids, kind: wanted }) => {
      const observations = memory.getRecords(wanted, ids);
      const found = new Set(observations.map(({ id }) => id));
      return toolResult({ observations, missing: ids.filter((id) => !found.has(id)) });
    },
  );
}

function offerTimeline(server: McpServer, { memory }: SearchTools): void {
  const around = z.int().min(0).max(MOST_AROUND).default(USUAL_AROUND);
  server.registerTool(
    'timeline',
    {
      title: 'Timeline around a result',
      description:
        'Lists the observations, prompts and summaries of the same project before and after one of them, oldest first: the ' +
        'circumstances of a result of `search`. `found` is false if there is no such record.',
      inputSchema: {
        id: z.int().min(1).describe('An id, for example of a result of `search`'),
        kind: kind.default('observation').describe('The kind of this id'),
        before: around.describe('Maximum number of records before it'),
        after: around.describe('Maximum number of records after it'),
      },
      outputSchema: {
        found: z.boolean(),
        project: z.string().optional(),
        records: z.array(
          z.object({ ...listed, isAnchor: z.boolean().describe('True for the record that was asked for') }),
        ),
      },
      annotations: READ_ONLY,
    },
    (request) => {
      const timeline = memory.timeline(request);
      if (timeline === undefined) return toolResult({ found: false, records: [] });
      const { project: name, before, anchor, after } = timeline;
      const records = [...before, anchor, ...after].map((record) => ({
        ...shortened(record),
        isAnchor: record === anchor,
      }));
      return toolResult({ found: true, project: name, records });
    },
  );
}

function offerRecent(server: McpServer, { memory }: SearchTools): void {
  server.registerTool(
    'recent',
    {
      title: 'Recent observations',
      description: 'Lists the newest observations, newest first.',
      inputSchema: { ...filter, limit },
      outputSchema: { observations: z.array(z.object({ ...listed, files: whole.files })) },
      annotations: READ_ONLY,
    },
    ({ limit: most, ...wanted }) =>
      toolResult({ observations: memory.newest(wanted, most).map(toListed).map(shortened) }),
  );
}

/** Structured for clients that know output schemas, and as text for all others. A model reads both. */
function toolResult(content: Record<string, unknown>) {
  const structuredContent = harmlessValue(content);
  return { structuredContent, content: [{ type: 'text' as const, text: JSON.stringify(structuredContent) }] };
}

function shortened<Item extends { readonly text: string }>(item: Item): Item {
  return item.text.length <= SHOWN_TEXT ? item : { ...item, text: `${item.text.slice(0, SHOWN_TEXT - 1)}…` };
}

function toListed({ id, sessionId, type, title, text, files, createdAt }: Observation) {
  return { kind: 'observation' as const, id, sessionId, type, title, text, files, createdAt };
}
