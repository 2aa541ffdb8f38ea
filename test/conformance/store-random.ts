/**
 * Random sequences of what moves money, each also run on a model of a few lines: every answer agrees,
 * balances and holds agree, nothing is below zero, and everything together is zero.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ledgerAccounts } from '../../src/ledger/journal.ts';
import type { Store } from '../../src/ports/store.ts';
import {
  accountId,
  closingEntry,
  fundOperator,
  ownedRound,
  roundIdOf,
  streamId,
  transfer,
  trialSum,
} from './fixtures.ts';
import type { StoreUnderTest } from './store-under-test.ts';

const VIEWERS = 3;
const STREAMS = 6;
const ROUNDS = 2;

const viewerNo = fc.nat(VIEWERS - 1);
const streamNo = fc.nat(STREAMS - 1);
const roundNo = fc.nat(ROUNDS - 1);
const amount = fc.integer({ min: 1, max: 120 });

const command = fc.oneof(
  fc.record({ kind: fc.constant('fund' as const), id: fc.nat(5), to: viewerNo, sats: amount }),
  fc.record({
    kind: fc.constant('move' as const),
    id: fc.nat(5),
    from: viewerNo,
    to: viewerNo,
    sats: amount,
  }),
  fc.record({
    kind: fc.constant('hold' as const),
    stream: streamNo,
    round: roundNo,
    viewer: viewerNo,
    sats: amount,
  }),
  fc.record({ kind: fc.constant('shrink' as const), stream: streamNo, toSats: fc.nat(120) }),
  fc.record({ kind: fc.constant('refund' as const), round: roundNo, id: fc.nat(2) }),
);
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;
type Step<K extends Command['kind']> = Extract<Command, { kind: K }>;

/** What the port promises, for one sequence. Each method answers whether the store has to say ok. */
class Model {
  readonly available: number[] = Array.from({ length: VIEWERS }, () => 0);
  readonly holds = new Map<number, { readonly round: number; readonly viewer: number; sats: number }>();
  readonly #entries = new Set<string>();

  apply(step: Command): boolean {
    if (step.kind === 'fund') return this.#fund(step);
    if (step.kind === 'move') return this.#move(step);
    if (step.kind === 'hold') return this.#hold(step);
    if (step.kind === 'shrink') this.#shrink(step);
    else this.#refund(step);
    return true;
  }

  heldBy(viewer: number): number {
    let sum = 0;
    for (const hold of this.holds.values()) if (hold.viewer === viewer) sum += hold.sats;
    return sum;
  }

  #change(viewer: number, sats: number): void {
    this.available[viewer] = (this.available[viewer] ?? 0) + sats;
  }

  #fund({ id, to, sats }: Step<'fund'>): boolean {
    if (this.#entries.has(`fund:${id}`)) return true;
    this.#entries.add(`fund:${id}`);
    this.#change(to, sats);
    return true;
  }

  #move({ id, from, to, sats }: Step<'move'>): boolean {
    if (this.#entries.has(`move:${id}`)) return true;
    if (from !== to && (this.available[from] ?? 0) < sats) return false;
    this.#entries.add(`move:${id}`);
    this.#change(from, -sats);
    this.#change(to, sats);
    return true;
  }

  #hold({ stream, round, viewer, sats }: Step<'hold'>): boolean {
    const before = this.holds.get(stream);
    if (before !== undefined) {
      return before.round === round && before.viewer === viewer && before.sats === sats;
    }
    if ((this.available[viewer] ?? 0) < sats) return false;
    this.#change(viewer, -sats);
    this.holds.set(stream, { round, viewer, sats });
    return true;
  }

  #shrink({ stream, toSats }: Step<'shrink'>): void {
    const hold = this.holds.get(stream);
    if (hold === undefined || hold.sats <= toSats) return;
    this.#change(hold.viewer, hold.sats - toSats);
    hold.sats = toSats;
  }

  #refund({ round, id }: Step<'refund'>): void {
    if (this.#entries.has(`refund:${round}:${id}`)) return;
    for (const hold of this.holds.values()) {
      if (hold.round !== round || hold.sats === 0) continue;
      this.#entries.add(`refund:${round}:${id}`);
      this.#change(hold.viewer, hold.sats);
      hold.sats = 0;
    }
  }
}

/** The same on a store; ids are salted with the number of the sequence, so that all share one store. */
class Subject {
  readonly #store: Store;
  readonly #salt: number;

  constructor(store: Store, salt: number) {
    this.#store = store;
    this.#salt = salt;
  }

  viewer(no: number): ReturnType<typeof accountId> {
    return accountId(this.#salt * 100 + no);
  }

  round(no: number): ReturnType<typeof roundIdOf> {
    return roundIdOf(`${this.#salt}-${no}`);
  }

  async apply(step: Command): Promise<boolean> {
    if (step.kind === 'fund') return this.#fund(step);
    if (step.kind === 'move') return this.#move(step);
    if (step.kind === 'hold') return this.#hold(step);
    if (step.kind === 'refund') return this.#refund(step);
    const shrink = { streamId: this.#stream(step.stream), toSats: step.toSats, atMs: 2 };
    await this.#store.shrinkHold(shrink);
    return true;
  }

  #stream(no: number): ReturnType<typeof streamId> {
    return streamId(this.#salt * 100 + no);
  }

  async #fund({ id, to, sats }: Step<'fund'>): Promise<boolean> {
    const account = ledgerAccounts.available(this.viewer(to));
    const entry = transfer(`fund:${this.#salt}:${id}`, ledgerAccounts.operator, account, sats);
    return (await this.#store.post(entry)).ok;
  }

  async #move({ id, from, to, sats }: Step<'move'>): Promise<boolean> {
    const source = ledgerAccounts.available(this.viewer(from));
    const target = ledgerAccounts.available(this.viewer(to));
    return (await this.#store.post(transfer(`move:${this.#salt}:${id}`, source, target, sats))).ok;
  }

  async #hold({ stream, round, viewer, sats }: Step<'hold'>): Promise<boolean> {
    const hold = {
      streamId: this.#stream(stream),
      roundId: this.round(round),
      account: this.viewer(viewer),
      sats,
    };
    return (await this.#store.hold({ ...hold, atMs: 1 })).ok;
  }

  async #refund({ round, id }: Step<'refund'>): Promise<boolean> {
    const roundId = this.round(round);
    const holds = await this.#store.holdsOfRound(roundId);
    const input = { paidSats: 0, payee: this.viewer(0) };
    const entry = closingEntry(`refund:${this.#salt}:${round}:${id}`, holds, input);
    return (await this.#store.commitRefund({ roundId, generation: 1, entry })).ok;
  }
}

export function randomCases(current: () => StoreUnderTest): void {
  describe('random sequences', () => {
    it('agree with the model and always sum to zero', async () => {
      const { store } = current();
      await fundOperator(store, { no: 1, sats: 10_000_000 });
      let salt = 0;
      const agrees = fc.asyncProperty(fc.array(command, { maxLength: 40 }), async (steps) => {
        const subject = new Subject(store, ++salt);
        const model = new Model();
        for (let no = 0; no < ROUNDS; no++) await ownedRound(store, subject.round(no));
        for (const step of steps) {
          expect(await subject.apply(step)).toBe(model.apply(step));
          expect(await trialSum(store)).toBe(0);
        }
        for (let no = 0; no < VIEWERS; no++) {
          const balances = { availableSats: model.available[no], heldSats: model.heldBy(no), earnedSats: 0 };
          expect(await store.readBalances(subject.viewer(no))).toEqual(balances);
        }
        for (const [account, balance] of await store.trialBalance()) {
          if (account !== ledgerAccounts.treasury) expect(balance).toBeGreaterThan(0);
        }
      });
      await fc.assert(agrees, { numRuns: 60, interruptAfterTimeLimit: 4_000 });
    });
  });
}
