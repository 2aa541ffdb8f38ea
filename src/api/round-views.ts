/** What a round looks like in an answer: the engine's own words, with the schemas that document them. */
import { Type } from '@fastify/type-provider-typebox';
import type { TSchema } from 'typebox';
import type { EngineControl, RoundSummary } from '../ports/engine.ts';
import { PHASES, type Phase } from '../round/terms.ts';
import { NETWORKS } from '../voucher/types.ts';
import type { RoundCursor } from './cursor.ts';
import { nullable, satsField } from './fields.ts';

const int = Type.Integer();
const oneOf = (words: readonly string[]): TSchema => Type.String({ enum: [...words] });

export const phaseField: TSchema = oneOf(PHASES);

const termsSchema = Type.Object({
  roundId: Type.String(),
  network: oneOf(NETWORKS),
  title: Type.String(),
  participants: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), account: Type.String() })),
  lobbyAtMs: int,
  startsAtMs: int,
  end: Type.Object(
    { kind: oneOf(['time', 'height']), atMs: Type.Optional(int), height: Type.Optional(int) },
    { description: 'By time (atMs) or by block (height)' },
  ),
  rateSatsPerSecond: int,
  directBps: int,
  prize: Type.Object({
    rankBps: Type.Array(int),
    supporterBps: Type.Array(int),
    platformBps: int,
  }),
  scoring: Type.Object({ satsWeight: int, voteWeight: int, clapWeight: int }),
  overtime: nullable(Type.Object({ windowMs: int, extendMs: int, extensionsMax: int })),
  closingMs: int,
  payoutMinSats: satsField,
  platformAccount: Type.String(),
});

export const roundSchema: TSchema = Type.Object({
  terms: termsSchema,
  createdAtMs: int,
  phase: phaseField,
  endsAtMs: nullable(int),
});

export const roundPageSchema: TSchema = Type.Object({
  rounds: Type.Array(roundSchema),
  nextCursor: nullable(Type.String()),
});

export const resultsSchema: TSchema = Type.Object({
  roundId: Type.String(),
  phase: phaseField,
  result: Type.Object({
    ranking: Type.Array(int, { description: 'Participant indexes, best first' }),
    paidSats: satsField,
    directSats: satsField,
    poolSats: satsField,
    platformSats: satsField,
    participantSats: Type.Array(satsField, { description: 'By participant index' }),
    txids: Type.Array(Type.String()),
    status: oneOf(['planned', 'accepted', 'mined']),
  }),
  minerFeeSats: satsField,
  carriedSats: satsField,
  refundedSats: satsField,
  transactions: Type.Array(
    Type.Object({
      txid: Type.String(),
      status: Type.String(),
      blockHeight: nullable(int),
      feeSats: satsField,
    }),
  ),
});

/** A filter reads at most this many rounds for one page: the page may be short, its cursor goes on. */
const SCANNED_MAX = 1_000;
const SCAN_STEP = 100;

/** One page of rounds, newest first, and where the next one begins (null after the last). */
export async function readRoundPage(
  engine: Pick<EngineControl, 'listRounds'>,
  query: {
    readonly limit: number;
    readonly after: RoundCursor | undefined;
    readonly phase: Phase | undefined;
  },
): Promise<{ readonly rounds: readonly RoundSummary[]; readonly next: RoundCursor | null }> {
  const rounds: RoundSummary[] = [];
  let before = query.after;
  const step = query.phase === undefined ? query.limit + 1 : SCAN_STEP;
  for (let scanned = 0; scanned < SCANNED_MAX; scanned += step) {
    const batch = await engine.listRounds({ limit: step, ...(before === undefined ? {} : { before }) });
    for (const round of batch) {
      if (rounds.length === query.limit) return { rounds, next: before ?? null };
      before = { createdAtMs: round.createdAtMs, roundId: round.terms.roundId };
      if (query.phase === undefined || round.phase === query.phase) rounds.push(round);
    }
    if (batch.length < step) return { rounds, next: null };
  }
  return { rounds, next: before ?? null };
}
