/** Sections 2 to 6 of docs/RECEIPT.md once more: the bytes that a settlement commits to on the chain. */
import { blob, hex, sha256, utf8, u16, u32, u64, u8 } from './layout.ts';
import type { Outcome, Payee, Receipt, ReceiptStream, Terms } from './receipt.ts';

const NETWORKS = ['main', 'test', 'dev'];
const KINDS = ['participant', 'supporter', 'platform'];

function list<T>(items: readonly T[], write: (item: T) => Buffer): Buffer {
  return Buffer.concat(items.map((item) => write(item)));
}

function termsBytes(terms: Terms): Buffer {
  const { end, prize, scoring, overtime } = terms;
  return Buffer.concat([
    Buffer.from('RST\u0001', 'latin1'),
    u8(NETWORKS.indexOf(terms.network)),
    utf8(terms.roundId),
    utf8(terms.title),
    u8(terms.participants.length),
    list(terms.participants, ({ id, name, account }) => Buffer.concat([utf8(id), utf8(name), hex(account)])),
    u64(terms.lobbyAtMs),
    u64(terms.startsAtMs),
    u8(end.kind === 'time' ? 0 : 1),
    u64(end.atMs ?? end.height ?? 0),
    u32(terms.rateSatsPerSecond),
    u16(terms.directBps),
    u8(prize.rankBps.length),
    list(prize.rankBps, u16),
    u8(prize.supporterBps.length),
    list(prize.supporterBps, u16),
    u16(prize.platformBps),
    u32(scoring.satsWeight),
    u32(scoring.voteWeight),
    u32(scoring.clapWeight),
    u8(overtime === null ? 0 : 1),
    overtime === null
      ? Buffer.alloc(0)
      : Buffer.concat([u32(overtime.windowMs), u32(overtime.extendMs), u32(overtime.extensionsMax)]),
    u32(terms.closingMs),
    u64(terms.payoutMinSats),
    hex(terms.platformAccount),
  ]);
}

function outcomeBytes(outcome: Outcome): Buffer {
  return Buffer.concat([
    Buffer.from('RSR\u0001', 'latin1'),
    u64(outcome.startedAtMs),
    u64(outcome.endedAtMs),
    u16(outcome.overtimeCount),
    u8(outcome.participants.length),
    list(outcome.participants, ({ paidSats, votes, claps, score, rank }) =>
      Buffer.concat([u64(paidSats), u64(votes), u64(claps), u64(score), u8(rank)]),
    ),
    u8(outcome.supporters.length),
    list(outcome.supporters, ({ account, paidSats }) => Buffer.concat([hex(account), u64(paidSats)])),
  ]);
}

function payeesBytes(payees: readonly Payee[]): Buffer {
  return Buffer.concat([
    u32(payees.length),
    list(payees, ({ kind, account, shareSats, carriedInSats, paidSats }) =>
      Buffer.concat([
        u8(KINDS.indexOf(kind)),
        hex(account),
        u64(shareSats),
        u64(carriedInSats),
        u64(paidSats),
      ]),
    ),
  ]);
}

function leafBytes(stream: ReceiptStream): Buffer {
  return Buffer.concat([
    Buffer.from('RSL\u0001', 'latin1'),
    blob(hex(stream.commitment)),
    hex(stream.publicKey),
    hex(stream.signature),
    utf8(stream.name),
    u8(stream.tips.length),
    list(stream.tips, ({ index, word }) => Buffer.concat([u32(index), hex(word)])),
    u8(stream.targets.length),
    list(stream.targets, ({ watchSats, giftSats }) => Buffer.concat([u64(watchSats), u64(giftSats)])),
    u64(stream.paidSats),
    u64(stream.holdSats),
  ]);
}

interface Node {
  readonly hash: Buffer;
  readonly sum: bigint;
}

export function merkleSum(streams: readonly ReceiptStream[]): {
  root: string;
  sumSats: number;
  leaves: number;
} {
  let level: Node[] = streams.map((stream) => ({
    hash: sha256(u8(0), leafBytes(stream)),
    sum: BigInt(stream.paidSats),
  }));
  while (level.length > 1) {
    const above: Node[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = level.slice(at, at + 2);
      if (left !== undefined) above.push(right === undefined ? left : join(left, right));
    }
    level = above;
  }
  const [top = { hash: sha256(), sum: 0n }] = level;
  return { root: top.hash.toString('hex'), sumSats: Number(top.sum), leaves: streams.length };
}

function join(left: Node, right: Node): Node {
  return {
    hash: sha256(u8(1), left.hash, u64(left.sum), right.hash, u64(right.sum)),
    sum: left.sum + right.sum,
  };
}

export function commitmentOf(receipt: Receipt): string {
  return sha256(
    Buffer.from('RSH\u0001', 'latin1'),
    sha256(termsBytes(receipt.terms)),
    sha256(outcomeBytes(receipt.outcome)),
    sha256(payeesBytes(receipt.payees)),
    u32(receipt.feeSatsPerKb),
  ).toString('hex');
}

/** Script of output 0 of each transaction. */
export function announcementScript(receipt: Receipt, part: number): string {
  const { roundId } = receipt.terms;
  const payload = Buffer.concat([
    u8(1),
    u8(roundId.length),
    Buffer.from(roundId, 'latin1'),
    hex(receipt.commitment),
    hex(receipt.merkleSum.root),
    u64(receipt.merkleSum.sumSats),
    u32(receipt.merkleSum.leaves),
    u16(part),
    u16(receipt.transactions.length),
  ]);
  return Buffer.concat([
    hex('006a08'),
    Buffer.from('RINGSIDE'),
    hex('4c'),
    u8(payload.length),
    payload,
  ]).toString('hex');
}
