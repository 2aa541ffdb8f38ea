/** One round as its actor has it, after each event of its shard: cheap, a few sums over its streams. */
import { LIMITS } from '../../core/limits.ts';
import type { RoundState } from '../../round/state.ts';
import {
  CHAIN_COUNT,
  CLAPS,
  HOLD,
  OPENED_AT,
  PAID,
  TIPS,
  UNITS,
  VIEWER,
  VOTE,
  NOBODY,
  WATCH,
} from '../../round/stream-table.ts';
import { type WordModel, isReachable } from '../word-model.ts';

/** What is wrong, or undefined. */
export function checkRound(
  state: RoundState,
  words: WordModel,
): { readonly checker: string; readonly message: string } | undefined {
  const { streams, totals, terms } = state;
  const sats = terms.participants.map(() => 0);
  const claps = terms.participants.map(() => 0);
  const votes = terms.participants.map(() => 0);
  for (let slot = 0; slot < streams.count; slot++) {
    const problem = checkStream(state, slot, words);
    if (problem !== undefined) return problem;
    for (const target of terms.participants.keys()) {
      const watched = streams.amount(slot, streams.targetColumn(target, false));
      const given = streams.amount(slot, streams.targetColumn(target, true));
      sats[target] = (sats[target] ?? 0) + watched + given;
      claps[target] = (claps[target] ?? 0) + streams.number(slot, CLAPS + target);
    }
    const vote = streams.number(slot, VOTE);
    if (vote !== NOBODY) votes[vote] = (votes[vote] ?? 0) + 1;
  }
  for (const target of terms.participants.keys()) {
    if (totals.sats[target] !== sats[target]) {
      return {
        checker: 'charge',
        message: `participant ${target} has ${totals.sats[target]} sats, its streams ${sats[target]}`,
      };
    }
    if (totals.claps[target] !== claps[target])
      return {
        checker: 'claps',
        message: `participant ${target} has ${totals.claps[target]} claps, its streams ${claps[target]}`,
      };
    const voters = words.voters(terms.roundId, target);
    if ((totals.votes[target] ?? 0) > voters || totals.votes[target] !== votes[target]) {
      return {
        checker: 'votes',
        message: `participant ${target} has ${totals.votes[target]} votes of ${voters} voters`,
      };
    }
  }
  return undefined;
}

/** Charged once for each unit that was revealed, and for nothing else. */
function checkStream(
  state: RoundState,
  slot: number,
  words: WordModel,
): { readonly checker: string; readonly message: string } | undefined {
  const { streams, viewers, terms } = state;
  const streamId = streams.id(slot);
  const model = words.stream(streamId, viewers.account(streams.number(slot, VIEWER)));
  if (model === undefined) return { checker: 'charge', message: `nobody opened ${streamId}` };
  const chains = streams.number(slot, CHAIN_COUNT);
  const tips = Array.from({ length: chains }, (_, chain) => streams.number(slot, TIPS + chain));
  let worthSats = 0;
  for (const [chain, tip] of tips.entries()) {
    worthSats += tip * streams.number(slot, UNITS + chain);
    const revealed = model.chains[chain]?.index ?? 0;
    if (tip > revealed)
      return {
        checker: 'charge',
        message: `${streamId} is at ${tip} of chain ${chain}, revealed were ${revealed}`,
      };
    if (!isReachable(model, chain, tips))
      return { checker: 'gift', message: `${streamId} is at ${tips.join('/')}, which no message leads to` };
  }
  const paidSats = streams.amount(slot, PAID);
  if (paidSats !== worthSats)
    return { checker: 'charge', message: `${streamId} paid ${paidSats} for words worth ${worthSats}` };
  if (paidSats > streams.amount(slot, HOLD))
    return {
      checker: 'hold',
      message: `${streamId} paid ${paidSats}, held are ${streams.amount(slot, HOLD)}`,
    };
  if (streams.amount(slot, WATCH) > paidSats)
    return { checker: 'charge', message: `${streamId} watched for more than it paid` };
  if (streams.amount(slot, WATCH) > watchedSatsMax(state, slot)) {
    return { checker: 'early', message: `${streamId} paid for more seconds than there were` };
  }
  for (const target of terms.participants.keys()) {
    const counted = streams.number(slot, CLAPS + target);
    const claimed = model.claps.get(target) ?? 0;
    if (counted > claimed)
      return {
        checker: 'claps',
        message: `${streamId} has ${counted} claps for ${target}, claimed were ${claimed}`,
      };
  }
  return undefined;
}

/** Whole seconds from opening or start until now or the end, and the grace, at the rate. */
function watchedSatsMax({ facts, terms, streams }: RoundState, slot: number): number {
  const fromMs = Math.max(streams.amount(slot, OPENED_AT), facts.startedAtMs ?? facts.startsAtMs);
  const untilMs = Math.min(facts.nowMs, facts.endedAtMs ?? facts.nowMs);
  const seconds = Math.max(0, Math.floor((untilMs - fromMs) / 1000)) + LIMITS.watchGraceSeconds;
  return seconds * terms.rateSatsPerSecond;
}
