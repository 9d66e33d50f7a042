import type { FastifyInstance } from 'fastify';
import { harmlessValue } from '../../core/text/harmless-text.ts';
import type { Api } from '../api.ts';
import { contextQuery } from '../request-schemas.ts';
import type { ValibotTypes } from '../validation.ts';

/**
 * Context from earlier sessions for a new one, newest first. A model reads the text, so it contains nothing hidden and
 * no tags.
 */
export function registerContextRoutes(instance: FastifyInstance, { memory }: Api): void {
  const server = instance.withTypeProvider<ValibotTypes>();

  server.get('/api/context', { schema: { querystring: contextQuery } }, ({ query: { project, limit } }) =>
    harmlessValue({
      project: project ?? null,
      sessions: memory.recentSessions(project, limit).map((session) => ({
        id: session.id,
        sessionId: session.externalId,
        project: session.project,
        createdAt: session.createdAt,
        completedAt: session.completedAt,
        prompts: memory.promptsOf(session.id).map(({ text }) => text),
      })),
      summaries: memory.recentSummaries(project, limit),
      observations: memory.recent(project, limit),
    }),
  );
}
