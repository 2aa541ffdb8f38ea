/** A settlement or a refund at the moment it is committed. */
import type { JournalEntry } from '../../ledger/journal.ts';
import type { OutboxTransaction, SettlementCommit } from '../../ports/store.ts';
import type { RoundStatement } from '../../round/statement.ts';
import { decodeStatement } from '../../settlement/statement-codec.ts';
import type { Observer } from '../observer.ts';
import type { Finding } from './books-checker.ts';
import { expectedShares } from './division.ts';
import { outputsOf, payeeOf } from './payees.ts';

export function checkSettlement(
  commit: SettlementCommit,
  entry: JournalEntry,
  observer: Observer,
): Finding | undefined {
  const statement = decodeStatement(commit.statement);
  if (statement === undefined)
    return { checker: 'settlement', message: `the statement of ${commit.roundId} cannot be read` };
  return checkStatement(statement, observer) ?? checkEntry(statement, entry);
}

/** Words, charges and promises: no more than was revealed, no less than was acknowledged. */
function checkStatement(statement: RoundStatement, { words, promised }: Observer): Finding | undefined {
  const { roundId } = statement.terms;
  const seen = new Set<string>();
  for (const { signed, tips, paidSats, targets } of statement.streams) {
    const { streamId, payer, chains } = signed.commitment;
    seen.add(streamId);
    const model = words.stream(streamId, payer);
    const worthSats = tips.reduce((sum, { index }, chain) => sum + index * (chains[chain]?.unitSats ?? 0), 0);
    const targetSats = targets.reduce((sum, { watchSats, giftSats }) => sum + watchSats + giftSats, 0);
    if (paidSats !== worthSats || paidSats !== targetSats) {
      return { checker: 'charge', message: `${streamId} settles ${paidSats} for words worth ${worthSats}` };
    }
    for (const [chain, { index }] of tips.entries()) {
      const acknowledged = promised.get(streamId)?.indexes[chain] ?? 0;
      if (index > (model?.chains[chain]?.index ?? 0))
        return { checker: 'charge', message: `${streamId} settles words that were not revealed` };
      if (index < acknowledged)
        return {
          checker: 'ack-survives',
          message: `${streamId} settles ${index} of ${acknowledged} acknowledged words`,
        };
    }
  }
  for (const { streamId, roundId: at, indexes } of promised.values()) {
    if (at === roundId && indexes.some((index) => index > 0) && !seen.has(streamId)) {
      return { checker: 'ack-survives', message: `${streamId} was acknowledged and is not settled` };
    }
  }
  return undefined;
}

/** Design section 4: words accepted = direct + pool, each payee what the terms say, each viewer the rest of its hold. */
function checkEntry(statement: RoundStatement, { legs }: JournalEntry): Finding | undefined {
  const net = new Map<string, bigint>();
  for (const { account, sats } of legs) net.set(account, (net.get(account) ?? 0n) + BigInt(sats));
  for (const [account, sats] of expectedShares(statement)) {
    if ((net.get(account) ?? 0n) !== sats) {
      return {
        checker: 'division',
        message: `${account} gets ${net.get(account) ?? 0n}, by the terms ${sats}`,
      };
    }
    net.delete(account);
  }
  let kept = 0n;
  for (const [account, sats] of net) {
    if (!account.startsWith('user:')) {
      if (sats !== 0n) return { checker: 'division', message: `${account} gets ${sats} and is no payee` };
      continue;
    }
    kept += sats;
  }
  const paid = statement.streams.reduce((sum, { paidSats }) => sum + BigInt(paidSats), 0n);
  return kept === -paid
    ? undefined
    : { checker: 'division', message: `viewers lose ${-kept} for ${paid} sats of words` };
}

/** Every viewer of a cancelled round has everything back. */
export function checkRefund({ id, legs }: JournalEntry): Finding | undefined {
  const net = new Map<string, number>();
  for (const { account, sats } of legs) net.set(account, (net.get(account) ?? 0) + sats);
  for (const [account, sats] of net) {
    const owner = /^user:([0-9a-f]{40}):(available|held)$/.exec(account);
    const other =
      owner === null ? undefined : `user:${owner[1]}:${owner[2] === 'held' ? 'available' : 'held'}`;
    if (other === undefined || net.get(other) !== -sats || (owner?.[2] === 'held' && sats > 0)) {
      return { checker: 'refund', message: `${id} gives ${account} ${sats} sats` };
    }
  }
  return undefined;
}

/** What the books take from payees is what the transaction pays them. */
export function checkPayout(
  { id, legs }: JournalEntry,
  { ef }: OutboxTransaction,
  treasury: string,
): Finding | undefined {
  const unpaid = new Map<string, number>();
  for (const { account, sats } of legs) {
    const payee = payeeOf(account);
    if (payee !== undefined) unpaid.set(payee, (unpaid.get(payee) ?? 0) - sats);
  }
  for (const [account, sats] of outputsOf(ef, treasury))
    unpaid.set(account, (unpaid.get(account) ?? 0) - sats);
  for (const [account, sats] of unpaid) {
    if (sats !== 0)
      return { checker: 'payout', message: `${id} takes ${sats} sats too much from ${account}` };
  }
  return undefined;
}
