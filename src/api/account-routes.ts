/** /v1/accounts: balances; and on development networks, coins for nothing. */
import { Type } from '@fastify/type-provider-typebox';
import { isAccountId } from '../core/ids.ts';
import type { AccountId } from '../core/ids.ts';
import { ApiError, invalid } from './api-error.ts';
import type { ApiApp, RouteContext } from './context.ts';
import { envelope } from './envelope.ts';
import { accountField, satsField } from './fields.ts';
import { idempotencyHeaders, nameFromKey, runOnce } from './idempotent-route.ts';
import { CHANGING, CHECKED, responses } from './route-schema.ts';

const balancesSchema = Type.Object({
  account: Type.String(),
  availableSats: satsField,
  heldSats: satsField,
  earnedSats: satsField,
});

const tags = ['accounts'];

export function registerAccountRoutes(app: ApiApp, context: RouteContext): void {
  const { engine, clock, config } = context;
  const faucetIsOpen = config.network === 'dev' && config.devFaucetSatsMax > 0;

  app.route({
    method: 'GET',
    url: '/accounts/:account',
    schema: {
      tags,
      summary: 'Read the balances of an account',
      params: Type.Object({ account: accountField }),
      response: responses(200, balancesSchema, CHECKED),
    },
    handler: async (request) => {
      const account = accountOf(request.params.account);
      return envelope({ account, ...(await engine.balances(account)) }, request, clock);
    },
  });

  app.route({
    method: 'POST',
    url: '/dev/accounts',
    schema: {
      tags,
      summary: 'Credit an account from the faucet (development networks only)',
      headers: idempotencyHeaders,
      body: Type.Object(
        {
          account: accountField,
          sats: Type.Integer({ minimum: 1, maximum: Math.max(1, config.devFaucetSatsMax) }),
        },
        { additionalProperties: false },
      ),
      response: responses(201, balancesSchema, [...CHANGING, 'FORBIDDEN']),
    },
    preParsing: async () => {
      if (!faucetIsOpen) throw new ApiError('FORBIDDEN');
    },
    handler: async (request, reply) => {
      const { sats } = request.body;
      const account = accountOf(request.body.account);
      const key = nameFromKey(request, account, sats);
      void reply.code(201);
      // Anybody may call this: keys are the account's own, so that nobody can occupy another's.
      return runOnce(context, { request, reply, scope: account }, async () => {
        const outcome = await engine.fundDevAccount({ account, sats, key });
        if (!outcome.ok) throw new ApiError(outcome.code);
        return { account, ...outcome.balances };
      });
    },
  });
}

function accountOf(text: string): AccountId {
  if (!isAccountId(text)) throw invalid('account', 'is not an account');
  return text;
}
