import type { FastifyInstance } from 'fastify';
import type { Api } from '../api.ts';
import { hookEventBody } from '../request-schemas.ts';
import { takeEvent } from '../take-event.ts';
import type { ValibotTypes } from '../validation.ts';

/** Receives events from `claude-mem hook`. Answers 201 once the event is on disk in SQLite. */
export function registerHookRoutes(instance: FastifyInstance, api: Api): void {
  const server = instance.withTypeProvider<ValibotTypes>();

  server.post('/api/hook-events', { schema: { body: hookEventBody } }, async (request, reply) => {
    if (api.isExcluded({ cwd: '', project: request.body.project })) return reply.code(201).send({ stored: false });
    // The hook script may have spooled earlier events of the session.
    await api.spoolStored();
    return reply.code(201).send({ stored: takeEvent(api, request.body).isNew });
  });
}
