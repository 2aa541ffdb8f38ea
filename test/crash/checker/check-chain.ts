/** What the chain really paid, against the receipts of all rounds. */
import { createHash } from 'node:crypto';
import type { ChainEvidence } from '../evidence.ts';
import { announcementScript } from './anchor.ts';
import type { Findings } from './findings.ts';
import { displayId, hex, reversed, sha256 } from './layout.ts';
import { merkleRoot } from './merkle-root.ts';
import type { Receipt } from './receipt.ts';
import { type RawTransaction, payTo, readAnnouncement, readTransaction } from './transaction.ts';

export function checkChain(chain: ChainEvidence, receipts: readonly Receipt[], findings: Findings): void {
  const transactions = new Map<string, RawTransaction>();
  for (const { txid, raw } of chain.transactions) {
    const transaction = readTransaction(raw);
    transactions.set(transaction.txid, transaction);
    if (transaction.txid !== txid) findings.add('broken', `transaction ${txid} is ${transaction.txid}`);
  }
  const mined = checkBlocks(chain, findings);
  checkSpends(transactions, findings);
  const announced = announcements(transactions);
  const settled = new Set<string>();
  for (const receipt of receipts) {
    const { roundId } = receipt.terms;
    for (const [part, { txid }] of receipt.transactions.entries()) {
      settled.add(txid);
      const transaction = transactions.get(txid);
      if (transaction !== undefined) checkOutputs({ receipt, part, transaction }, findings);
      else findings.add('satsLost', `${roundId}: ${txid} is not on the chain`, paidIn(receipt, part));
      if (receipt.status === 'mined' && !mined.has(txid)) {
        findings.add('broken', `${roundId}: ${txid} is in no block`);
      }
    }
    const again = (announced.get(roundId) ?? []).filter(
      (txid) => !receipt.transactions.some((tx) => tx.txid === txid),
    );
    for (const txid of again) {
      findings.add('chargedTwice', `${roundId}: ${txid} settles it once more`);
      findings.add('satsCreated', `${roundId}: paid again`, paidOut(transactions.get(txid)));
    }
    announced.delete(roundId);
  }
  for (const [roundId, txids] of announced) {
    const sats = txids.reduce((sum, txid) => sum + paidOut(transactions.get(txid)), 0);
    findings.add('satsCreated', `${roundId}: paid out by ${txids.join(', ')} without a receipt`, sats);
    findings.add('broken', `${roundId}: paid out without a receipt`);
  }
  checkTreasury(transactions, settled, findings);
}

interface Part {
  readonly receipt: Receipt;
  readonly part: number;
  readonly transaction: RawTransaction;
}

function checkOutputs({ receipt, part, transaction }: Part, findings: Findings): void {
  const { roundId } = receipt.terms;
  const [first] = transaction.outputs;
  if (first?.sats !== 0n || first.script !== announcementScript(receipt, part)) {
    findings.add('broken', `${roundId}: ${transaction.txid} announces something else`);
  }
  const due = new Map<number, { account: string; sats: number }>();
  for (const { output, account, paidSats } of receipt.payees) {
    if (output?.transaction === part) due.set(output.vout, { account, sats: paidSats });
  }
  for (const [vout, { account, sats }] of due) {
    const output = transaction.outputs[vout];
    const paid = output?.script === payTo(account) ? output.sats : 0n;
    findings.compare(`${roundId}: output ${vout} to ${account}`, paid, sats);
  }
  const treasury = treasuryOf(transaction);
  for (const [vout, output] of transaction.outputs.entries()) {
    const payee = due.get(vout)?.account ?? treasury;
    if (vout === 0 || output.script === payTo(payee)) continue;
    findings.add('satsCreated', `${roundId}: output ${vout} pays somebody else`, Number(output.sats));
  }
}

/** The account whose key unlocks its first input: a push of the signature, then one of the key. */
function treasuryOf(transaction: RawTransaction): string {
  const script = hex(transaction.inputs[0]?.script ?? '');
  const key = script.subarray(2 + (script[0] ?? 0));
  return createHash('ripemd160').update(sha256(key)).digest('hex');
}

function paidIn(receipt: Receipt, part: number): number {
  return receipt.payees
    .filter(({ output }) => output?.transaction === part)
    .reduce((sum, { paidSats }) => sum + paidSats, 0);
}

function paidOut(transaction: RawTransaction | undefined): number {
  if (transaction === undefined) return 0;
  const change = payTo(treasuryOf(transaction));
  const paid = transaction.outputs.filter(({ script }) => script !== change);
  return Number(paid.reduce((sum, { sats }) => sum + sats, 0n));
}

function announcements(transactions: ReadonlyMap<string, RawTransaction>): Map<string, string[]> {
  const byRound = new Map<string, string[]>();
  for (const { txid, outputs } of transactions.values()) {
    const announced = readAnnouncement(outputs[0]?.script ?? '');
    if (announced === null) continue;
    byRound.set(announced.roundId, [...(byRound.get(announced.roundId) ?? []), txid]);
  }
  return byRound;
}

/** Ids of all transactions in blocks. Each block follows the one before and has the Merkle root of its transactions. */
function checkBlocks({ blocks }: ChainEvidence, findings: Findings): ReadonlySet<string> {
  const mined = new Set<string>();
  let previous = '00'.repeat(32);
  for (const [at, { height, header, txids }] of blocks.entries()) {
    const bytes = hex(header);
    const follows = reversed(bytes.subarray(4, 36)).toString('hex') === previous;
    if (height !== at || !follows) findings.add('broken', `block ${height} does not follow the one before`);
    if (bytes.subarray(36, 68).toString('hex') !== merkleRoot(txids)) {
      findings.add('broken', `block ${height} does not have the Merkle root of its transactions`);
    }
    for (const txid of txids) {
      if (mined.has(txid)) findings.add('chargedTwice', `${txid} is mined twice`);
      mined.add(txid);
    }
    previous = displayId(bytes);
  }
  return mined;
}

/** No output is spent twice, and no transaction gives more than it takes. Coinbases take from nowhere. */
function checkSpends(transactions: ReadonlyMap<string, RawTransaction>, findings: Findings): void {
  const spentBy = new Map<string, string>();
  for (const { txid, inputs, outputs } of transactions.values()) {
    let inSats = 0n;
    let known = true;
    for (const { outpoint } of inputs) {
      if (outpoint.startsWith('00'.repeat(32))) {
        known = false;
        continue;
      }
      const other = spentBy.get(outpoint);
      if (other !== undefined)
        findings.add('chargedTwice', `${outpoint} is spent by ${other} and by ${txid}`);
      spentBy.set(outpoint, txid);
      const [source = '', vout] = outpoint.split(':');
      const output = transactions.get(source)?.outputs[Number(vout)];
      if (output === undefined) findings.add('broken', `${txid} spends ${outpoint}, which is not there`);
      inSats += output?.sats ?? 0n;
    }
    const outSats = outputs.reduce((sum, { sats }) => sum + sats, 0n);
    if (known && outSats > inSats)
      findings.add('satsCreated', `${txid} makes sats`, Number(outSats - inSats));
  }
}

/** Whatever spends the treasury's coins has to be the settlement of a round that published a receipt. */
function checkTreasury(
  transactions: ReadonlyMap<string, RawTransaction>,
  settled: ReadonlySet<string>,
  findings: Findings,
): void {
  const known = [...settled].flatMap((txid) => transactions.get(txid) ?? []);
  const treasuries = new Set(known.map((transaction) => treasuryOf(transaction)));
  for (const transaction of transactions.values()) {
    if (settled.has(transaction.txid) || !treasuries.has(treasuryOf(transaction))) continue;
    findings.add(
      'satsLost',
      `${transaction.txid} spends the treasury's coins for no receipt`,
      paidOut(transaction),
    );
  }
}
