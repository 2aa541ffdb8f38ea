/** Idempotency-Key on a route: the header's schema, and the run that answers a repeat with the same data. */
import { createHash } from 'node:crypto';
import { Type } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TUnsafe } from 'typebox';
import { type Envelope, envelope } from './envelope.ts';
import type { RouteContext } from './context.ts';
import { canonicalJson, fingerprintOf } from './idempotency.ts';

export interface IdempotencyHeaders {
  readonly 'idempotency-key': string;
}

export const idempotencyHeaders: TUnsafe<IdempotencyHeaders> = Type.Unsafe<IdempotencyHeaders>(
  Type.Object({
    'idempotency-key': Type.String({
      pattern: '^[\\x21-\\x7e]{8,128}$',
      description: '8 to 128 visible ASCII characters, the same for every attempt at one thing',
    }),
  }),
);

/**
 * `scope` keeps the keys of different callers apart. Data of a repeat is the data of the first answer; `meta` is of this request,
 * and the header Idempotency-Replayed says so.
 */
export async function runOnce<T>(
  context: RouteContext,
  { request, reply, scope }: { request: FastifyRequest; reply: FastifyReply; scope: string },
  execute: () => Promise<T>,
): Promise<Envelope<T>> {
  const { answer, replayed } = await context.answers.run(
    {
      key: `${scope} ${idempotencyKeyOf(request)}`,
      fingerprint: digest(fingerprintOf(request.method, request.url, request.body)),
    },
    execute,
  );
  if (replayed) void reply.header('idempotency-replayed', 'true');
  return envelope(answer, request, context.clock);
}

/** Hex of a digest over a request's key and whatever else makes it the one it is: a name for what it creates. */
export function nameFromKey(request: FastifyRequest, ...parts: readonly (string | number)[]): string {
  return digest(canonicalJson([idempotencyKeyOf(request), ...parts]));
}

function idempotencyKeyOf(request: FastifyRequest): string {
  return String(request.headers['idempotency-key']); // there: the schema requires it
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
