/**
 * Connects viewers, so many at a time: a server's queue of connections that it has not accepted yet is finite (512 with
 * uWebSockets.js), and what finds it full is sent again by the kernel a second later. Viewers who lost their connection
 * come back by themselves.
 */
import type { PayingViewer } from '../../loadtest/wire/paying-viewer.ts';

const AT_ONCE = 400;
/** Before another attempt of one that did not get through: the edge is being started again, and needs the machine. */
const RETRY_MS = 100;

export class Connector {
  #waiting: PayingViewer[] = [];
  #stopped = false;
  readonly #underWay = new Set<PayingViewer>();
  readonly #failed = new Set<NodeJS.Timeout>();
  #idle: (() => void)[] = [];

  start(): void {
    this.#stopped = false;
  }

  /** Whoever is lost from now on stays away. */
  stop(): void {
    this.#stopped = true;
    this.#waiting = [];
    this.#underWay.clear();
    for (const timer of this.#failed) clearTimeout(timer);
    this.#failed.clear();
  }

  connect(viewers: readonly PayingViewer[]): void {
    for (const viewer of viewers) this.#waiting.push(viewer);
    this.#next();
  }

  /** Resolves when everybody who was to be connected is. */
  allReady(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  ready(viewer: PayingViewer): void {
    if (this.#underWay.delete(viewer)) this.#next();
  }

  lost(viewer: PayingViewer): void {
    if (this.#stopped) return;
    if (!this.#underWay.delete(viewer)) return this.connect([viewer]);
    const timer = setTimeout(() => {
      this.#failed.delete(timer);
      this.connect([viewer]);
    }, RETRY_MS);
    this.#failed.add(timer);
  }

  get #isIdle(): boolean {
    return this.#waiting.length + this.#underWay.size + this.#failed.size === 0;
  }

  #next(): void {
    while (this.#underWay.size < AT_ONCE) {
      const viewer = this.#waiting.pop();
      if (viewer === undefined) break;
      this.#underWay.add(viewer);
      viewer.connect();
    }
    if (!this.#isIdle) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}
