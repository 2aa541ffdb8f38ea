/**
 * What a viewer wants of its round besides paying: whom it watches, its vote, its claps. Each is sent as a whole, so what
 * was lost with a connection, or refused, is made up for by sending it again.
 */
import { FRAME, type StreamMessage } from '../../src/protocol/messages.ts';
import type { Attachment } from './attachment.ts';
import type { ViewerSetup } from './viewer-setup.ts';

export class Wishes {
  readonly #attachment: Attachment;
  readonly #claps: number[];
  #clapsRefused = false;
  #vote: number | null = null;
  #watching: number;

  constructor({ watching, round }: ViewerSetup, attachment: Attachment) {
    this.#attachment = attachment;
    this.#watching = watching;
    this.#claps = Array.from({ length: round.participants }, () => 0);
  }

  /** By index of the participant. */
  get watching(): number {
    return this.#watching;
  }

  watch(target: number): void {
    this.#watching = target;
    this.#sendWatch(target);
  }

  watchNobody(): void {
    this.#sendWatch(null);
  }

  vote(target: number): void {
    this.#vote = target;
    this.#attachment.send({ type: FRAME.VOTE, stream: this.#attachment.stream, target });
  }

  /** `count` more. */
  clap(target: number, count: number): void {
    const total = (this.#claps[target] ?? 0) + count;
    this.#claps[target] = total;
    this.#sendClaps(target, total);
  }

  clapsRefused(): void {
    this.#clapsRefused = true;
  }

  repeatRefusedClaps(): void {
    if (this.#clapsRefused) this.#repeatClaps(null);
  }

  /** What the round does not know of the vote and the claps. */
  repeatActs({ vote, claps }: StreamMessage): void {
    if (this.#vote !== null && vote === null) this.vote(this.#vote);
    this.#repeatClaps(claps);
  }

  repeatWatch({ watching }: StreamMessage): void {
    if (watching !== this.#watching) this.#sendWatch(this.#watching);
  }

  #repeatClaps(known: readonly number[] | null): void {
    this.#clapsRefused = false;
    for (const [target, count] of this.#claps.entries()) {
      if (count > (known?.[target] ?? 0)) this.#sendClaps(target, count);
    }
  }

  #sendClaps(target: number, count: number): void {
    this.#attachment.send({ type: FRAME.CLAP, stream: this.#attachment.stream, target, count });
  }

  #sendWatch(target: number | null): void {
    this.#attachment.send({ type: FRAME.WATCH, stream: this.#attachment.stream, target });
  }
}
