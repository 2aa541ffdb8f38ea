/**
 * Checks a published receipt with nothing but the receipt: every step from the viewers' words to the outputs of
 * the transactions is done again. Runs in Node and in the browser; what it proves and what it cannot is in
 * docs/RECEIPT.md. No byte of a receipt can change without a check failing.
 */
import { type StreamId, compareIds } from '../core/ids.ts';
import type { RoundStatement, StatementStream } from '../round/statement.ts';
import { checkTerms } from '../round/terms-check.ts';
import { type Check, CheckList, type VerifyTools, firstProblem } from './checks/check.ts';
import {
  commitmentHashProblem,
  payeeProblem,
  redraft,
  rootProblem,
  totalsProblem,
} from './checks/draft-checks.ts';
import { participantProblem, rankingProblem, supporterProblem } from './checks/outcome-checks.ts';
import { headerProblem, pathProblem, statusProblem } from './checks/proof-checks.ts';
import {
  amountProblem,
  commitmentProblem,
  readStream,
  signatureProblem,
  wordProblem,
} from './checks/stream-checks.ts';
import {
  changeProblem,
  dataOutputProblem,
  feeProblem,
  inputProblem,
  payeeOutputProblem,
  readTransaction,
} from './checks/transaction-checks.ts';
import { type Draft, leavesOf } from './draft.ts';
import { sumProof, verifySumProof } from './merkle-sum.ts';
import { parseReceipt } from './receipt-format.ts';
import type { Receipt } from './receipt.ts';

export interface ReceiptVerdict {
  readonly ok: boolean;
  /** In the order of docs/RECEIPT.md. Ends at the first stage with a failure: what comes after would be built on it. */
  readonly checks: readonly Check[];
}

export interface InclusionVerdict extends ReceiptVerdict {
  /** What the receipt says this stream paid; null when it is not there. */
  readonly paidSats: number | null;
}

export function verifyReceipt(bytes: Uint8Array, tools: VerifyTools): ReceiptVerdict {
  const list = new CheckList();
  const receipt = checkForm(list, bytes);
  const statement = receipt && checkStreams(list, receipt, tools);
  if (receipt !== undefined && statement !== undefined && checkOutcome(list, statement)) {
    const draft = checkDraft(list, receipt, statement, tools);
    if (draft !== undefined && checkTransactions(list, receipt, draft, tools))
      checkProofs(list, receipt, tools);
  }
  return { ok: list.ok, checks: list.checks };
}

/**
 * For one viewer: that this stream is in the receipt with its own words, that its leaf belongs to the Merkle-sum
 * root, and that the root is in mined transactions. Far less work than checking everybody's.
 */
export function verifyInclusion(bytes: Uint8Array, streamId: StreamId, tools: VerifyTools): InclusionVerdict {
  const list = new CheckList();
  const receipt = checkForm(list, bytes);
  const statement = receipt && readStatement(list, receipt);
  const index = statement?.streams.findIndex((each) => each.signed.commitment.streamId === streamId) ?? -1;
  const stream = statement?.streams[index];
  if (receipt === undefined || statement === undefined)
    return { ok: false, checks: list.checks, paidSats: null };
  if (
    !list.add('stream', stream ? undefined : `there is no stream ${streamId}`, `leaf ${index}`) ||
    !stream
  ) {
    return { ok: false, checks: list.checks, paidSats: null };
  }
  list.add('commitments', commitmentProblem(stream, statement.terms, tools), 'for this round and payer');
  list.add('signatures', signatureProblem(stream, tools), 'signed by the payer');
  list.add('words', wordProblem(stream, tools.sha256), 'hash to their anchors');
  list.add('amounts', amountProblem(stream), `${stream.paidSats} sats`);
  const draft = list.ok ? checkDraft(list, receipt, statement, tools) : undefined;
  if (draft !== undefined) {
    list.add('inclusion', inclusionProblem(statement, index, draft, tools), 'the leaf leads to the root');
    if (checkTransactions(list, receipt, draft, tools)) checkProofs(list, receipt, tools);
  }
  return { ok: list.ok, checks: list.checks, paidSats: stream.paidSats };
}

function checkForm(list: CheckList, bytes: Uint8Array): Receipt | undefined {
  const parsed = parseReceipt(bytes);
  list.add('form', parsed.ok ? undefined : parsed.problem, `${bytes.length} bytes, canonical`);
  if (!parsed.ok) return undefined;
  const [problem] = checkTerms(parsed.receipt.terms);
  const problemText = problem && `${problem.field} ${problem.message}`;
  return list.add('terms', problemText, `round ${parsed.receipt.terms.roundId}`) ? parsed.receipt : undefined;
}

/** The statement that the receipt spells, streams in order. */
function readStatement(list: CheckList, receipt: Receipt): RoundStatement | undefined {
  const streams: StatementStream[] = [];
  let last = '';
  const problem = firstProblem(receipt.streams, 'stream', (each) => {
    const stream = readStream(each);
    if (stream === undefined) return 'the commitment is not canonical';
    const { streamId } = stream.signed.commitment;
    if (compareIds(last, streamId) >= 0) return 'streams are not in the order of their ids, each once';
    last = streamId;
    streams.push(stream);
    return undefined;
  });
  if (!list.add('streams', problem, `${streams.length} streams`)) return undefined;
  return { terms: receipt.terms, ...receipt.outcome, streams };
}

function checkStreams(list: CheckList, receipt: Receipt, tools: VerifyTools): RoundStatement | undefined {
  const statement = readStatement(list, receipt);
  if (statement === undefined) return undefined;
  const { streams, terms } = statement;
  const each = (
    name: string,
    find: (stream: StatementStream) => string | undefined,
    found: string,
  ): boolean => list.add(name, firstProblem(streams, 'stream', find), found);
  each('commitments', (stream) => commitmentProblem(stream, terms, tools), 'each for this round and payer');
  each('signatures', (stream) => signatureProblem(stream, tools), `${streams.length} signatures`);
  each('words', (stream) => wordProblem(stream, tools.sha256), 'every word hashes to its anchor');
  each('amounts', amountProblem, 'words, targets and payments are the same money');
  return list.ok ? statement : undefined;
}

function checkOutcome(list: CheckList, statement: RoundStatement): boolean {
  list.add('participants', participantProblem(statement), 'sums of the streams');
  list.add('supporters', supporterProblem(statement), 'who paid most');
  list.add('ranking', rankingProblem(statement), 'votes and claps as committed; only sats can be proven');
  return list.ok;
}

function checkDraft(
  list: CheckList,
  receipt: Receipt,
  statement: RoundStatement,
  tools: VerifyTools,
): Draft | undefined {
  const drafted = redraft(receipt, statement, tools.sha256);
  if ('problem' in drafted) {
    list.add('payees', drafted.problem, '');
    return undefined;
  }
  const { draft } = drafted;
  const found = 'direct shares and prize table; balances carried in as committed';
  list.add('payees', payeeProblem(receipt, draft), found);
  list.add('totals', totalsProblem(receipt, draft), `${draft.totals.paidSats} sats divided`);
  list.add('merkle-sum root', rootProblem(receipt, draft), `${receipt.merkleSum.sumSats} sats`);
  list.add('commitment', commitmentHashProblem(receipt, draft), 'terms, outcome, payees and fee rate');
  return list.ok ? draft : undefined;
}

function checkTransactions(list: CheckList, receipt: Receipt, draft: Draft, tools: VerifyTools): boolean {
  const count = receipt.transactions.length;
  const read = receipt.transactions.flatMap((stated, index) => {
    const transaction = readTransaction(stated, tools.sha256);
    const part = draft.parts[index];
    return transaction && part ? [{ transaction, part }] : [];
  });
  const whole = read.length === count && count === draft.parts.length;
  const problem = whole ? undefined : `${read.length} of ${draft.parts.length} are there under their ids`;
  if (!list.add('transactions', problem, `${count} transactions`)) return false;
  type Find = (each: (typeof read)[number]) => string | undefined;
  const each = (name: string, find: Find, found: string): boolean =>
    list.add(name, firstProblem(read, 'transaction', find), found);
  each('data outputs', (of) => dataOutputProblem(of.transaction, of.part), 'carry commitment and root');
  each('payee outputs', (of) => payeeOutputProblem(of.transaction, of.part), 'pay every payee');
  each('inputs', (of) => inputProblem(of.transaction, tools), "the treasury's, and signed");
  each('change', (of) => changeProblem(of.transaction, of.part), 'goes back to the treasury');
  each(
    'fees',
    (of) => feeProblem(of.transaction, receipt.feeSatsPerKb),
    `${receipt.totals.minerFeeSats} sats`,
  );
  return list.ok;
}

function checkProofs(list: CheckList, receipt: Receipt, { sha256 }: VerifyTools): void {
  const { transactions } = receipt;
  list.add('status', statusProblem(receipt), receipt.status);
  const paths = firstProblem(transactions, 'transaction', (each) => pathProblem(each, sha256));
  list.add('merkle paths', paths, 'lead to their headers');
  const headers = firstProblem(transactions, 'transaction', (each) => headerProblem(each, sha256));
  list.add('headers', headers, 'have their hashes and proof of work; compare them with a chain you trust');
}

function inclusionProblem(
  statement: RoundStatement,
  index: number,
  draft: Draft,
  { sha256 }: VerifyTools,
): string | undefined {
  const leaves = leavesOf(statement, sha256);
  const leaf = leaves[index];
  const proof = sumProof(leaves, index, sha256);
  const included = leaf && proof && verifySumProof(leaf, proof, draft.root, sha256);
  return included === true ? undefined : 'the leaf does not lead to the root';
}
