/** Connections without a network, for tests: what was sent is decoded and kept; `full` makes one take nothing. */
import { assert } from '../../core/assert.ts';
import type { ServerMessage } from '../../protocol/messages.ts';
import { decodeServer } from '../../protocol/server-codec.ts';
import type { Edge } from '../edge.ts';
import type { Session } from '../session.ts';
import type { Socket } from '../socket.ts';

export class FakeSocket implements Socket {
  readonly sent: ServerMessage[] = [];
  readonly topics: Set<string> = new Set();
  full = false;
  buffered = 0;
  closedWith: number | null = null;
  session: Session | null = null;
  readonly #edge: () => Edge;

  constructor(edge: () => Edge) {
    this.#edge = edge;
  }

  send(frame: Uint8Array): boolean {
    assert(this.closedWith === null, 'nothing is sent on a closed socket');
    if (this.full) return false;
    const decoded = decodeServer(frame);
    assert(decoded.ok, 'an edge sends valid frames');
    this.sent.push(decoded.message);
    return true;
  }

  bufferedBytes(): number {
    return this.buffered;
  }

  subscribe(topic: string): void {
    this.topics.add(topic);
  }

  unsubscribe(topic: string): void {
    this.topics.delete(topic);
  }

  end(closeCode: number): void {
    if (this.closedWith !== null) return;
    this.closedWith = closeCode;
    if (this.session !== null) this.#edge().closed(this.session);
  }

  /** As uWebSockets.js does: a full socket misses the frame and says so. */
  published(frame: Uint8Array): void {
    if (this.closedWith === null && !this.send(frame) && this.session !== null) {
      this.#edge().dropped(this.session);
    }
  }

  /** What was sent since the last call. */
  take(): ServerMessage[] {
    return this.sent.splice(0);
  }
}
