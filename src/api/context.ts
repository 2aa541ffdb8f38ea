/** What the routes are given. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { AccountId } from '../core/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { EngineControl } from '../ports/engine.ts';
import type { Config } from '../settings.ts';
import type { IdempotentAnswers } from './idempotency.ts';

export type ApiApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** The settings the API reads. */
export type ApiConfig = Pick<
  Config,
  | 'network'
  | 'publicWsUrl'
  | 'corsOrigins'
  | 'trustProxy'
  | 'payoutMinSats'
  | 'devFaucetSatsMax'
  | 'apiReadsPerMinute'
  | 'apiWritesPerMinute'
>;

export interface RouteContext {
  readonly engine: EngineControl;
  readonly config: ApiConfig;
  readonly clock: Clock;
  readonly answers: IdempotentAnswers;
  /** Where the platform's share of new rounds goes. */
  readonly platformAccount: AccountId;
  /** preParsing hook of routes that need the admin token: behind the rate limit, before the body is read. */
  readonly requireAdmin: (request: FastifyRequest) => Promise<void>;
  /** Where the sender of this request reaches the edge. */
  readonly wsUrl: (request: FastifyRequest) => string;
}
