/**
 * The body of POST /v1/rounds: friendly names, seconds and defaults, which become the exact terms of a round.
 * Only who battles has to be said.
 */
import { Type } from '@fastify/type-provider-typebox';
import type { TInteger, TUnsafe } from 'typebox';
import type { AccountId, ParticipantId, RoundId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { BPS_WHOLE } from '../core/sats.ts';
import { ROUND_BOUNDS } from '../round/bounds.ts';
import type { ParticipantTerms, PrizeTable, RoundEnd, RoundTerms, Scoring } from '../round/terms.ts';
import { checkTerms } from '../round/terms-check.ts';
import type { Network } from '../voucher/types.ts';
import { accountOfAddress } from './address.ts';
import { ApiError, invalid } from './api-error.ts';
import { LINE_PATTERN, accountField, roundIdField } from './fields.ts';
import { canonicalJson } from './idempotency.ts';

const PARTICIPANT_ID_CHARS = 24;
const START_AHEAD_SECONDS_MAX = 366 * 86_400;
const DURATION_SECONDS_MAX = ROUND_BOUNDS.durationMsMax / 1_000;
const OVERTIME_SECONDS_MAX = ROUND_BOUNDS.overtimeMsMax / 1_000;

/** What a round gets where its body says nothing. GET /v1/config publishes it. */
export const ROUND_DEFAULTS: {
  readonly title: string;
  readonly startsInSeconds: number;
  readonly durationSeconds: number;
  readonly rateSatsPerSecond: number;
  readonly directBps: number;
  readonly prize: PrizeTable;
  readonly scoring: Scoring;
  readonly closingSeconds: number;
} = {
  title: 'Battle',
  startsInSeconds: 10,
  durationSeconds: 60,
  rateSatsPerSecond: 1,
  directBps: 4_000,
  prize: { rankBps: [6_000, 2_500], supporterBps: [500, 300, 200], platformBps: 500 },
  // A clap is free and comes twelve times a second, so it weighs less than the sat of that second.
  scoring: { satsWeight: 10, voteWeight: 100, clapWeight: 1 },
  closingSeconds: 2,
};

export interface RoundBody {
  readonly id?: string;
  readonly title?: string;
  readonly participants: readonly {
    readonly id?: string;
    readonly name: string;
    readonly account?: string;
    readonly address?: string;
  }[];
  readonly startsInSeconds?: number;
  readonly startsAtMs?: number;
  readonly lobbySeconds?: number;
  readonly durationSeconds?: number;
  readonly endHeight?: number;
  readonly rateSatsPerSecond?: number;
  readonly directBps?: number;
  readonly prize?: PrizeTable;
  readonly scoring?: Scoring;
  readonly overtime?: {
    readonly windowSeconds: number;
    readonly extendSeconds: number;
    readonly extensionsMax: number;
  } | null;
  readonly closingSeconds?: number;
  readonly payoutMinSats?: number;
  readonly platformAccount?: string;
}

const closed = { additionalProperties: false };
const bps = Type.Integer({ minimum: 0, maximum: BPS_WHOLE });
const weight = (maximum: number): TInteger => Type.Integer({ minimum: 0, maximum });

const schema = Type.Object(
  {
    id: Type.Optional(roundIdField),
    title: Type.Optional(
      Type.String({ minLength: 1, maxLength: LIMITS.titleCharsMax, pattern: LINE_PATTERN }),
    ),
    participants: Type.Array(
      Type.Object(
        {
          id: Type.Optional(Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,23}$' })),
          name: Type.String({ minLength: 1, maxLength: LIMITS.nameCharsMax, pattern: LINE_PATTERN }),
          account: Type.Optional(accountField),
          address: Type.Optional(Type.String({ minLength: 26, maxLength: 35 })),
        },
        { ...closed, description: 'Paid to `account` or to the P2PKH `address`' },
      ),
      { minItems: LIMITS.participantsMin, maxItems: LIMITS.participantsMax },
    ),
    startsInSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: START_AHEAD_SECONDS_MAX })),
    startsAtMs: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
    lobbySeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: START_AHEAD_SECONDS_MAX,
        description: 'How long before the start streams can be opened; by default from now on',
      }),
    ),
    durationSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: DURATION_SECONDS_MAX })),
    endHeight: Type.Optional(Type.Integer({ minimum: 1, maximum: ROUND_BOUNDS.heightMax })),
    rateSatsPerSecond: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.rateSatsPerSecondMax })),
    directBps: Type.Optional(Type.Integer({ minimum: 4_000, maximum: 4_500 })),
    prize: Type.Optional(
      Type.Object(
        {
          rankBps: Type.Array(bps, { minItems: 1, maxItems: LIMITS.prizeRanksMax }),
          supporterBps: Type.Array(bps, { maxItems: LIMITS.prizeSupportersMax }),
          platformBps: bps,
        },
        { ...closed, description: `Shares of the pool, together ${BPS_WHOLE}` },
      ),
    ),
    scoring: Type.Optional(
      Type.Object(
        {
          satsWeight: weight(ROUND_BOUNDS.satsWeightMax),
          voteWeight: weight(ROUND_BOUNDS.voteWeightMax),
          clapWeight: weight(ROUND_BOUNDS.clapWeightMax),
        },
        closed,
      ),
    ),
    overtime: Type.Optional(
      Type.Union([
        Type.Null(),
        Type.Object(
          {
            windowSeconds: Type.Integer({ minimum: 1, maximum: OVERTIME_SECONDS_MAX }),
            extendSeconds: Type.Integer({ minimum: 1, maximum: OVERTIME_SECONDS_MAX }),
            extensionsMax: Type.Integer({ minimum: 1, maximum: ROUND_BOUNDS.extensionsMax }),
          },
          closed,
        ),
      ]),
    ),
    closingSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: ROUND_BOUNDS.closingMsMax / 1_000 })),
    payoutMinSats: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    platformAccount: Type.Optional(accountField),
  },
  closed,
);

export const roundBodySchema: TUnsafe<RoundBody> = Type.Unsafe<RoundBody>(schema);

export interface RoundContext {
  readonly network: Network;
  readonly nowMs: number;
  /** Used when the body names none. */
  readonly roundId: RoundId;
  readonly payoutMinSats: number;
  readonly platformAccount: AccountId;
}

/** @throws {ApiError} VALIDATION_FAILED naming the field, for what a schema cannot say. */
export function termsOf(body: RoundBody, context: RoundContext): RoundTerms {
  const startsAtMs = startOf(body, context.nowMs);
  const lobbyAtMs =
    body.lobbySeconds === undefined
      ? Math.min(context.nowMs, startsAtMs)
      : startsAtMs - body.lobbySeconds * 1_000;
  const overtime = body.overtime ?? null;
  const terms: RoundTerms = {
    roundId: (body.id ?? context.roundId) as RoundId,
    network: context.network,
    title: body.title ?? ROUND_DEFAULTS.title,
    participants: participantsOf(body, context.network),
    lobbyAtMs,
    startsAtMs,
    end: endOf(body, startsAtMs),
    rateSatsPerSecond: body.rateSatsPerSecond ?? ROUND_DEFAULTS.rateSatsPerSecond,
    directBps: body.directBps ?? ROUND_DEFAULTS.directBps,
    prize: body.prize ?? ROUND_DEFAULTS.prize,
    scoring: body.scoring ?? ROUND_DEFAULTS.scoring,
    overtime:
      overtime === null
        ? null
        : {
            windowMs: overtime.windowSeconds * 1_000,
            extendMs: overtime.extendSeconds * 1_000,
            extensionsMax: overtime.extensionsMax,
          },
    closingMs: (body.closingSeconds ?? ROUND_DEFAULTS.closingSeconds) * 1_000,
    payoutMinSats: body.payoutMinSats ?? context.payoutMinSats,
    platformAccount: (body.platformAccount ?? context.platformAccount) as AccountId,
  };
  const problems = checkTerms(terms);
  if (problems.length > 0) throw new ApiError('VALIDATION_FAILED', problems);
  return terms;
}

function startOf(body: RoundBody, nowMs: number): number {
  if (body.startsAtMs === undefined) {
    return nowMs + (body.startsInSeconds ?? ROUND_DEFAULTS.startsInSeconds) * 1_000;
  }
  if (body.startsInSeconds !== undefined) throw invalid('startsAtMs', 'excludes startsInSeconds');
  if (body.startsAtMs < nowMs) throw invalid('startsAtMs', 'is in the past');
  if (body.startsAtMs > nowMs + START_AHEAD_SECONDS_MAX * 1_000) {
    throw invalid('startsAtMs', 'is more than a year ahead');
  }
  return body.startsAtMs;
}

function endOf(body: RoundBody, startsAtMs: number): RoundEnd {
  if (body.endHeight === undefined) {
    const durationMs = (body.durationSeconds ?? ROUND_DEFAULTS.durationSeconds) * 1_000;
    return { kind: 'time', atMs: startsAtMs + durationMs };
  }
  if (body.durationSeconds !== undefined) throw invalid('endHeight', 'excludes durationSeconds');
  return { kind: 'height', height: body.endHeight };
}

function participantsOf(body: RoundBody, network: Network): readonly ParticipantTerms[] {
  const taken = new Set(body.participants.map((one) => one.id));
  return body.participants.map((one, index) => {
    const at = `participants[${index}]`;
    const id = one.id ?? freeId(one.name, index, taken);
    taken.add(id);
    if ((one.account === undefined) === (one.address === undefined)) {
      throw invalid(`${at}.account`, 'or address is required, one of them');
    }
    const account = one.account ?? accountOfAddress(one.address ?? '', network);
    if (account === undefined)
      throw invalid(`${at}.address`, `is no P2PKH address of the ${network} network`);
    return { id: id as ParticipantId, name: one.name, account: account as AccountId };
  });
}

/** An id made of the name (`Ada Lovelace` is `ada-lovelace`), or else of the position. */
function freeId(name: string, index: number, taken: ReadonlySet<string | undefined>): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, PARTICIPANT_ID_CHARS)
    .replaceAll(/^-+|-+$/g, '');
  if (slug !== '' && !taken.has(slug)) return slug;
  let number = index + 1;
  while (taken.has(`p${number}`)) number++;
  return `p${number}`;
}

/**
 * Whether a round that exists was made by the same body: times relative to a moment differ, so lengths are
 * compared instead; a start that was given absolutely has to be the same.
 */
export function sameTerms(existing: RoundTerms, wanted: RoundTerms, body: RoundBody): boolean {
  const shape = (terms: RoundTerms): string => {
    const { lobbyAtMs, startsAtMs, end, ...rest } = terms;
    return canonicalJson([
      rest,
      body.startsAtMs === undefined ? null : startsAtMs,
      body.lobbySeconds === undefined ? null : startsAtMs - lobbyAtMs,
      end.kind === 'time' ? end.atMs - startsAtMs : end.height,
    ]);
  };
  return shape(existing) === shape(wanted);
}
