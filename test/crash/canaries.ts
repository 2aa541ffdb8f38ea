/**
 * Mistakes planted into the evidence of a clean run, one at a time, to prove that the checker sees them. Whatever an
 * engine could make consistent with itself is made consistent again (`reseal`, `relink`): what is left to give a mistake
 * away is what viewers hold, and the arithmetic.
 */
import { check } from './checker/check.ts';
import { commitmentOf, merkleSum } from './checker/anchor.ts';
import { outcomeDue, payeesDue, totalsDue } from './checker/division.ts';
import type { FindingKind } from './checker/findings.ts';
import { displayId, hex, reversed, sha256 } from './checker/layout.ts';
import { merkleRoot } from './checker/merkle-root.ts';
import { type Receipt, type ReceiptStream, streamIdOf } from './checker/receipt.ts';
import { payTo } from './checker/transaction.ts';
import type { Evidence, StreamEvidence } from './evidence.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object ? Mutable<T[K]> : T[K] };
type Draft = Mutable<Evidence>;
type DraftReceipt = Mutable<Receipt>;

interface Canary {
  readonly name: string;
  /** All of these have to be found. */
  readonly expected: readonly FindingKind[];
  readonly plant: (draft: Draft) => void;
}

export interface CanaryReport {
  readonly canariesPlanted: number;
  readonly canariesCaught: number;
  /** Name of each that was not caught, with what was found in its place. */
  readonly missed: readonly string[];
}

export function flyCanaries(evidence: Evidence): CanaryReport {
  const missed: string[] = [];
  for (const { name, expected, plant } of CANARIES) {
    const draft = structuredClone(evidence) as Draft;
    plant(draft);
    const { verdict } = check(draft);
    if (!expected.every((kind) => verdict[kind] > 0)) missed.push(`${name}: ${JSON.stringify(verdict)}`);
  }
  return { canariesPlanted: CANARIES.length, canariesCaught: CANARIES.length - missed.length, missed };
}

const CANARIES: readonly Canary[] = [
  {
    name: 'an acknowledged word is lowered, and all that follows from it',
    expected: ['acksViolated', 'satsLost'],
    plant: (draft) =>
      onStream(draft, ({ stream, evidence }) => lower(stream, (evidence.acknowledged[0] ?? 1) - 1)),
  },
  {
    name: 'more words are charged than were sent',
    expected: ['chargedTwice', 'satsCreated'],
    plant: (draft) =>
      onStream(draft, ({ stream, evidence }) => {
        const tip = first(stream.tips);
        const more = (evidence.revealed[0]?.index ?? 0) + 1 - tip.index;
        tip.index += more;
        charge(stream, more);
      }),
  },
  {
    name: 'a stream is charged above its words',
    expected: ['satsCreated'],
    plant: (draft) => onStream(draft, ({ stream }) => charge(stream, 10)),
  },
  {
    name: 'a stream is charged below its words',
    expected: ['satsLost'],
    plant: (draft) => onStream(draft, ({ stream }) => charge(stream, -1)),
  },
  {
    name: 'a stream that was granted is missing',
    expected: ['acksViolated', 'satsLost'],
    plant: (draft) =>
      onStream(
        draft,
        ({ receipt, stream }) => void receipt.streams.splice(receipt.streams.indexOf(stream), 1),
      ),
  },
  {
    name: 'a stream is listed twice',
    expected: ['chargedTwice', 'satsCreated'],
    plant: (draft) =>
      onStream(draft, ({ receipt, stream }) => void receipt.streams.push(structuredClone(stream))),
  },
  {
    name: 'a stream that nobody opened is charged',
    expected: ['satsCreated'],
    plant: (draft) =>
      onStream(draft, ({ receipt, stream }) => {
        const stranger = structuredClone(stream);
        stranger.commitment = `5253430102${'ee'.repeat(16)}${stream.commitment.slice(42)}`;
        receipt.streams.push(stranger);
      }),
  },
  {
    name: 'a word is not one of the chain',
    expected: ['broken', 'satsCreated'],
    plant: (draft) =>
      onStream(draft, ({ stream }) => {
        first(stream.tips).word = '77'.repeat(32);
      }),
  },
  {
    name: 'a commitment that its viewer has not signed',
    expected: ['broken'],
    plant: (draft) =>
      onStream(draft, ({ stream }) => {
        stream.signature = '11'.repeat(64);
      }),
  },
  {
    name: 'sats are booked for somebody else',
    expected: ['broken'],
    plant: (draft) =>
      onStream(draft, ({ stream }) => {
        const purpose = stream.targets.some(({ watchSats }) => watchSats > 0) ? 'watchSats' : 'giftSats';
        const from = first(stream.targets.filter((target) => target[purpose] > 0));
        from[purpose]--;
        first(stream.targets.filter((target) => target !== from))[purpose]++;
      }),
  },
  {
    name: 'ENDED told another sum',
    expected: ['acksViolated'],
    plant: (draft) =>
      onStream(draft, ({ stream, evidence }) => {
        evidence.finalPaidSats = stream.paidSats + 1;
      }),
  },
  {
    name: 'an acknowledgement went back',
    expected: ['acksViolated'],
    plant: (draft) =>
      onStream(draft, ({ evidence }) => void evidence.contradictions.push('STREAM went back')),
  },
  {
    name: 'a share is off by one sat',
    expected: ['satsLost', 'satsCreated'],
    plant: (draft) =>
      onReceipt(draft, (receipt) => {
        const one = first(receipt.payees.filter(({ paidSats }) => paidSats > 1));
        const other = first(receipt.payees.filter((payee) => payee !== one));
        one.shareSats--;
        one.paidSats--;
        other.shareSats++;
        other.paidSats++;
        receipt.commitment = commitmentOf(receipt);
      }),
  },
  {
    name: 'a payee is left out of the list',
    expected: ['satsLost'],
    plant: (draft) =>
      onReceipt(draft, (receipt) => {
        receipt.payees.pop();
        receipt.commitment = commitmentOf(receipt);
      }),
  },
  {
    name: 'the receipt commits to something else',
    expected: ['broken'],
    plant: (draft) =>
      onReceipt(draft, (receipt) => {
        first(receipt.outcome.participants).claps++;
      }),
  },
  {
    name: 'an output is reduced',
    expected: ['satsLost'],
    plant: (draft) => onLastOutput(draft, (sats, script) => output(sats - 1n, script)),
  },
  {
    name: 'an output pays a stranger',
    expected: ['satsLost', 'satsCreated'],
    plant: (draft) => onLastOutput(draft, (sats) => output(sats, payTo('99'.repeat(20)))),
  },
  {
    name: 'a settlement is not on the chain',
    expected: ['satsLost'],
    plant: (draft) => {
      const { txid } = lastSettlement(draft);
      draft.chain.transactions = draft.chain.transactions.filter((transaction) => transaction.txid !== txid);
    },
  },
  {
    name: 'a round is paid out a second time',
    expected: ['chargedTwice', 'satsCreated'],
    plant: (draft) => {
      const { txid } = lastSettlement(draft);
      const raw = draft.chain.transactions.find((transaction) => transaction.txid === txid)?.raw ?? '';
      const again = `${raw.slice(0, -8)}01000000`;
      draft.chain.transactions.push({ txid: displayId(hex(again)), raw: again });
    },
  },
  {
    name: 'a round was paid out and has no receipt',
    expected: ['broken', 'satsCreated'],
    plant: (draft) => {
      const { roundId } = lastSettlement(draft);
      draft.rounds = draft.rounds.filter((round) => round.roundId !== roundId);
    },
  },
  {
    name: 'a round is never settled',
    expected: ['broken'],
    plant: (draft) => {
      first(draft.rounds).phase = 'settling';
    },
  },
  {
    name: 'an account is debited twice',
    expected: ['chargedTwice', 'satsLost'],
    plant: (draft) => onPayer(draft, (account) => void account.availableSats--),
  },
  {
    name: 'a refund is given twice',
    expected: ['satsCreated'],
    plant: (draft) => onPayer(draft, (account) => void account.availableSats++),
  },
  {
    name: 'a hold is never released',
    expected: ['satsLost'],
    plant: (draft) =>
      onPayer(draft, (account) => {
        account.availableSats -= 7;
        account.heldSats += 7;
      }),
  },
  {
    name: 'what is carried forward is forgotten',
    expected: ['satsLost'],
    plant: (draft) => {
      first(draft.accounts).earnedSats--;
    },
  },
  {
    name: 'a block does not hold its transactions',
    expected: ['broken'],
    plant: (draft) => void draft.chain.blocks.at(-1)?.txids.push('ab'.repeat(32)),
  },
];

/* ---- where they are planted ---- */

function first<T>(list: readonly T[]): T {
  const [head] = list;
  if (head === undefined) throw new Error('the run has nothing to plant this canary into');
  return head;
}

interface Spot {
  readonly receipt: DraftReceipt;
  readonly stream: Mutable<ReceiptStream>;
  readonly evidence: Mutable<StreamEvidence>;
}

/** Changes a stream that has acknowledged words, and makes the receipt consistent with the change. */
function onStream(draft: Draft, change: (spot: Spot) => void): void {
  for (const round of draft.rounds) {
    const receipt = JSON.parse(round.receipt ?? '{"streams":[]}') as DraftReceipt;
    for (const stream of receipt.streams) {
      const id = streamIdOf(stream);
      const evidence = draft.streams.find(({ streamId }) => streamId === id);
      if (evidence === undefined || (evidence.acknowledged[0] ?? 0) < 2) continue;
      change({ receipt, stream, evidence });
      reseal(receipt);
      round.receipt = `${JSON.stringify(receipt)}\n`;
      return;
    }
  }
  throw new Error('no stream of the run has acknowledged words');
}

/** Changes a receipt that pays somebody, and nothing else. */
function onReceipt(draft: Draft, change: (receipt: DraftReceipt) => void): void {
  const { roundId } = lastSettlement(draft);
  const round = first(draft.rounds.filter((one) => one.roundId === roundId));
  const receipt = JSON.parse(round.receipt ?? '') as DraftReceipt;
  change(receipt);
  round.receipt = `${JSON.stringify(receipt)}\n`;
}

function onPayer(draft: Draft, change: (account: Draft['accounts'][number]) => void): void {
  const payers = new Set(draft.streams.map(({ payer }) => payer));
  change(first(draft.accounts.filter(({ account }) => payers.has(account))));
}

/** The settlement that came last, so that nothing spends its change. */
function lastSettlement(draft: Draft): { readonly roundId: string; readonly txid: string } {
  const rounds = new Map<string, string>();
  for (const { roundId, receipt } of draft.rounds) {
    if (receipt === null) continue;
    for (const { txid } of (JSON.parse(receipt) as Receipt).transactions) rounds.set(txid, roundId);
  }
  const order = draft.chain.blocks.flatMap(({ txids }) => txids);
  const txid = order.findLast((one) => rounds.has(one)) ?? '';
  return { txid, roundId: rounds.get(txid) ?? '' };
}

function lower(stream: Mutable<ReceiptStream>, index: number): void {
  const tip = first(stream.tips);
  const steps = tip.index - index;
  for (let step = 0; step < steps; step++) tip.word = sha256(hex(tip.word)).toString('hex');
  tip.index = index;
  charge(stream, -steps);
}

/** The first chain has words of 1 sat. */
function charge(stream: Mutable<ReceiptStream>, moreSats: number): void {
  stream.paidSats += moreSats;
  let left = moreSats;
  for (const target of stream.targets) {
    for (const purpose of ['watchSats', 'giftSats'] as const) {
      const change = Math.max(left, -target[purpose]);
      target[purpose] += change;
      left -= change;
    }
  }
}

/** As an engine would have written it that believed in these streams. */
function reseal(receipt: DraftReceipt): void {
  const trusted: Receipt = receipt;
  Object.assign(receipt.outcome, outcomeDue(trusted));
  receipt.payees = payeesDue(trusted);
  receipt.totals = totalsDue(trusted, receipt.payees);
  receipt.merkleSum = merkleSum(trusted.streams);
  receipt.commitment = commitmentOf(trusted);
}

function output(sats: bigint, script: string): string {
  const amount = Buffer.alloc(8);
  amount.writeBigUInt64LE(sats);
  return `${amount.toString('hex')}19${script}`;
}

/** Changes output 1 of the last settlement; its new id takes the place of the old one everywhere. */
function onLastOutput(draft: Draft, change: (sats: bigint, script: string) => string): void {
  const { txid, roundId } = lastSettlement(draft);
  const receipt = JSON.parse(draft.rounds.find((one) => one.roundId === roundId)?.receipt ?? '') as Receipt;
  const payee = first(receipt.payees.filter((one) => one.output?.vout === 1));
  const script = payTo(payee.account);
  const before = output(BigInt(payee.paidSats), script);
  const transaction = first(draft.chain.transactions.filter((one) => one.txid === txid));
  transaction.raw = transaction.raw.replace(before, change(BigInt(payee.paidSats), script));
  transaction.txid = displayId(hex(transaction.raw));
  for (const round of draft.rounds) round.receipt = round.receipt?.replaceAll(txid, transaction.txid) ?? null;
  for (const block of draft.chain.blocks) {
    block.txids = block.txids.map((one) => (one === txid ? transaction.txid : one));
  }
  relink(draft);
}

/** Merkle roots and links of all blocks anew. */
function relink(draft: Draft): void {
  let previous = Buffer.alloc(32);
  for (const block of draft.chain.blocks) {
    const header = hex(block.header);
    previous.copy(header, 4);
    hex(merkleRoot(block.txids)).copy(header, 36);
    block.header = header.toString('hex');
    previous = Buffer.from(reversed(hex(displayId(header))));
  }
}
