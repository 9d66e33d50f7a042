import type { FastifyInstance } from 'fastify';
import type { Api } from '../api.ts';

export function registerHealthRoutes(server: FastifyInstance, api: Api): void {
  server.get('/health', { config: { isOpen: true } }, () => api.identity);
  server.get('/ready', () => ({ ready: true, ...api.identity, ...api.readiness() }));
  server.get('/api/processes', () => ({ processes: api.processes() }));
  server.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await api.metrics();
    return reply.type(contentType).send(text);
  });
}
