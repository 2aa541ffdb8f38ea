/**
 * The BSV network of a run: real transactions, real signatures, real Merkle paths and headers with proof of work, in
 * memory. A coin is spent once on the best chain; a reorganisation takes blocks away and gives what was in them back
 * to the mempool. What lies between is unreliable: answers get lost, are ambiguous, or refuse what is fine.
 */
import { decodeHeader, encodeMerklePath } from '../core/block.ts';
import { equalBytes } from '../core/bytes.ts';
import { EngineError } from '../core/errors.ts';
import type { AccountId, Txid } from '../core/ids.ts';
import { createSighasher } from '../core/sighash.ts';
import {
  type ExtendedTx,
  displayHash,
  parseExtended,
  serialiseTransaction,
  txidOf,
} from '../core/transaction.ts';
import { coinbase, hashOrder, mineHeader } from '../chain/dev/blocks.ts';
import { FaucetWallet, GENESIS_SATS } from '../chain/dev/faucet.ts';
import { unlocksP2pkh } from '../chain/dev/scripts.ts';
import { checkStatic } from '../chain/dev/static-rules.ts';
import { sha256 } from '../platform/hash.ts';
import type { Broadcaster, ChainTransaction, Faucet, HeaderSource, SubmitOutcome } from '../ports/chain.ts';
import type { RunContext } from './run-context.ts';
import type { Life } from './scheduler.ts';
import { EPOCH_MS } from './sim-clock.ts';

interface Block {
  readonly header: Uint8Array;
  readonly txids: readonly Txid[];
}

interface Known {
  readonly tx: ExtendedTx;
  readonly raw: Uint8Array;
}

const REORG_BLOCKS_MAX = 3;

export class SimChain {
  readonly #context: RunContext;
  readonly #faucet: FaucetWallet;
  readonly #blocks: Block[] = [];
  readonly #known = new Map<Txid, Known>();
  readonly #spent = new Map<string, Txid>();
  #mempool: Txid[] = [];
  readonly #faucetCoins: { txid: Txid; vout: number; sats: number }[] = [];
  readonly #listeners = new Set<{ readonly life: Life; readonly run: (height: number) => void }>();

  constructor(context: RunContext) {
    this.#context = context;
    this.#faucet = new FaucetWallet(context.chance.fork().asRandom().bytes(32));
    const first = txidOf(coinbase(0, { sats: GENESIS_SATS, lockingScript: this.#faucet.script }), sha256);
    this.#add(this.#faucet.split(first));
    this.#mine();
    this.#mineLater();
  }

  /** Everything the network knows, on the best chain or waiting for a block. */
  transaction(txid: Txid): ExtendedTx | undefined {
    return this.#known.get(txid)?.tx;
  }

  isMined(txid: Txid): boolean {
    return this.#placeOf(txid) !== undefined;
  }

  /** As one process sees it; answers die with the caller. */
  client(caller: Life): Broadcaster & HeaderSource & Faucet {
    return {
      submit: (transactions) =>
        this.#asked(caller, 'submit', () => transactions.map((each) => this.#answered(each))),
      status: (txid) => this.#asked(caller, 'status', () => this.#status(txid)),
      currentHeight: () => this.#own(caller, () => this.#blocks.length - 1),
      header: (height) => this.#own(caller, () => this.#blocks[height]?.header),
      isValidRootForHeight: (rootHex, height) =>
        this.#own(caller, () => {
          const header = this.#blocks[height]?.header;
          return header !== undefined && displayHash(decodeHeader(header).merkleRoot) === rootHex;
        }),
      onBlock: (run) => {
        const listener = { life: caller, run };
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      fund: (account, amounts) => this.#asked(caller, 'fund', () => this.#fund(account, amounts)),
    };
  }

  /** Over the network: may fail on the way there or on the way back. */
  #asked<T>(caller: Life, label: string, answer: () => T): Promise<T> {
    const { scheduler, chance, plan, world } = this.#context;
    return new Promise((resolve, reject) => {
      scheduler.after(world, chance.delay(plan.chain.delayMs), label, () => {
        const lost = label !== 'fund' && this.#happens(plan.chain.lostAnswerChance);
        const arrived = !lost || chance.chance(0.5);
        const value = arrived ? answer() : undefined;
        scheduler.after(caller, chance.delay(plan.chain.delayMs), `${label} answered`, () => {
          if (lost)
            reject(new EngineError('CHAIN_FAILED', { message: `simulated: ${label}`, inDoubt: true }));
          else resolve(value as T);
        });
      });
    });
  }

  /** The process's own view of the headers. */
  #own<T>(caller: Life, answer: () => T): Promise<T> {
    const { scheduler } = this.#context;
    return new Promise((resolve) => {
      scheduler.after(caller, 0.1, 'headers', () => resolve(answer()));
    });
  }

  #happens(probability: number): boolean {
    return this.#context.faults.on && this.#context.chance.chance(probability);
  }

  #answered({ txid, ef }: { readonly txid: Txid; readonly ef: Uint8Array }): SubmitOutcome {
    const { plan, observer } = this.#context;
    observer.broadcast(txid, ef);
    // A node that is behind refuses what spends coins it has not heard of; nothing is wrong with the transaction.
    if (this.#happens(plan.chain.refusedChance))
      return { txid, outcome: 'rejected', detail: 'simulated: orphan' };
    const refusal = this.#accept(txid, ef);
    if (this.#happens(plan.chain.unknownChance)) return { txid, outcome: 'unknown', detail: 'simulated' };
    return refusal === undefined
      ? { txid, outcome: 'accepted', detail: 'seen' }
      : { txid, outcome: 'rejected', detail: refusal };
  }

  /** Undefined when the network has it. */
  #accept(txid: Txid, ef: Uint8Array): string | undefined {
    if (this.#known.has(txid)) return undefined;
    const tx = parseExtended(ef);
    if (tx === undefined) return 'not a transaction';
    const raw = serialiseTransaction(tx);
    if (txidOf(raw, sha256) !== txid) return 'another transaction';
    const problem = checkStatic(tx, raw.length);
    if (problem !== undefined) return `rule: ${JSON.stringify(problem)}`;
    const digest = createSighasher(tx, sha256);
    for (const [index, input] of tx.inputs.entries()) {
      const outpoint = `${input.txid}:${input.vout}`;
      const source = this.#known.get(input.txid)?.tx.outputs[input.vout];
      if (source === undefined) return `${outpoint} does not exist`;
      if (this.#spent.has(outpoint)) return `${outpoint} was spent by ${this.#spent.get(outpoint)}`;
      if (source.sats !== input.sourceSats || !equalBytes(source.lockingScript, input.sourceScript)) {
        return `${outpoint} is something else`;
      }
      if (!unlocksP2pkh(tx, index, digest)) return `${outpoint} is not unlocked`;
    }
    this.#add(tx);
    return undefined;
  }

  #add(tx: ExtendedTx): Txid {
    const raw = serialiseTransaction(tx);
    const txid = txidOf(raw, sha256);
    this.#known.set(txid, { tx, raw });
    this.#mempool.push(txid);
    for (const { txid: from, vout } of tx.inputs) this.#spent.set(`${from}:${vout}`, txid);
    for (const [vout, { sats, lockingScript }] of tx.outputs.entries()) {
      if (equalBytes(lockingScript, this.#faucet.script)) this.#faucetCoins.push({ txid, vout, sats });
    }
    return txid;
  }

  #status(txid: Txid): ChainTransaction | undefined {
    if (!this.#known.has(txid)) return undefined;
    const place = this.#placeOf(txid);
    if (place === undefined) return { txid, status: 'accepted', merklePath: null, blockHeight: null };
    const { height, index, block } = place;
    const merklePath = encodeMerklePath(hashOrder(block.txids), index, height, sha256);
    return { txid, status: 'mined', merklePath, blockHeight: height };
  }

  #placeOf(
    txid: Txid,
  ): { readonly height: number; readonly index: number; readonly block: Block } | undefined {
    for (let height = this.#blocks.length - 1; height >= 0; height--) {
      const block = this.#blocks[height] as Block;
      const index = block.txids.indexOf(txid);
      if (index >= 0) return { height, index, block };
    }
    return undefined;
  }

  #fund(account: AccountId, amounts: readonly number[]): Awaited<ReturnType<Faucet['fund']>> {
    let total = 0;
    const wanted = amounts.reduce((sum, sats) => sum + sats, 10_000);
    const coins: { txid: Txid; vout: number; sats: number }[] = [];
    while (total <= wanted) {
      const coin = this.#faucetCoins.shift();
      if (coin === undefined) throw new Error('the faucet of the simulation ran dry');
      coins.push(coin);
      total += coin.sats;
    }
    const tx = this.#faucet.pay(coins, account, amounts);
    const txid = this.#add(tx);
    return { txid, outputs: amounts.map((sats, vout) => ({ vout, sats })) };
  }

  #mineLater(): void {
    const { scheduler, chance, plan, world, trace } = this.#context;
    const late = this.#happens(0.1) ? plan.chain.blockMs * 4 : 0;
    scheduler.after(world, plan.chain.blockMs * (0.5 + chance.real()) + late, 'block', () => {
      if (this.#happens(plan.chain.reorgChance)) this.#reorganise();
      this.#mine();
      const height = this.#blocks.length - 1;
      trace.line(scheduler.nowMs, 'chain', () => `block ${height}`);
      for (const { life, run } of this.#listeners) {
        scheduler.after(life, chance.delay(plan.chain.delayMs), 'block heard', () => run(height));
      }
      this.#mineLater();
    });
  }

  #mine(): void {
    const height = this.#blocks.length;
    const txids = [txidOf(coinbase(height, undefined), sha256), ...this.#mempool];
    this.#mempool = [];
    const timeSeconds = Math.floor((EPOCH_MS + this.#context.scheduler.nowMs) / 1000);
    this.#blocks.push({
      header: mineHeader({ previous: this.#blocks.at(-1)?.header, txids, timeSeconds }),
      txids,
    });
  }

  /** The newest blocks give way to others that have none of their transactions yet, and are one more. */
  #reorganise(): void {
    const { chance, trace, scheduler } = this.#context;
    const depth = Math.min(chance.between(1, REORG_BLOCKS_MAX), this.#blocks.length - 1);
    if (depth <= 0) return;
    trace.line(scheduler.nowMs, 'chain', () => `reorganisation of ${depth} blocks`);
    const gone = this.#blocks.splice(this.#blocks.length - depth);
    const waiting = [...gone.flatMap(({ txids }) => txids.slice(1)), ...this.#mempool];
    this.#mempool = [];
    for (let no = 0; no < depth; no++) this.#mine();
    this.#mempool = waiting;
  }
}
