import type { FastifyInstance } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { Api } from '../api.ts';
import { observationBody, promptBody, sessionBody, sessionParams } from '../request-schemas.ts';
import type { ValibotTypes } from '../validation.ts';

/** 201 is said only once SQLite has it on the disk. */
export function registerSessionRoutes(instance: FastifyInstance, api: Api): void {
  const server = instance.withTypeProvider<ValibotTypes>();

  server.post('/api/sessions', { schema: { body: sessionBody } }, (request, reply) => {
    const { id } = api.store.createSession(request.body);
    api.sessionActive();
    return reply.code(201).send({ id });
  });

  server.post(
    '/api/sessions/:id/observations',
    { schema: { params: sessionParams, body: observationBody } },
    (request, reply) => {
      const { id } = existing(request.params.id, api.store.addObservation(request.params.id, request.body));
      api.observationsAdded();
      return reply.code(201).send({ id });
    },
  );

  server.post(
    '/api/sessions/:id/prompts',
    { schema: { params: sessionParams, body: promptBody } },
    (request, reply) => {
      const id = existing(request.params.id, api.store.addPrompt(request.params.id, request.body.prompt));
      api.sessionActive();
      return reply.code(201).send({ id });
    },
  );

  server.post('/api/sessions/:id/complete', { schema: { params: sessionParams } }, (request) => {
    const { id, completedAt } = existing(request.params.id, api.store.completeSession(request.params.id));
    return { id, completedAt };
  });
}

function existing<Found>(sessionId: number, found: Found | undefined): Found {
  if (found !== undefined) return found;
  throw new ApiError(404, 'not-found', `there is no session ${sessionId}`);
}
