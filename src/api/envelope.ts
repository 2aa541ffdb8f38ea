/**
 * The shape of every JSON answer: `{data, meta}` or `{error: {code, message, details}, meta}`.
 * `meta` says which request it was (also in the header X-Request-Id) and when it was answered.
 */
import { Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import type { Clock } from '../ports/clock.ts';
import type { ApiError, ErrorDetail } from './api-error.ts';

export interface Meta {
  readonly requestId: string;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
}

export interface Envelope<T> {
  readonly data: T;
  readonly meta: Meta;
}

export interface ErrorEnvelope {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details: readonly ErrorDetail[];
  };
  readonly meta: Meta;
}

function metaOf(request: FastifyRequest, clock: Clock): Meta {
  return { requestId: request.id, timestamp: new Date(clock.nowMs()).toISOString() };
}

export function envelope<T>(data: T, request: FastifyRequest, clock: Clock): Envelope<T> {
  return { data, meta: metaOf(request, clock) };
}

export function errorEnvelope(error: ApiError, request: FastifyRequest, clock: Clock): ErrorEnvelope {
  const { code, message, details } = error;
  return { error: { code, message, details }, meta: metaOf(request, clock) };
}

const metaSchema = Type.Object({
  requestId: Type.String(),
  timestamp: Type.String({ description: 'ISO 8601, UTC' }),
});

export function envelopeSchema(data: TSchema): TSchema {
  return Type.Object({ data, meta: metaSchema });
}

const errorSchema = Type.Object({
  error: Type.Object({
    code: Type.String(),
    message: Type.String(),
    details: Type.Array(Type.Object({ field: Type.String(), message: Type.String() })),
  }),
  meta: metaSchema,
});

/** The error answer for OpenAPI, naming the codes a route can give with one status. */
export function errorEnvelopeSchema(codes: readonly string[]): TSchema {
  return { ...errorSchema, description: codes.join(', ') };
}
