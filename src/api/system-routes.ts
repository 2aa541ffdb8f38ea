/** /v1/health and /v1/config: how the engine is, and what a client has to know before it connects. */
import { Type } from '@fastify/type-provider-typebox';
import { LIMITS } from '../core/limits.ts';
import { ApiError } from './api-error.ts';
import type { ApiApp, RouteContext } from './context.ts';
import { envelope } from './envelope.ts';
import { nullable, satsField } from './fields.ts';
import { ROUND_DEFAULTS } from './round-body.ts';
import { responses } from './route-schema.ts';

const int = Type.Integer();

const healthSchema = Type.Object({
  status: Type.String({ enum: ['ok', 'degraded'] }),
  uptimeMs: Type.Number(),
  store: Type.Boolean(),
  chainHeight: int,
  shards: int,
  edges: int,
  connections: int,
  liveRounds: int,
});

const configSchema = Type.Object({
  network: Type.String(),
  wsUrl: Type.String({ description: 'Where this client reaches the WebSocket edge' }),
  faucetSatsMax: nullable(satsField),
  limits: Type.Record(Type.String(), int, { description: 'The rules every client can rely on' }),
  roundDefaults: Type.Object({
    title: Type.String(),
    startsInSeconds: int,
    durationSeconds: int,
    rateSatsPerSecond: int,
    directBps: int,
    prize: Type.Object({ rankBps: Type.Array(int), supporterBps: Type.Array(int), platformBps: int }),
    scoring: Type.Object({ satsWeight: int, voteWeight: int, clapWeight: int }),
    closingSeconds: int,
    payoutMinSats: int,
  }),
});

const tags = ['system'];

export function registerSystemRoutes(app: ApiApp, context: RouteContext): void {
  const { engine, clock, config, wsUrl } = context;

  app.route({
    method: 'GET',
    url: '/health',
    schema: {
      tags,
      summary: 'How the engine is; 503 when its store cannot be used',
      response: responses(200, healthSchema, []),
    },
    handler: async (request) => {
      const health = await engine.health();
      if (!health.store) throw new ApiError('STORE_FAILED');
      return envelope(health, request, clock);
    },
  });

  app.route({
    method: 'GET',
    url: '/config',
    schema: {
      tags,
      summary: 'What a client has to know: network, addresses, limits, defaults',
      response: responses(200, configSchema, []),
    },
    handler: async (request) =>
      envelope(
        {
          network: config.network,
          wsUrl: wsUrl(request),
          faucetSatsMax: config.devFaucetSatsMax > 0 ? config.devFaucetSatsMax : null,
          limits: LIMITS,
          roundDefaults: { ...ROUND_DEFAULTS, payoutMinSats: config.payoutMinSats },
        },
        request,
        clock,
      ),
  });
}
