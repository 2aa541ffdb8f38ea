/**
 * The HTTP API: Fastify on the main thread. It checks, words and limits; what happens is the engine's business
 * (`EngineControl`). Returned ready but not listening, so that the caller chooses address and lifetime.
 */
import { randomUUID } from 'node:crypto';
import { TypeBoxValidatorCompiler, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify from 'fastify';
import type { FastifyRequest } from 'fastify';
import type { AccountId } from '../core/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { EngineControl } from '../ports/engine.ts';
import type { Logger } from '../ports/logger.ts';
import { registerAccountRoutes } from './account-routes.ts';
import { createAdminCheck } from './admin-auth.ts';
import { ApiError } from './api-error.ts';
import type { ApiApp, ApiConfig, RouteContext } from './context.ts';
import { answerFailure } from './failure.ts';
import { IdempotentAnswers } from './idempotency.ts';
import { watchMethods } from './method-not-allowed.ts';
import { registerOpenApi } from './openapi.ts';
import { type Page, registerPage } from './page.ts';
import { registerRoundRoutes } from './round-routes.ts';
import { edgeUrl, registerSecurity } from './security.ts';
import { registerSystemRoutes } from './system-routes.ts';

/** A round with sixteen participants and the longest prize table is below 4 KiB. */
const BODY_BYTES_MAX = 16_384;
const REQUEST_TIMEOUT_MS = 15_000;
const IDEMPOTENCY_ENTRIES_MAX = 10_000;
const IDEMPOTENCY_TTL_MS = 24 * 3_600_000;

export interface ApiOptions {
  readonly engine: EngineControl;
  readonly config: ApiConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What `Authorization: Bearer` has to carry. */
  readonly adminToken: string;
  /** Where the platform's share goes unless a round says otherwise. */
  readonly platformAccount: AccountId;
  /** The port the edge really listens on. */
  readonly edgePort: number;
  /** Null: no page is served. */
  readonly page: Page | null;
}

export async function createApi(options: ApiOptions): Promise<ApiApp> {
  const { engine, config, clock, logger } = options;
  const app = fastify({
    logger: false,
    genReqId: () => randomUUID(),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Only the last entry, which our own proxy wrote: those before it are what the client claims.
    trustProxy: config.trustProxy ? (_address, hop) => hop === 0 : false,
    return503OnClosing: true,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => answerFailure(error, request, reply, { clock, logger }),
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  app.setErrorHandler((error, request, reply) => answerFailure(error, request, reply, { clock, logger }));

  const isAdmin = createAdminCheck(options.adminToken);
  const wsUrl = (request: FastifyRequest): string => edgeUrl(request, config.publicWsUrl, options.edgePort);
  await registerSecurity(app, { config, isAdmin, wsUrl });
  app.addHook('onResponse', async (request, reply) => {
    logger.debug('request', {
      requestId: request.id,
      method: request.method,
      url: request.url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
    });
  });
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, async () => {
    throw new ApiError('NOT_FOUND');
  });
  await registerOpenApi(app);

  const refuseOtherMethods = watchMethods(app);
  const context: RouteContext = {
    engine,
    config,
    clock,
    wsUrl,
    answers: new IdempotentAnswers({
      clock,
      entriesMax: IDEMPOTENCY_ENTRIES_MAX,
      ttlMs: IDEMPOTENCY_TTL_MS,
    }),
    platformAccount: options.platformAccount,
    requireAdmin: async (request) => {
      if (!isAdmin(request.headers.authorization)) throw new ApiError('UNAUTHORIZED');
    },
  };
  await app.register(
    async (v1) => {
      registerSystemRoutes(v1, context);
      registerRoundRoutes(v1, context);
      registerAccountRoutes(v1, context);
    },
    { prefix: '/v1' },
  );
  if (options.page !== null) registerPage(app, options.page);
  refuseOtherMethods();
  await app.ready();
  return app;
}
