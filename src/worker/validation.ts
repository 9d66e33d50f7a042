import type { FastifySchemaCompiler, FastifyTypeProvider } from 'fastify';
import * as v from 'valibot';
import { ApiError } from './api-error.ts';

/** Makes Fastify validate requests with valibot schemas and types the handlers. */
export interface ValibotTypes extends FastifyTypeProvider {
  readonly validator: this['schema'] extends v.GenericSchema ? v.InferOutput<this['schema']> : unknown;
}

export const compileSchema: FastifySchemaCompiler<v.GenericSchema> = ({ schema }) => {
  return (data: unknown) => {
    const result = v.safeParse(schema, data ?? undefined, { abortEarly: true });
    if (result.success) return { value: result.output };
    return { error: new ApiError(400, 'bad-request', describe(result.issues[0])) };
  };
};

function describe(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  if (path === null) return `the body ${issue.message}`;
  return issue.received === 'undefined' ? `"${path}" is missing` : `"${path}" ${issue.message}`;
}
