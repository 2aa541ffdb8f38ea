/** What has to have come true once faults are over: liveness, and the chain against the books. */
import type { MemoryState } from '../../store/memory/state.ts';
import type { SimChain } from '../sim-chain.ts';
import type { Finding } from './books-checker.ts';
import { outputsOf, payeeOf } from './payees.ts';

/** What is still to be done, or undefined when everything is at rest. */
export function unfinished(state: MemoryState): Finding | undefined {
  for (const { terms, finished, phase } of state.rounds.values()) {
    // A store counts a settled round as finished, whether or not it was marked.
    if (!finished && phase !== 'settled')
      return { checker: 'liveness', message: `${terms.roundId} is ${phase} and not finished` };
  }
  for (const holds of state.openHolds.values()) {
    for (const { streamId, sats, roundId } of holds.values()) {
      return { checker: 'liveness', message: `${sats} sats are still held for ${streamId} of ${roundId}` };
    }
  }
  for (const { transaction } of state.transactions.values()) {
    if (transaction.status !== 'mined')
      return { checker: 'liveness', message: `${transaction.txid} is ${transaction.status}` };
  }
  for (const coin of state.coins.values()) {
    if (coin.state === 'reserved' || coin.state === 'pending') {
      return { checker: 'liveness', message: `coin ${coin.txid}:${coin.vout} is still ${coin.state}` };
    }
  }
  return undefined;
}

/** What is carried forward is too little to be paid, by the terms of every round. */
export function checkCarried({ balances, rounds }: MemoryState): Finding | undefined {
  const minSats = Math.max(...[...rounds.values()].map(({ terms }) => terms.payoutMinSats));
  for (const [account, sats] of balances) {
    if (!/^(earned|platform):/.test(account) || sats < minSats) continue;
    return { checker: 'payout', message: `${account} still has ${sats} sats and was not paid` };
  }
  for (const [account, sats] of balances) {
    if (/^(escrow|pool):/.test(account) && sats !== 0)
      return { checker: 'payout', message: `${account} keeps ${sats} sats` };
  }
  return undefined;
}

/** Every sat that left an account of a payee in the books is in an output to that account, once. */
export function checkChain(state: MemoryState, chain: SimChain, treasury: string): Finding | undefined {
  const outputs = new Map<string, number>();
  for (const { transaction } of state.transactions.values()) {
    const onChain = chain.transaction(transaction.txid);
    if (onChain === undefined)
      return { checker: 'chain', message: `${transaction.txid} is not on the network` };
    for (const [account, sats] of outputsOf(transaction.ef, treasury))
      outputs.set(account, (outputs.get(account) ?? 0) + sats);
  }
  const booked = new Map<string, number>();
  for (const { kind, legs } of state.entries) {
    if (kind !== 'payout') continue;
    for (const { account, sats } of legs) {
      const payee = payeeOf(account);
      if (payee !== undefined) booked.set(payee, (booked.get(payee) ?? 0) - sats);
    }
  }
  for (const account of new Set([...outputs.keys(), ...booked.keys()])) {
    const paid = outputs.get(account) ?? 0;
    if (paid !== (booked.get(account) ?? 0)) {
      return {
        checker: 'chain',
        message: `${account} got ${paid} sats on chain, booked are ${booked.get(account) ?? 0}`,
      };
    }
  }
  return undefined;
}
