import type { FastifyInstance } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { Api } from '../api.ts';
import { redactPosted } from '../redact-posted.ts';
import { observationBody, promptBody, sessionBody, sessionParams } from '../request-schemas.ts';
import type { ValibotTypes } from '../validation.ts';

/** Answers 201 once the record is on disk in SQLite. */
export function registerSessionRoutes(instance: FastifyInstance, api: Api): void {
  const server = instance.withTypeProvider<ValibotTypes>();

  server.post('/api/sessions', { schema: { body: sessionBody } }, async (request, reply) => {
    const { prompt, ...session } = request.body;
    assertStored(api, session.project);
    const texts = prompt === undefined ? {} : await redactPosted({ prompt });
    const { id } = api.store.createSession({ ...session, ...texts });
    api.sessionActive();
    return reply.code(201).send({ id });
  });

  server.post(
    '/api/sessions/:id/observations',
    { schema: { params: sessionParams, body: observationBody } },
    async (request, reply) => {
      const { type, observationId, ...texts } = request.body;
      assertStored(api, api.store.getSession(request.params.id)?.project);
      const observation = { type, observationId, ...(await redactPosted(texts)) };
      const { id } = existing(request.params.id, api.store.addObservation(request.params.id, observation));
      api.observationsAdded();
      return reply.code(201).send({ id });
    },
  );

  server.post(
    '/api/sessions/:id/prompts',
    { schema: { params: sessionParams, body: promptBody } },
    async (request, reply) => {
      assertStored(api, api.store.getSession(request.params.id)?.project);
      const { prompt } = await redactPosted(request.body);
      const id = existing(request.params.id, api.store.addPrompt(request.params.id, prompt));
      api.sessionActive();
      return reply.code(201).send({ id });
    },
  );

  server.post('/api/sessions/:id/complete', { schema: { params: sessionParams } }, (request) => {
    const { id, completedAt } = existing(request.params.id, api.store.completeSession(request.params.id));
    return { id, completedAt };
  });
}

/** A session can be older than the exclusion of its project. */
function assertStored(api: Api, project: string | undefined): void {
  if (project === undefined || !api.isExcluded({ cwd: '', project })) return;
  throw new ApiError(403, 'excluded', `the project "${project}" is excluded by CLAUDE_MEM_EXCLUDED_PROJECTS`);
}

function existing<Found>(sessionId: number, found: Found | undefined): Found {
  if (found !== undefined) return found;
  throw new ApiError(404, 'not-found', `there is no session ${sessionId}`);
}
