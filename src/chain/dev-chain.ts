/**
 * A BSV chain of one node, embedded: for development, demonstrations and tests, with the rules of the real one
 * for what this project sends there. Owned by the main thread; one process at a time.
 *
 * Invariants: a transaction is accepted only if every rule in `dev/` says so, and what depends on the chain is
 * checked inside the LMDB transaction that stores it; the supply never changes after the first block; a block
 * is mined every interval, also an empty one, so that rounds can follow the height. Accepted transactions and
 * blocks are there after the process was killed. Limits: no reorganisations, no replacement, no pruning.
 */
import { AssertionFailure, assert } from '../core/assert.ts';
import { decodeHeader, encodeMerklePath } from '../core/block.ts';
import { EngineError } from '../core/errors.ts';
import type { AccountId, Txid } from '../core/ids.ts';
import { isSats } from '../core/sats.ts';
import {
  type ExtendedTx,
  displayHash,
  parseExtended,
  serialiseExtended,
  serialiseTransaction,
  txidOf,
} from '../core/transaction.ts';
import { equalBytes } from '../core/bytes.ts';
import { hasRoom } from '../platform/disk-room.ts';
import { sha256 } from '../platform/hash.ts';
import type { Broadcaster, ChainTransaction, Faucet, HeaderSource, SubmitOutcome } from '../ports/chain.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Random } from '../ports/random.ts';
import { assertFollows, coinbase, hashOrder, mineHeader } from './dev/blocks.ts';
import { FUND_OUTPUTS_MAX, type FaucetCoin, FaucetWallet, GENESIS_SATS } from './dev/faucet.ts';
import { type LedgerFile, openLedgerFile, outpointOf } from './dev/ledger-file.ts';
import { checkScripts } from './dev/scripts.ts';
import { checkSpends } from './dev/spend-rules.ts';
import { checkFinal, checkStatic, feeSatsOf, sum } from './dev/static-rules.ts';
import { describe, refused } from './dev/verdict.ts';

export interface DevChainOptions {
  /** Directory of the chain's own LMDB environment; made when it is missing. */
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** 0: blocks come from `mine()` only. */
  readonly blockIntervalMs: number;
}

export interface DevChain extends Broadcaster, HeaderSource, Faucet {
  /** Mines a block now; its height. */
  mine(): Promise<number>;
  /** Stops mining and closes the environment; calls under way are finished first. */
  close(): Promise<void>;
}

/** Transactions of one block; the rest waits for the next. */
const BLOCK_TXS_MAX = 20_000;
/** Newest blocks whose links and proof of work are checked when the chain is opened. */
const CHECKED_BLOCKS = 200;
/** Coins that one funding may collect. */
const FAUCET_INPUTS_MAX = 200;
/** More than any funding transaction within the limits costs. */
const FAUCET_FEE_SATS_MAX = 10_000;

interface Submission {
  readonly txid: Txid;
  readonly ef: Uint8Array;
}

/** A submission that no rule refuses so far. */
interface Candidate {
  readonly txid: Txid;
  readonly tx: ExtendedTx;
  readonly raw: Uint8Array;
}

export async function openDevChain(options: DevChainOptions): Promise<DevChain> {
  const file = openLedgerFile(options.path);
  try {
    await prepare(file, options);
    return new Chain(file, options);
  } catch (error) {
    await file.root.close();
    throw error;
  }
}

/** Makes the first block, or checks the newest ones. */
async function prepare(file: LedgerFile, options: DevChainOptions): Promise<void> {
  const tip = tipHeight(file);
  if (tip < 0) {
    const privateKey = options.random.bytes(32);
    write(file, () => writeGenesis(file, privateKey, options.clock.nowMs()));
    return;
  }
  for (let height = tip; height >= Math.max(0, tip - CHECKED_BLOCKS); height--) {
    const block = file.blocks.get(height);
    assert(block !== undefined, `block ${height} is missing`);
    const previous = height === 0 ? undefined : file.blocks.get(height - 1)?.header;
    assertFollows(block.header, block.txids, previous);
  }
}

function writeGenesis(file: LedgerFile, privateKey: Uint8Array, nowMs: number): void {
  const faucet = new FaucetWallet(privateKey);
  const first = coinbase(0, { sats: GENESIS_SATS, lockingScript: faucet.script });
  const firstId = txidOf(first, sha256);
  const split = faucet.split(firstId);
  const splitRaw = serialiseTransaction(split);
  const splitId = txidOf(splitRaw, sha256);
  void file.meta.put('faucetKey', privateKey);
  void file.transactions.put(firstId, first);
  storeTransaction(file, { txid: splitId, tx: split, raw: splitRaw }, faucet);
  const txids = [firstId, splitId];
  for (const [index, txid] of txids.entries()) void file.places.put(txid, [0, index]);
  const header = mineHeader({ previous: undefined, txids, timeSeconds: Math.floor(nowMs / 1000) });
  void file.blocks.put(0, { header, txids });
  void file.meta.put('height', 0);
}

/** -1 before the first block. */
function tipHeight(file: LedgerFile): number {
  return Number(file.meta.get('height') ?? -1);
}

/** Inside an LMDB transaction: the bytes, what it spends, and the faucet's coins. */
function storeTransaction(file: LedgerFile, candidate: Candidate, faucet: FaucetWallet): void {
  const { txid, tx, raw } = candidate;
  void file.transactions.put(txid, raw);
  for (const input of tx.inputs) {
    const outpoint = outpointOf(input.txid, input.vout);
    void file.spent.put(outpoint, txid);
    if (equalBytes(input.sourceScript, faucet.script)) void file.faucet.remove(outpoint);
  }
  for (const [vout, output] of tx.outputs.entries()) {
    if (!equalBytes(output.lockingScript, faucet.script)) continue;
    void file.faucet.put(outpointOf(txid, vout), output.sats);
  }
}

/**
 * One LMDB transaction, durable when this returns. Not an asynchronous one: when that fails (a full disk), promises that
 * nobody holds are rejected too, which would end the process.
 */
function write<T>(file: LedgerFile, change: () => T): T {
  try {
    if (!hasRoom(file.path)) throw new Error('no space left on its device');
    return file.root.transactionSync(change);
  } catch (error) {
    if (error instanceof AssertionFailure) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineError('CHAIN_FAILED', {
      message: `The development chain cannot be written: ${reason}`,
      cause: error,
    });
  }
}

class Chain implements DevChain {
  readonly #file: LedgerFile;
  readonly #options: DevChainOptions;
  readonly #faucet: FaucetWallet;
  readonly #listeners = new Set<(height: number) => void>();
  readonly #stopMining: () => void;
  #funding: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(file: LedgerFile, options: DevChainOptions) {
    this.#file = file;
    this.#options = options;
    const key = file.meta.get('faucetKey');
    assert(key instanceof Uint8Array, 'the chain has a faucet');
    this.#faucet = new FaucetWallet(Uint8Array.from(key));
    this.#stopMining = this.#startMining();
  }

  #startMining(): () => void {
    if (this.#options.blockIntervalMs <= 0) return () => {};
    const timer = this.#options.clock.every(this.#options.blockIntervalMs, () => {
      this.mine().catch((error: unknown) => this.#options.logger.error('mining failed', { error }));
    });
    return () => timer.cancel();
  }

  async submit(transactions: readonly Submission[]): Promise<readonly SubmitOutcome[]> {
    const checked = transactions.map((submission) => this.#check(submission));
    return write(this.#file, () => checked.map((each) => ('outcome' in each ? each : this.#accept(each))));
  }

  /** Everything that does not depend on the chain. A known transaction is not checked again. */
  #check(submission: Submission): SubmitOutcome | Candidate {
    const { txid } = submission;
    const no = (detail: string): SubmitOutcome => ({ txid, outcome: 'rejected', detail });
    const tx = parseExtended(submission.ef);
    if (tx === undefined)
      return no(describe(refused('notExtended', 'the bytes are not one such transaction')));
    const raw = serialiseTransaction(tx);
    const actual = txidOf(raw, sha256);
    if (actual !== txid) return no(describe(refused('malformed', `the transaction is ${actual}`)));
    if (this.#file.transactions.doesExist(txid)) return { txid, tx, raw };
    const problem = checkStatic(tx, raw.length) ?? checkScripts(tx);
    return problem === undefined ? { txid, tx, raw } : no(describe(problem));
  }

  /** Inside an LMDB transaction: what depends on the chain; then it is stored. */
  #accept(candidate: Candidate): SubmitOutcome {
    const { txid, tx } = candidate;
    const file = this.#file;
    if (file.transactions.doesExist(txid)) {
      const detail = file.places.doesExist(txid) ? '200 MINED' : '200 SEEN_ON_NETWORK';
      return { txid, outcome: 'accepted', detail };
    }
    const tip = tipHeight(file);
    const header = file.blocks.get(tip)?.header;
    assert(header !== undefined, 'the tip has a header');
    const problem = checkFinal(tx, tip + 1, decodeHeader(header).time) ?? checkSpends(file, tx, tip + 1);
    if (problem !== undefined) return { txid, outcome: 'rejected', detail: describe(problem) };
    const arrivals = Number(file.meta.get('arrivals') ?? 0);
    void file.meta.put('arrivals', arrivals + 1);
    void file.mempool.put(arrivals, [txid, feeSatsOf(tx)]);
    storeTransaction(file, candidate, this.#faucet);
    return { txid, outcome: 'accepted', detail: '200 SEEN_ON_NETWORK' };
  }

  async status(txid: Txid): Promise<ChainTransaction | undefined> {
    if (!this.#file.transactions.doesExist(txid)) return undefined;
    const place = this.#file.places.get(txid);
    if (place === undefined) return { txid, status: 'accepted', merklePath: null, blockHeight: null };
    const [height, index] = place;
    const block = this.#file.blocks.get(height);
    assert(block !== undefined, 'a mined transaction has a block');
    const merklePath = encodeMerklePath(hashOrder(block.txids), index, height, sha256);
    return { txid, status: 'mined', merklePath, blockHeight: height };
  }

  async currentHeight(): Promise<number> {
    return tipHeight(this.#file);
  }

  async header(height: number): Promise<Uint8Array | undefined> {
    if (!Number.isInteger(height) || height < 0 || height > 0xffffffff) return undefined;
    const header = this.#file.blocks.get(height)?.header;
    return header && Uint8Array.from(header);
  }

  async isValidRootForHeight(rootHex: string, height: number): Promise<boolean> {
    const header = await this.header(height);
    return header !== undefined && displayHash(decodeHeader(header).merkleRoot) === rootHex;
  }

  onBlock(listener: (height: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async mine(): Promise<number> {
    assert(!this.#closed, 'a closed chain does not mine');
    const height = write(this.#file, () => this.#writeBlock());
    for (const listener of this.#listeners) listener(height);
    return height;
  }

  /** Inside an LMDB transaction: the mempool, in order of arrival, becomes a block. */
  #writeBlock(): number {
    const file = this.#file;
    const previousHeight = tipHeight(file);
    const previous = file.blocks.get(previousHeight)?.header;
    assert(previous !== undefined, 'there is a first block');
    const height = previousHeight + 1;
    const waiting = [...file.mempool.getRange({ limit: BLOCK_TXS_MAX })];
    const feeSats = sum(waiting.map((row) => row.value[1]));
    const reward = feeSats > 0 ? { sats: feeSats, lockingScript: this.#faucet.script } : undefined;
    const first = coinbase(height, reward);
    const txids = [txidOf(first, sha256), ...waiting.map((row) => row.value[0])];
    const nowSeconds = Math.floor(this.#options.clock.nowMs() / 1000);
    const timeSeconds = Math.max(nowSeconds, decodeHeader(previous).time);
    const header = mineHeader({ previous, txids, timeSeconds });
    assertFollows(header, txids, previous);
    void file.transactions.put(txids[0] ?? '', first);
    for (const [index, txid] of txids.entries()) void file.places.put(txid, [height, index]);
    for (const { key } of waiting) void file.mempool.remove(key);
    void file.blocks.put(height, { header, txids });
    void file.meta.put('height', height);
    return height;
  }

  async fund(account: AccountId, amounts: readonly number[]): ReturnType<Faucet['fund']> {
    assert(amounts.length >= 1 && amounts.length <= FUND_OUTPUTS_MAX, 'a funding has 1 to 1,000 outputs');
    assert(
      amounts.every((amount) => isSats(amount) && amount > 0),
      'amounts are positive sats',
    );
    // One after the other, so that two do not pick the same coin.
    const funded = this.#funding.then(async () => await this.#fund(account, amounts));
    this.#funding = funded.catch(() => undefined); // the caller hears of it; the next funding goes on
    return await funded;
  }

  async #fund(account: AccountId, amounts: readonly number[]): ReturnType<Faucet['fund']> {
    const tx = this.#faucet.pay(this.#faucetCoins(sum(amounts) + FAUCET_FEE_SATS_MAX), account, amounts);
    const txid = txidOf(serialiseTransaction(tx), sha256);
    const [outcome] = await this.submit([{ txid, ef: serialiseExtended(tx) }]);
    if (outcome?.outcome !== 'accepted') {
      throw new EngineError('CHAIN_FAILED', {
        message: `the faucet failed: ${outcome?.detail ?? 'no answer'}`,
      });
    }
    return { txid, outputs: amounts.map((sats, vout) => ({ vout, sats })) };
  }

  #faucetCoins(leastSats: number): FaucetCoin[] {
    const coins: FaucetCoin[] = [];
    let total = 0;
    for (const { key, value } of this.#file.faucet.getRange({ limit: FAUCET_INPUTS_MAX })) {
      const [txid = '', vout = ''] = key.split(':');
      coins.push({ txid: txid as Txid, vout: Number(vout), sats: value });
      total += value;
      if (total > leastSats) return coins;
    }
    throw new EngineError('CHAIN_FAILED', { message: `the faucet cannot cover ${leastSats} sats` });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopMining();
    await this.#funding;
    await this.#file.root.close();
  }
}
