/**
 * The gifts of a viewer, one after the other: each is under way until it is acknowledged or refused, and while it is
 * nothing else is revealed (docs/PROTOCOL.md, section 10).
 */
import type { Attachment } from './attachment.ts';
import type { Gift, Purse } from './purse.ts';
import type { StreamRequest } from './stream-request.ts';

export class Giving {
  readonly #purse: Purse;
  readonly #attachment: Attachment;
  readonly #request: StreamRequest;
  readonly #acknowledged: (gift: Gift) => void;
  /** A gift that was sent twice on one connection may be refused twice. */
  #repeated = false;
  /** After such a refusal: STREAM says what the engine has. */
  #awaitsGrant = false;

  constructor(of: {
    readonly purse: Purse;
    readonly attachment: Attachment;
    readonly request: StreamRequest;
    readonly acknowledged: (gift: Gift) => void;
  }) {
    this.#purse = of.purse;
    this.#attachment = of.attachment;
    this.#request = of.request;
    this.#acknowledged = of.acknowledged;
  }

  get isDone(): boolean {
    return this.#purse.gifts.length === 0;
  }

  give(target: number, sats: number, dueMs: number): void {
    this.#purse.gifts.push({ target, sats, dueMs, span: null });
    this.sendNext();
  }

  /** Unless one is under way. */
  sendNext(): void {
    const [gift] = this.#purse.gifts;
    if (gift === undefined || gift.span !== null || this.#awaitsGrant) return;
    const { stream, isThere, isClosing } = this.#attachment;
    if (isThere && !isClosing) this.#attachment.sendFrame(this.#purse.giftFrame(stream, gift));
  }

  /** The one under way once more, on another connection. */
  repeat(): void {
    const gift = this.#purse.giftUnderWay;
    if (gift === undefined) return;
    this.#repeated = true;
    this.#attachment.sendFrame(this.#purse.giftFrame(this.#attachment.stream, gift));
  }

  /** Whether the one under way is acknowledged by now: then the next one follows. */
  advance(): boolean {
    const gift = this.#purse.takeAcknowledgedGift();
    if (gift === undefined) return false;
    this.#repeated = false;
    this.#acknowledged(gift);
    this.sendNext();
    return true;
  }

  refused(): void {
    if (this.#awaitsGrant || this.#purse.takeBackGift() === undefined) return;
    this.#awaitsGrant = this.#repeated;
    this.#repeated = false;
    if (this.#awaitsGrant) this.#request.send();
    else this.sendNext();
  }

  granted(): void {
    this.#awaitsGrant = false;
  }

  /** The connection is gone. */
  lost(): void {
    this.#repeated = false;
  }
}
