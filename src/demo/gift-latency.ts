/**
 * Measures how long a gift takes from one viewer to the screen of another: from the call that sends it until
 * a second viewer, chosen beforehand, sees it in the state that it gets over its own connection.
 */
import type { AccountId } from '../core/ids.ts';
import type { PublicGift } from '../round/public-state.ts';

interface Expected {
  readonly observer: number;
  readonly sats: number;
  readonly sentAtMs: number;
}

export class GiftLatency {
  readonly samplesMs: number[] = [];
  readonly #expected = new Map<AccountId, Expected[]>();

  sent(gift: Expected & { readonly from: AccountId }): void {
    const list = this.#expected.get(gift.from);
    if (list === undefined) this.#expected.set(gift.from, [gift]);
    else list.push(gift);
  }

  /** To be called for each gift in a state frame of each viewer. */
  seen(observer: number, gift: PublicGift, nowMs: number): void {
    const list = this.#expected.get(gift.account);
    const at = list?.findIndex((one) => one.observer === observer && one.sats === gift.sats) ?? -1;
    const [one] = at < 0 ? [] : (list?.splice(at, 1) ?? []);
    if (one !== undefined) this.samplesMs.push(nowMs - one.sentAtMs);
  }
}
