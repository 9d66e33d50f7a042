import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import * as z from 'zod';
import { harmlessValue } from '../core/text/harmless-text.ts';
import type { VectorIndex } from '../chroma/vector-index.ts';
import type { Observation } from '../memory/records.ts';
import type { SessionSearch } from '../memory/session-search.ts';
import { hybridSearch } from '../chroma/hybrid-search.ts';

export interface SearchTools {
  readonly vectors: Pick<VectorIndex, 'query'>;
  readonly memory: Pick<SessionSearch, 'search' | 'getObservations' | 'recent'>;
  /** How long to wait for semantic results, in milliseconds. */
  readonly vectorsBudgetMs: number;
  /** Counts running calls. */
  readonly track: <Result>(call: Promise<Result>) => Promise<Result>;
}

const MOST_RESULTS = 50;
const USUAL_RESULTS = 10;
const MOST_IDS = 100;
/** Lists show the start of an observation's text, in characters; `get_observations` returns all of it. */
const SHOWN_TEXT = 600;

const READ_ONLY = { readOnlyHint: true, openWorldHint: false } as const;

const limit = z.int().min(1).max(MOST_RESULTS).default(USUAL_RESULTS).describe('Maximum number of results');
const project = z.string().min(1).optional().describe('Restricts results to this project. Default: all projects');

const listed = {
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
  offerRecent(server, tools);
  return server;
}

function offerSearch(server: McpServer, { vectors, memory, vectorsBudgetMs, track }: SearchTools): void {
  server.registerTool(
    'search',
    {
      title: 'Search the memory',
      description:
        'Finds observations of earlier sessions by meaning and by keyword, best first. `mode` says whether meaning was used ' +
        '(`semantic`) or words alone (`keyword`, with the reason).',
      inputSchema: { query: z.string().min(1).max(20_000).describe('Search text in natural language'), limit, project },
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
      description: 'Returns the full text of observations by id, for example ids from `search`.',
      inputSchema: { ids: z.array(z.int().min(1)).min(1).max(MOST_IDS) },
      outputSchema: {
        observations: z.array(z.object(whole)),
        missing: z.array(z.int()).describe('Ids that do not exist'),
      },
      annotations: READ_ONLY,
    },
    ({ ids }) => {
      const observations = memory.getObservations(ids).map(toListed);
      const found = new Set(observations.map(({ id }) => id));
      return toolResult({ observations, missing: ids.filter((id) => !found.has(id)) });
    },
  );
}

function offerRecent(server: McpServer, { memory }: SearchTools): void {
  server.registerTool(
    'recent',
    {
      title: 'Recent observations',
      description: 'Lists the newest observations, newest first.',
      inputSchema: { project, limit },
      outputSchema: { observations: z.array(z.object({ ...listed, files: whole.files })) },
      annotations: READ_ONLY,
    },
    (request) =>
      toolResult({
        observations: memory.recent(request.project, request.limit).map(toListed).map(shortened),
      }),
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
  return { id, sessionId, type, title, text, files, createdAt };
}
