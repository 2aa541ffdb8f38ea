/** What viewers hold against what a round's receipt says of their streams. */
import type { StreamEvidence } from '../evidence.ts';
import type { Findings } from './findings.ts';
import { hex, sha256 } from './layout.ts';
import { type Receipt, type ReceiptStream, streamIdOf } from './receipt.ts';

export function checkStreams(receipt: Receipt, held: readonly StreamEvidence[], findings: Findings): void {
  const { roundId } = receipt.terms;
  const listed = new Map<string, ReceiptStream[]>();
  for (const stream of receipt.streams) {
    const id = streamIdOf(stream);
    listed.set(id, [...(listed.get(id) ?? []), stream]);
  }
  for (const evidence of held) {
    const [stream, ...more] = listed.get(evidence.streamId) ?? [];
    listed.delete(evidence.streamId);
    for (const again of more) {
      findings.add('chargedTwice', `${roundId}: stream ${evidence.streamId} is listed twice`);
      findings.add('satsCreated', `${roundId}: stream ${evidence.streamId} again`, again.paidSats);
    }
    for (const what of evidence.contradictions) {
      findings.add('acksViolated', `${roundId}: stream ${evidence.streamId}: ${what}`);
    }
    if (stream !== undefined) checkStream({ roundId, stream, evidence }, findings);
    else if (evidence.granted) missing(roundId, evidence, findings);
  }
  for (const [id, [stream]] of listed) {
    findings.add('satsCreated', `${roundId}: nobody has opened stream ${id}`, stream?.paidSats ?? 0);
    findings.add('broken', `${roundId}: nobody has opened stream ${id}`);
  }
}

function missing(roundId: string, evidence: StreamEvidence, findings: Findings): void {
  findings.add(
    'acksViolated',
    `${roundId}: stream ${evidence.streamId} was granted and is not in the receipt`,
  );
  findings.add(
    'satsLost',
    `${roundId}: stream ${evidence.streamId} is missing`,
    worth(evidence, evidence.acknowledged),
  );
}

interface Pair {
  readonly roundId: string;
  readonly stream: ReceiptStream;
  readonly evidence: StreamEvidence;
}

function checkStream({ roundId, stream, evidence }: Pair, findings: Findings): void {
  const name = `${roundId}: stream ${evidence.streamId}`;
  const signed = evidence.offers.some(
    ({ commitment, signature, publicKey }) =>
      commitment === stream.commitment && signature === stream.signature && publicKey === stream.publicKey,
  );
  if (!signed) findings.add('broken', `${name}: its viewer has not signed this commitment`);
  if (stream.tips.length !== evidence.chains.length)
    findings.add('broken', `${name}: not one tip for each chain`);
  for (const [chain, { unitSats, anchor }] of evidence.chains.entries()) {
    const tip = stream.tips[chain] ?? { index: 0, word: '' };
    const revealed = evidence.revealed[chain] ?? { index: 0, word: anchor };
    const acknowledged = evidence.acknowledged[chain] ?? 0;
    if (tip.index < acknowledged) {
      const lost = (acknowledged - tip.index) * unitSats;
      findings.add('acksViolated', `${name}: word ${acknowledged} was acknowledged, ${tip.index} is booked`);
      findings.add('satsLost', `${name}: acknowledged and not booked`, lost);
    }
    if (tip.index > revealed.index) {
      const sats = (tip.index - revealed.index) * unitSats;
      findings.add('satsCreated', `${name}: word ${tip.index} of ${revealed.index} that were sent`, sats);
      findings.add('chargedTwice', `${name}: more words are booked than were sent`);
    } else if (tip.word !== wordBelow(revealed.word, revealed.index - tip.index)) {
      findings.add(
        'satsCreated',
        `${name}: the word of chain ${chain} is not its viewer's`,
        tip.index * unitSats,
      );
    }
    if (wordBelow(tip.word, tip.index) !== anchor) {
      findings.add('broken', `${name}: the word of chain ${chain} does not lead to its anchor`);
    }
  }
  checkAmounts({ roundId, stream, evidence }, findings);
}

function checkAmounts({ roundId, stream, evidence }: Pair, findings: Findings): void {
  const name = `${roundId}: stream ${evidence.streamId}`;
  const indexes = evidence.chains.map((_, chain) => stream.tips[chain]?.index ?? 0);
  findings.compare(`${name}: charged, by its words`, stream.paidSats, worth(evidence, indexes));
  const targets = stream.targets.reduce((sum, { watchSats, giftSats }) => sum + watchSats + giftSats, 0);
  findings.compare(`${name}: attributed`, targets, stream.paidSats);
  if (stream.paidSats > stream.holdSats) {
    findings.add('satsCreated', `${name}: more than its hold`, stream.paidSats - stream.holdSats);
  }
  const { finalPaidSats } = evidence;
  if (finalPaidSats !== null && finalPaidSats !== stream.paidSats) {
    findings.add('acksViolated', `${name}: ENDED said ${finalPaidSats} sats, ${stream.paidSats} are booked`);
  }
  if (evidence.cancelled) findings.add('acksViolated', `${name}: was said to be cancelled`);
  checkAttribution({ roundId, stream, evidence }, findings);
}

/**
 * Whom the sats are for and whether they were a gift, in the order in which words were first sent. A span that is booked
 * in part, at the end, counts in part.
 */
function checkAttribution({ roundId, stream, evidence }: Pair, findings: Findings): void {
  const due = stream.targets.map(() => ({ watch: 0, gift: 0 }));
  for (const { chain, from, to, purpose, target } of evidence.spans) {
    const booked = Math.max(0, Math.min(to, stream.tips[chain]?.index ?? 0) - from);
    const row = due[target];
    if (row !== undefined) row[purpose] += booked * (evidence.chains[chain]?.unitSats ?? 0);
  }
  for (const [target, { watchSats, giftSats }] of stream.targets.entries()) {
    const { watch, gift } = due[target] ?? { watch: 0, gift: 0 };
    if (watchSats === watch && giftSats === gift) continue;
    findings.add(
      'broken',
      `${roundId}: stream ${evidence.streamId}: participant ${target} got ${watchSats} for watching and ${giftSats} ` +
        `as gifts; its viewer sent ${watch} and ${gift}`,
    );
  }
}

function worth(evidence: StreamEvidence, indexes: readonly number[]): number {
  return evidence.chains.reduce((sum, { unitSats }, chain) => sum + unitSats * (indexes[chain] ?? 0), 0);
}

function wordBelow(word: string, steps: number): string {
  let bytes = hex(word);
  for (let step = 0; step < steps; step++) bytes = sha256(bytes);
  return bytes.toString('hex');
}
