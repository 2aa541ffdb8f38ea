/** What a word costs on the ledger itself: steps of a round with one word of each stream, and nothing around them. */
import { assert } from '../../src/core/assert.ts';
import type { RoundEffect } from '../../src/round/effects.ts';
import type { RoundInput } from '../../src/round/inputs.ts';
import { PAYMENT_ROW_BYTES, PURPOSE_WATCH, PaymentBatchWriter } from '../../src/round/payment-batch.ts';
import { restoreRound } from '../../src/round/restore.ts';
import type { RoundState } from '../../src/round/state.ts';
import { step } from '../../src/round/step.ts';
import { EDGE, PARTICIPANTS, hopOpen, hopTerms } from './hop-round.ts';

const INDEX_AT = 4;
const OPENS_AT_ONCE = 2_000;
const SAVE_MS = 25;

/** Nanoseconds a word. The steps before the measured ones warm the code up. */
export function applyNs(size: {
  readonly streams: number;
  readonly warmUpPayments: number;
  readonly payments: number;
}): number {
  const { state, nowMs } = openRound(size.streams);
  const batch = wordOfEach(size.streams);
  const rows = new DataView(batch.buffer);
  let index = 0;
  const apply = (payments: number): number => {
    const steps = Math.ceil(payments / size.streams);
    let spentMs = 0;
    for (let no = 0; no < steps; no++) {
      index++;
      for (let at = 0; at < batch.length; at += PAYMENT_ROW_BYTES) rows.setUint32(at + INDEX_AT, index, true);
      const startedMs = performance.now();
      const effects = step(state, nowMs, [{ kind: 'payments', edge: EDGE, batch }]);
      spentMs += performance.now() - startedMs;
      assert(!effects.some(({ kind }) => kind === 'refused'), 'every word counts');
    }
    return (spentMs * 1e6) / (steps * size.streams);
  };
  apply(size.warmUpPayments);
  const ns = apply(size.payments);
  const paidSats = state.totals.sats.reduce((sum, sats) => sum + sats, 0);
  assert(paidSats === index * size.streams, 'every word is on the ledger');
  return ns;
}

/** Live, with every stream open and an hour of words to take. The last save has no answer, so no other is begun. */
function openRound(streams: number): { readonly state: RoundState; readonly nowMs: number } {
  let nowMs = Date.now();
  const terms = hopTerms(nowMs);
  const state = restoreRound({ terms, epoch: 1, snapshot: null, segments: [] });
  for (let from = 0; from < streams; from += OPENS_AT_ONCE) {
    const upTo = Math.min(streams, from + OPENS_AT_ONCE);
    let inbox: RoundInput[] = [];
    for (let no = from; no < upTo; no++) inbox.push(hopOpen(terms, no));
    while (inbox.length > 0) {
      nowMs += SAVE_MS;
      inbox = answers(step(state, nowMs, inbox));
    }
  }
  nowMs += 3_600_000;
  step(state, nowMs, [{ kind: 'tick' }]);
  return { state, nowMs };
}

function answers(effects: readonly RoundEffect[]): RoundInput[] {
  return effects.flatMap((effect): RoundInput[] => {
    if (effect.kind === 'hold') return [{ kind: 'held', streamId: effect.streamId, outcome: { ok: true } }];
    const isSave = effect.kind === 'appendSegment' || effect.kind === 'saveSnapshot';
    return isSave ? [{ kind: 'saved', seq: effect.seq }] : [];
  });
}

function wordOfEach(streams: number): Uint8Array {
  const writer = new PaymentBatchWriter();
  for (let slot = 0; slot < streams; slot++) {
    writer.add({
      slot,
      index: 0,
      chain: 0,
      purpose: PURPOSE_WATCH,
      target: slot % PARTICIPANTS,
      flags: 0,
      conn: slot + 1,
      word: new Uint8Array(32),
    });
  }
  return writer.take();
}
