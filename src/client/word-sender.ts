/** Puts words into messages: PAY for watching, GIFT for gifts. Sends nothing while the stream has no number. */
import { assert } from '../core/assert.ts';
import { type ClientMessage, FRAME } from '../protocol/messages.ts';
import type { HashChain } from '../voucher/hash-chain.ts';
import type { WordReveal } from '../voucher/types.ts';
import type { PendingGift } from './storage.ts';

export class WordSender {
  readonly #words: readonly HashChain[];
  readonly #send: (message: ClientMessage) => boolean;

  /** `words`: the chains of the stream, in order. */
  constructor(words: readonly HashChain[], send: (message: ClientMessage) => boolean) {
    this.#words = words;
    this.#send = send;
  }

  watch(stream: number | null, target: number, at: { readonly chain: number; readonly index: number }): void {
    if (stream !== null)
      this.#send({ type: FRAME.PAY, stream, target, reveal: this.#reveal(at.chain, at.index) });
  }

  /** The same words each time: a gift has its span from when it is first sent. */
  gift(stream: number | null, gift: PendingGift): void {
    const { span, target } = gift;
    if (stream === null || span === null) return;
    const reveals = span.to.flatMap((index, chain) =>
      index > (span.from[chain] ?? 0) ? [this.#reveal(chain, index)] : [],
    );
    this.#send({ type: FRAME.GIFT, stream, target, reveals });
  }

  #reveal(chain: number, index: number): WordReveal {
    const words = this.#words[chain];
    assert(words !== undefined, 'a word of a chain that exists');
    return { chain, index, word: words.word(index) };
  }
}
