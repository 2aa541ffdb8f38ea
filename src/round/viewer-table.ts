/**
 * The accounts that opened streams in a round: what each paid in all, its vote, and its open stream. Derived
 * from the stream rows, so it is not saved. Owned by the round's shard thread; bounded by the streams.
 */
import { assert } from '../core/assert.ts';
import type { AccountId } from '../core/ids.ts';

const NONE = -1;
const CAPACITY_FIRST = 16;

export class ViewerTable {
  readonly accounts: AccountId[] = [];
  readonly byAccount: Map<AccountId, number> = new Map();
  paid: Float64Array = new Float64Array(CAPACITY_FIRST);
  /** Participant voted for, or -1. */
  votes: Int8Array = new Int8Array(CAPACITY_FIRST).fill(NONE);
  /** Slot of the open stream, or -1. */
  openSlots: Int32Array = new Int32Array(CAPACITY_FIRST).fill(NONE);

  /** Slot of the newest stream: it has the viewer's name. */
  newestSlots: Uint32Array = new Uint32Array(CAPACITY_FIRST);

  get count(): number {
    return this.accounts.length;
  }

  /** Number of the account in this round; a new one at first sight. */
  intern(account: AccountId): number {
    const known = this.byAccount.get(account);
    if (known !== undefined) return known;
    const viewer = this.accounts.length;
    if (viewer === this.paid.length) this.#grow();
    this.accounts.push(account);
    this.byAccount.set(account, viewer);
    return viewer;
  }

  account(viewer: number): AccountId {
    const account = this.accounts[viewer];
    assert(account !== undefined, 'the viewer is of this round');
    return account;
  }

  paidSats(viewer: number): number {
    return this.paid[viewer] as number;
  }

  addPaid(viewer: number, sats: number): void {
    this.paid[viewer] = this.paidSats(viewer) + sats;
  }

  /** Null while the viewer has not voted. */
  vote(viewer: number): number | null {
    const vote = this.votes[viewer] as number;
    return vote === NONE ? null : vote;
  }

  setVote(viewer: number, target: number): void {
    this.votes[viewer] = target;
  }

  newestSlot(viewer: number): number {
    return this.newestSlots[viewer] as number;
  }

  setNewestSlot(viewer: number, slot: number): void {
    this.newestSlots[viewer] = slot;
  }

  openSlot(viewer: number): number | null {
    const slot = this.openSlots[viewer] as number;
    return slot === NONE ? null : slot;
  }

  setOpenSlot(viewer: number, slot: number | null): void {
    this.openSlots[viewer] = slot ?? NONE;
  }

  #grow(): void {
    const size = this.paid.length * 2;
    const paid = new Float64Array(size);
    paid.set(this.paid);
    const votes = new Int8Array(size).fill(NONE);
    votes.set(this.votes);
    const openSlots = new Int32Array(size).fill(NONE);
    openSlots.set(this.openSlots);
    const newestSlots = new Uint32Array(size);
    newestSlots.set(this.newestSlots);
    this.newestSlots = newestSlots;
    this.paid = paid;
    this.votes = votes;
    this.openSlots = openSlots;
  }
}
