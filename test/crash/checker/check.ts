/**
 * The independent checker: judges a run by its evidence. It shares no code with the engine: receipts, words, shares and
 * transactions are read and computed here from docs/RECEIPT.md alone.
 */
import type { AccountEvidence, Evidence } from '../evidence.ts';
import { checkChain } from './check-chain.ts';
import { checkDivision } from './check-division.ts';
import { checkStreams } from './check-streams.ts';
import { Findings } from './findings.ts';
import { type Receipt, payerOf } from './receipt.ts';

export function check(evidence: Evidence): Findings {
  const findings = new Findings();
  const receipts: Receipt[] = [];
  for (const { roundId, phase, receipt } of evidence.rounds) {
    const held = evidence.streams.filter((stream) => stream.roundId === roundId);
    if (phase === 'cancelled') {
      // Whatever was acknowledged is given back: the balances tell.
      if (receipt !== null) findings.add('broken', `${roundId} is cancelled and has a receipt`);
    } else if (phase !== 'settled' || receipt === null)
      findings.add('broken', `${roundId} is ${phase}, not settled`);
    else {
      const read = readReceipt(roundId, receipt, findings);
      if (read === null) continue;
      receipts.push(read);
      checkStreams(read, held, findings);
      checkDivision(read, findings);
    }
  }
  checkChain(evidence.chain, receipts, findings);
  checkAccounts(evidence.accounts, receipts, findings);
  return findings;
}

/** Section 1: canonical form, as far as JSON.parse and JSON.stringify are inverse to each other. */
function readReceipt(roundId: string, bytes: string, findings: Findings): Receipt | null {
  try {
    const receipt = JSON.parse(bytes) as Receipt;
    if (`${JSON.stringify(receipt)}\n` !== bytes) findings.add('broken', `${roundId}: not in canonical form`);
    if (receipt.format !== 'ringside-receipt' || receipt.version !== 1 || receipt.terms.roundId !== roundId) {
      findings.add('broken', `${roundId}: not its receipt`);
    }
    if (receipt.status !== 'mined') findings.add('broken', `${roundId}: ${receipt.status}, not mined`);
    return receipt;
  } catch (error) {
    findings.add('broken', `${roundId}: cannot be read: ${String(error)}`);
    return null;
  }
}

/** What was put in is there, but for what the receipts charge; and what was earned is paid or still owed. */
function checkAccounts(
  accounts: readonly AccountEvidence[],
  receipts: readonly Receipt[],
  findings: Findings,
): void {
  const charged = new Map<string, number>();
  const owed = new Map<string, number>();
  for (const { streams, payees } of receipts) {
    for (const stream of streams) add(charged, payerOf(stream), stream.paidSats);
    for (const { kind, account, shareSats, paidSats } of payees) {
      add(owed, kind === 'platform' ? 'platform' : account, shareSats - paidSats);
    }
  }
  for (const { account, fundedSats, availableSats, heldSats, earnedSats } of accounts) {
    const due = fundedSats - (charged.get(account) ?? 0);
    findings.compare(`balance of ${account}`, availableSats + heldSats, due);
    if (availableSats + heldSats < due)
      findings.add('chargedTwice', `${account} was charged more than its receipts`);
    if (heldSats !== 0) findings.add('satsLost', `${account}: a hold was never released`, heldSats);
    findings.compare(`carried forward for ${account}`, earnedSats, owed.get(account) ?? 0);
    owed.delete(account);
  }
  for (const [account, sats] of owed) {
    if (sats < 0) findings.add('satsCreated', `${account} was paid more than its shares`, -sats);
  }
}

function add(to: Map<string, number>, key: string, sats: number): void {
  to.set(key, (to.get(key) ?? 0) + sats);
}
