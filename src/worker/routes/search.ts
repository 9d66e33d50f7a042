import type { FastifyInstance } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { Api } from '../api.ts';
import { searchQuery, vectorsBody } from '../request-schemas.ts';
import type { ValibotTypes } from '../validation.ts';

export function registerSearchRoutes(instance: FastifyInstance, api: Api): void {
  const server = instance.withTypeProvider<ValibotTypes>();

  server.get('/api/search', { schema: { querystring: searchQuery } }, ({ query: { q, ...rest } }) =>
    api.search({ query: q, ...rest }),
  );

  server.post('/api/vectors/query', { schema: { body: vectorsBody } }, async ({ body }) => {
    const answer = await api.queryVectors(body);
    if (answer.available) return { matches: answer.matches };
    throw new ApiError(503, 'vectors-unavailable', answer.reason);
  });
}
