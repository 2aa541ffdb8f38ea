/** /v1/rounds: everybody may read; the admin token creates, starts and cancels. */
import { Type } from '@fastify/type-provider-typebox';
import { isRoundId } from '../core/ids.ts';
import type { RoundId } from '../core/ids.ts';
import type { RoundSummary } from '../ports/engine.ts';
import { PHASES, type Phase } from '../round/terms.ts';
import { ApiError, invalid } from './api-error.ts';
import type { ApiApp, RouteContext } from './context.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { envelope } from './envelope.ts';
import { roundIdField } from './fields.ts';
import { idempotencyHeaders, nameFromKey, runOnce } from './idempotent-route.ts';
import { type RoundBody, roundBodySchema, sameTerms, termsOf } from './round-body.ts';
import { readRoundPage, resultsSchema, roundPageSchema, roundSchema } from './round-views.ts';
import { CHANGING, CHECKED, failures, responses } from './route-schema.ts';

const NO_RESULTS = [...CHECKED, 'ROUND_NOT_FOUND', 'RESULTS_NOT_READY', 'ROUND_CANCELLED'] as const;

const roundParams = Type.Object({ roundId: roundIdField });
const listQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.String({ pattern: '^([1-9][0-9]?|100)$', description: '1 to 100, 20 if absent' }),
    ),
    cursor: Type.Optional(Type.String({ maxLength: 128, description: '`nextCursor` of the page before' })),
    phase: Type.Optional(Type.Unsafe<Phase>(Type.String({ enum: [...PHASES] }))),
  },
  { additionalProperties: false },
);
const cancelBody = Type.Object(
  { reason: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })) },
  { additionalProperties: false },
);
const startBody = Type.Object({}, { additionalProperties: false });

/** The file as it is, not in an envelope: docs/RECEIPT.md describes it. */
const fileSchema = Type.Unsafe<Buffer>({});

const admin = [{ adminToken: [] }];
const tags = ['rounds'];

export function registerRoundRoutes(app: ApiApp, context: RouteContext): void {
  const { engine, clock, requireAdmin } = context;

  app.route({
    method: 'GET',
    url: '/rounds',
    schema: {
      tags,
      summary: 'List rounds, newest first',
      querystring: listQuery,
      response: responses(200, roundPageSchema, CHECKED),
    },
    handler: async (request) => {
      const { limit, cursor, phase } = request.query;
      const after = cursor === undefined ? undefined : decodeCursor(cursor);
      if (cursor !== undefined && after === undefined) {
        throw invalid('cursor', 'is not one that this list has given');
      }
      const page = await readRoundPage(engine, { limit: Number(limit ?? 20), after, phase });
      const nextCursor = page.next === null ? null : encodeCursor(page.next);
      return envelope({ rounds: page.rounds, nextCursor }, request, clock);
    },
  });

  app.route({
    method: 'GET',
    url: '/rounds/:roundId',
    schema: {
      tags,
      summary: 'Read a round',
      params: roundParams,
      response: responses(200, roundSchema, [...CHECKED, 'ROUND_NOT_FOUND']),
    },
    handler: async (request) => {
      const round = await engine.readRound(idOf(request.params.roundId));
      if (round === undefined) throw new ApiError('ROUND_NOT_FOUND');
      return envelope(round, request, clock);
    },
  });

  app.route({
    method: 'GET',
    url: '/rounds/:roundId/results',
    schema: {
      tags,
      summary: 'Read how a round ended and what was paid',
      params: roundParams,
      response: responses(200, resultsSchema, NO_RESULTS),
    },
    handler: async (request) => {
      const outcome = await engine.results(idOf(request.params.roundId));
      if (!outcome.ok) throw new ApiError(outcome.code);
      return envelope(outcome.results, request, clock);
    },
  });

  app.route({
    method: 'GET',
    url: '/rounds/:roundId/receipt',
    schema: {
      tags,
      summary: 'Download the receipt: all that is needed to check the settlement',
      params: roundParams,
      response: {
        200: {
          description: 'The receipt file',
          content: { 'application/json': { schema: fileSchema } },
        },
        ...failures(NO_RESULTS),
      },
    },
    handler: async (request, reply) => {
      const roundId = idOf(request.params.roundId);
      const outcome = await engine.receipt(roundId);
      if (!outcome.ok) throw new ApiError(outcome.code);
      return reply
        .type('application/json')
        .header('content-disposition', `attachment; filename="${roundId}-receipt.json"`)
        .header('cache-control', 'no-cache')
        .send(Buffer.from(outcome.bytes));
    },
  });

  app.route({
    method: 'POST',
    url: '/rounds',
    preParsing: requireAdmin,
    schema: {
      tags,
      summary: 'Create a round',
      security: admin,
      headers: idempotencyHeaders,
      body: roundBodySchema,
      response: responses(201, roundSchema, [...CHANGING, 'UNAUTHORIZED', 'ROUND_EXISTS']),
    },
    handler: async (request, reply) => {
      void reply.code(201);
      const roundId = `r-${nameFromKey(request).slice(0, 20)}` as RoundId;
      return runOnce(context, { request, reply, scope: 'admin' }, () =>
        createRound(context, request.body, roundId),
      );
    },
  });

  app.route({
    method: 'POST',
    url: '/rounds/:roundId/start',
    preParsing: requireAdmin,
    preValidation: emptyBodyIsAnObject,
    schema: {
      tags,
      summary: 'Start a scheduled or lobby round now',
      security: admin,
      headers: idempotencyHeaders,
      params: roundParams,
      body: startBody,
      response: responses(200, roundSchema, [
        ...CHANGING,
        'UNAUTHORIZED',
        'ROUND_NOT_FOUND',
        'ALREADY_STARTED',
      ]),
    },
    handler: async (request, reply) =>
      runOnce(context, { request, reply, scope: 'admin' }, async () => {
        const outcome = await engine.startRound(idOf(request.params.roundId));
        if (!outcome.ok) throw new ApiError(outcome.code);
        return outcome.round;
      }),
  });

  app.route({
    method: 'POST',
    url: '/rounds/:roundId/cancel',
    preParsing: requireAdmin,
    preValidation: emptyBodyIsAnObject,
    schema: {
      tags,
      summary: 'Cancel a round and refund everybody',
      security: admin,
      headers: idempotencyHeaders,
      params: roundParams,
      body: cancelBody,
      response: responses(200, roundSchema, [
        ...CHANGING,
        'UNAUTHORIZED',
        'ROUND_NOT_FOUND',
        'NOT_CANCELLABLE',
      ]),
    },
    handler: async (request, reply) =>
      runOnce(context, { request, reply, scope: 'admin' }, () =>
        cancelRound(
          context,
          idOf(request.params.roundId),
          request.body.reason ?? 'cancelled by the operator',
        ),
      ),
  });
}

async function createRound(
  { engine, config, clock, platformAccount }: RouteContext,
  body: RoundBody,
  roundId: RoundId,
): Promise<RoundSummary> {
  const terms = termsOf(body, {
    network: config.network,
    nowMs: clock.nowMs(),
    roundId,
    payoutMinSats: config.payoutMinSats,
    platformAccount,
  });
  const outcome = await engine.createRound(terms);
  if (outcome.ok) return outcome.round;
  // A round named by this key was made by an attempt whose answer is forgotten: the same answer again.
  const existing = body.id === undefined ? await engine.readRound(roundId) : undefined;
  if (outcome.code !== 'ROUND_EXISTS' || existing === undefined) throw new ApiError(outcome.code);
  if (!sameTerms(existing.terms, terms, body)) throw new ApiError('IDEMPOTENCY_MISMATCH');
  return existing;
}

async function cancelRound(
  { engine }: RouteContext,
  roundId: RoundId,
  reason: string,
): Promise<RoundSummary> {
  const outcome = await engine.cancelRound(roundId, reason);
  if (outcome.ok) return outcome.round;
  const round = outcome.code === 'NOT_CANCELLABLE' ? await engine.readRound(roundId) : undefined;
  if (round?.phase === 'cancelled') return round; // what was asked for is so
  throw new ApiError(outcome.code);
}

/** Routes whose body is optional: no body is an empty one. */
async function emptyBodyIsAnObject(request: { body: unknown }): Promise<void> {
  if (request.body === undefined) request.body = {};
}

function idOf(text: string): RoundId {
  if (!isRoundId(text)) throw invalid('roundId', 'is not an id of a round');
  return text;
}
