/**
 * The treasury's side of the books: coins on chain, what is promised of them, and whether all agree. Owned by
 * main; callers see to it that nothing else changes coins meanwhile (the service's queue).
 */
import { assert } from '../core/assert.ts';
import { EngineError } from '../core/errors.ts';
import type { AccountId } from '../core/ids.ts';
import { type Sats, sats } from '../core/sats.ts';
import { fundingEntry } from '../ledger/entries.ts';
import { type LedgerAccount, ledgerAccounts } from '../ledger/journal.ts';
import { payeeLedgerAccount } from '../ledger/payouts.ts';
import type { Faucet } from '../ports/chain.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import { decodePlan, payeesOfTransaction } from './plan.ts';

/** Coins that a treasury should have, so that settlements do not queue behind one. */
export const COINS_WANTED = 48;
/** Coins of one settlement that are looked at. */
export const COINS_READ_MAX = 512;
const COINS_MIN = COINS_WANTED / 2;
const FAUCET_COIN_SATS = 100_000_000;
/** Behind development accounts; less than this asks for more. */
const OPERATOR_SATS_MIN = (COINS_WANTED / 2) * FAUCET_COIN_SATS;

export interface Reconciliation {
  /** Everything below agrees to the sat, and what is owed is covered. */
  readonly balanced: boolean;
  /** What the ledger says the coins are worth. */
  readonly ledgerSats: number;
  /** What the coins are worth: unspent, without change of transactions that were not accepted yet. */
  readonly coinSats: number;
  /** What belongs to viewers, payees and rounds. */
  readonly liabilitiesSats: number;
  readonly operatorSats: number;
  /** Paid to miners so far. */
  readonly minerFeeSats: number;
  /** Of all balances; not zero would be a bug of the books. */
  readonly ledgerSumSats: number;
}

export interface TreasuryOptions {
  readonly store: Store;
  readonly account: AccountId;
  /** Null where coins have to be bought. */
  readonly faucet: Faucet | null;
  readonly clock: Clock;
}

export class Treasury {
  readonly #options: TreasuryOptions;

  constructor(options: TreasuryOptions) {
    this.#options = options;
  }

  /** Asks the faucet, where there is one, when coins or the operator's funds are low. */
  async ensure(): Promise<void> {
    const { store, faucet, account, clock } = this.#options;
    if (faucet === null) return;
    const [coins, operatorSats] = await Promise.all([
      store.freeCoins(COINS_MIN),
      store.readBalance(ledgerAccounts.operator),
    ]);
    const enough = coins.filter((coin) => coin.sats >= FAUCET_COIN_SATS / 10).length >= COINS_MIN;
    if (enough && operatorSats >= OPERATOR_SATS_MIN) return;
    const amounts = Array.from({ length: COINS_WANTED }, () => FAUCET_COIN_SATS);
    const { txid, outputs } = await faucet.fund(account, amounts);
    await store.addCoins({
      coins: outputs.map((output) => ({ txid, ...output })),
      entry: fundingEntry({ key: txid, sats: COINS_WANTED * FAUCET_COIN_SATS, atMs: clock.nowMs() }),
    });
  }

  /**
   * Balances of these accounts, less what signed transactions that are not booked yet will take from them.
   * @throws {EngineError} when a payout is booked meanwhile, as one that was reported in doubt may be: read again.
   */
  async carriedIn(accounts: readonly LedgerAccount[]): Promise<(readonly [LedgerAccount, Sats])[]> {
    const { promised } = await this.#unbooked();
    return await Promise.all(
      accounts.map(async (account) => {
        const balance = await this.#options.store.readBalance(account);
        const free = balance - (promised.get(account) ?? 0);
        if (free < 0) {
          throw new EngineError('STORE_FAILED', {
            message: `${account} has ${balance} sats and has promised ${balance - free}: a payout was booked meanwhile.`,
          });
        }
        return [account, sats(free)] as const;
      }),
    );
  }

  async reconcile(): Promise<Reconciliation> {
    const { store } = this.#options;
    const [balances, coinTotal, { changeSats }] = await Promise.all([
      store.trialBalance(),
      store.coinTotalSats(),
      this.#unbooked(),
    ]);
    const of = (account: LedgerAccount): number => balances.get(account) ?? 0;
    let ledgerSumSats = 0;
    let liabilitiesSats = 0;
    const contra = new Set<LedgerAccount>([
      ledgerAccounts.treasury,
      ledgerAccounts.fees,
      ledgerAccounts.operator,
    ]);
    for (const [account, balance] of balances) {
      ledgerSumSats += balance;
      if (!contra.has(account)) liabilitiesSats += balance;
    }
    const ledgerSats = 0 - of(ledgerAccounts.treasury);
    const coinSats = coinTotal - changeSats;
    const agree = ledgerSumSats === 0 && ledgerSats === coinSats && liabilitiesSats <= coinSats;
    return {
      balanced: agree,
      ledgerSats,
      coinSats,
      liabilitiesSats,
      operatorSats: of(ledgerAccounts.operator),
      minerFeeSats: 0 - of(ledgerAccounts.fees),
      ledgerSumSats,
    };
  }

  /** What signed transactions that the network has not accepted yet will pay, by account, and return. */
  async #unbooked(): Promise<{
    readonly promised: ReadonlyMap<LedgerAccount, number>;
    readonly changeSats: number;
  }> {
    const { store } = this.#options;
    const open = await store.openTransactions();
    const promised = new Map<LedgerAccount, number>();
    let changeSats = 0;
    for (const { txid, roundId } of open.filter((transaction) => transaction.status === 'planned')) {
      const record = await store.readSettlement(roundId);
      assert(record !== undefined, `transaction ${txid} belongs to a settlement`);
      const plan = decodePlan(record.plan);
      changeSats += plan.transactions.find((planned) => planned.txid === txid)?.changeSats ?? 0;
      for (const payee of payeesOfTransaction(plan, txid)) {
        const account = payeeLedgerAccount(payee);
        promised.set(account, (promised.get(account) ?? 0) + payee.paidSats);
      }
    }
    return { promised, changeSats };
  }
}
