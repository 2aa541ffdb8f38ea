/**
 * One viewer's place in a load process: the persons who take it one after the other, and what is to be done when a
 * connection ends, by intent or not.
 */
import { reconnectAdvice } from '../../src/protocol/close-codes.ts';
import type { StreamEndReason } from '../../src/round/effects.ts';
import { PayingViewer, type ViewerHost } from '../wire/paying-viewer.ts';
import type { StreamLedger } from '../wire/purse.ts';
import type { ViewerCounts, ViewerSetup } from '../wire/viewer-setup.ts';
import type { Guest } from './guests.ts';
import { AWAY_MS, type ViewerRole } from './plan.ts';
import type { Probe } from './sightings.ts';

/** The process, as its slots see it. */
export interface SlotHost {
  readonly counts: ViewerCounts;
  nowMs(): number;
  setup(slot: Slot, guest: Guest): ViewerSetup;
  /** `slot.connect()` is to be called then. */
  comeBack(slot: Slot, atMs: number): void;
  joined(slot: Slot, latencyMs: number, again: boolean): void;
  giftAcknowledged(latencyMs: number): void;
  state(slot: Slot, frame: Uint8Array): void;
  refused(slot: Slot, code: string): void;
  readsAtOnce(slot: Slot): boolean;
  /** After it no connection is made again. */
  readonly finished: boolean;
}

/** Some seconds of frames are some kilobytes, which the kernel keeps. */
const READ_EVERY_PAYS = 4;
const BACK_OFF_MS = 500;
const BACK_OFF_MS_MAX = 15_000;
const LATER_MS = 5_000;
const HUNG_UP = 1_000;

export class Slot implements ViewerHost {
  /** Among the slots of its process. */
  readonly place: number;
  /** Its viewer's number in the plan. */
  readonly index: number;
  readonly role: ViewerRole;
  /** Its state frames are looked at; null: they are only counted. */
  reader: Probe | null = null;
  readonly counts: ViewerCounts;
  readonly #host: SlotHost;
  readonly #guests: readonly Guest[];
  #guest = 0;
  #viewer: PayingViewer | null = null;
  readonly #gone: StreamLedger[] = [];
  /** Why the connection is about to end. */
  #expects: 'nothing' | 'drop' | 'leave' = 'nothing';
  #connectDueMs = 0;
  #joins = 0;
  #failures = 0;
  #pays = 0;
  #awayUntilMs = 0;

  constructor(
    host: SlotHost,
    input: {
      readonly place: number;
      readonly viewer: number;
      readonly role: ViewerRole;
      readonly guests: readonly Guest[];
    },
  ) {
    this.#host = host;
    this.place = input.place;
    this.index = input.viewer;
    this.role = input.role;
    this.#guests = input.guests;
    this.counts = host.counts;
  }

  get guests(): readonly Guest[] {
    return this.#guests;
  }

  get viewer(): PayingViewer | null {
    return this.#viewer;
  }

  /** Pays, or would if its round still ran. */
  get isThere(): boolean {
    const viewer = this.#viewer;
    return viewer !== null && viewer.isConnected && (viewer.isAttached || viewer.isOver);
  }

  get ledgers(): readonly StreamLedger[] {
    return this.#viewer === null ? this.#gone : [...this.#gone, this.#viewer.ledger];
  }

  /** For the first time, or again. */
  connect(dueMs: number): void {
    const guest = this.#guests[this.#guest];
    if (guest === undefined || this.#host.finished || this.#viewer?.isConnected === true) return;
    this.#connectDueMs = dueMs;
    this.#viewer ??= new PayingViewer(this.#host.setup(this, guest), this);
    this.#viewer.connect();
  }

  /** `awayMs` more than the usual absence. */
  drop(awayMs: number): void {
    if (this.#viewer?.isConnected !== true || this.#expects === 'leave') return;
    this.#expects = 'drop';
    this.#awayUntilMs = this.nowMs() + AWAY_MS + awayMs;
    this.#viewer.drop();
  }

  replace(): void {
    if (!this.isThere || this.#expects !== 'nothing') return;
    this.#expects = 'leave';
    this.#viewer?.resumeReading();
    this.#viewer?.leave();
  }

  nowMs(): number {
    return this.#host.nowMs();
  }

  attached(viewer: PayingViewer): void {
    this.#failures = 0;
    this.#joins++;
    this.#host.joined(this, this.nowMs() - this.#connectDueMs, this.#joins > 1);
    if (this.role === 'slow') viewer.pauseReading();
    else if (this.#isLazy) viewer.readOnce();
  }

  /** Pays for what was watched; and it is time to read, for those who do not read at once. */
  pay(dueMs: number): void {
    const viewer = this.#viewer;
    if (viewer === null) return;
    this.#pays++;
    const isTime = this.#pays % READ_EVERY_PAYS === 0;
    if (isTime && this.#isLazy && viewer.isAttached && this.#expects === 'nothing') viewer.readOnce();
    viewer.pay(dueMs);
  }

  /** Reads now and then, when it pays: nothing that it receives is timed. */
  get #isLazy(): boolean {
    return this.role === 'steady' && this.reader === null && !this.#host.readsAtOnce(this);
  }

  giftAcknowledged(_: PayingViewer, { dueMs }: { readonly dueMs: number }): void {
    this.#host.giftAcknowledged(this.nowMs() - dueMs);
  }

  state(_: PayingViewer, frame: Uint8Array): void {
    this.#host.state(this, frame);
  }

  refused(_: PayingViewer, code: string): void {
    this.#host.refused(this, code);
  }

  ended(_: PayingViewer, reason: StreamEndReason): void {
    const expected = reason === 'roundOver' || (reason === 'closed' && this.#expects === 'leave');
    if (!expected) this.#host.refused(this, `ended ${reason}`);
  }

  closed(viewer: PayingViewer, code: number): void {
    const expected = this.#expects;
    this.#expects = 'nothing';
    if (this.#host.finished) return;
    if (expected === 'leave' && (code === HUNG_UP || viewer.isOver)) {
      this.#gone.push(viewer.ledger);
      this.#viewer = null;
      this.#guest++;
      this.#joins = 0;
      this.#host.comeBack(this, this.nowMs());
    } else if (expected === 'drop') {
      this.#host.comeBack(this, this.#awayUntilMs);
    } else {
      this.#host.refused(this, `close ${code}`);
      if (viewer.isOver) return;
      const backOff = Math.min(BACK_OFF_MS * 2 ** this.#failures, BACK_OFF_MS_MAX);
      this.#failures++;
      // Somebody who is told never to come back would not; here the place is wanted.
      this.#host.comeBack(
        this,
        this.nowMs() +
          (reconnectAdvice(code) === 'now' ? backOff : Math.max(backOff, code < 4_000 ? 0 : LATER_MS)),
      );
    }
  }
}
