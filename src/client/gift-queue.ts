/**
 * Gifts that are not known to be durable, oldest first, with whoever waits for them. One gift is under way at a time:
 * the refusal of a gift can then mean only that one, and a refused gift leaves no later word beyond it.
 */
import { type Refusal, type Code, refuse } from '../core/errors.ts';
import type { PendingGift } from './storage.ts';

export type GiftResult = { readonly ok: true } | Refusal;

export interface GiftOutcome {
  readonly target: number;
  readonly sats: number;
  /** 'accepted' means durable. */
  readonly status: 'sent' | 'accepted' | 'refused';
  /** Why it was refused. */
  readonly code: Code | null;
}

/** More than a person can have under way. */
export const PENDING_GIFTS_MAX = 64;

export class GiftQueue {
  readonly #gifts: PendingGift[];
  readonly #waiting = new Map<PendingGift, (result: GiftResult) => void>();

  /** `gifts` is the record's own list and is changed in place. */
  constructor(gifts: PendingGift[]) {
    this.#gifts = gifts;
  }

  get length(): number {
    return this.#gifts.length;
  }

  get pendingSats(): number {
    return this.#gifts.reduce((sum, gift) => sum + gift.sats, 0);
  }

  /** The oldest gift: the one under way, or the next to send. */
  get head(): PendingGift | undefined {
    return this.#gifts[0];
  }

  /** The gift that was sent and is not answered. */
  get underWay(): PendingGift | undefined {
    const head = this.#gifts[0];
    return head?.span === null ? undefined : head;
  }

  add(gift: PendingGift): Promise<GiftResult> {
    this.#gifts.push(gift);
    return new Promise((resolve) => {
      this.#waiting.set(gift, resolve);
    });
  }

  /** Takes the head out and tells whoever waits. */
  settleHead(code: Code | null): GiftOutcome | undefined {
    const gift = this.#gifts.shift();
    if (gift === undefined) return undefined;
    this.#waiting.get(gift)?.(code === null ? { ok: true } : refuse(code));
    this.#waiting.delete(gift);
    return { target: gift.target, sats: gift.sats, status: code === null ? 'accepted' : 'refused', code };
  }

  /** Nobody will hear from these gifts here any more; they stay pending in the record. */
  abandon(code: Code): void {
    for (const resolve of this.#waiting.values()) resolve(refuse(code));
    this.#waiting.clear();
  }
}
