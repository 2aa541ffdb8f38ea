import { describe, expect, it } from 'vitest';
import { type Audience, FanOut } from './fan-out.ts';

const HANDLE = 7;

/** Frames are numbers here; `sent` has `topic:frame` in order. */
class Rig {
  readonly sent: string[] = [];
  readonly audiences: Audience[] = [];
  #deferred: (() => void)[] = [];
  readonly fanOut: FanOut = new FanOut({
    publish: (topic, [frame]) => void this.sent.push(`${topic.split('/')[1]}:${frame}`),
    limits: { audienceMax: 2, deliveriesPerTurn: 4 },
    defer: (run) => void this.#deferred.push(run),
  });

  constructor(followers: number) {
    for (let no = 0; no < followers; no++) this.fanOut.join(this.audiences, HANDLE);
  }

  publish(frame: number): void {
    this.fanOut.publish(this.audiences, Uint8Array.of(frame));
  }

  /** False when there was nothing to do. */
  turn(): boolean {
    const [run] = this.#deferred.splice(0);
    run?.();
    return run !== undefined;
  }
}

describe('a frame', () => {
  it('reaches a small round at once', () => {
    const rig = new Rig(4);
    rig.publish(1);
    expect(rig.sent).toEqual(['0:1', '1:1']);
    expect(rig.turn()).toBe(false);
  });

  it('reaches a large round some audiences at a turn', () => {
    const rig = new Rig(9);
    rig.publish(1);
    expect(rig.sent).toEqual(['0:1', '1:1']);
    rig.turn();
    expect(rig.sent).toEqual(['0:1', '1:1', '2:1', '3:1']);
    rig.turn();
    expect(rig.sent.slice(4)).toEqual(['4:1']);
    expect(rig.turn()).toBe(false);
  });

  it('waits for nobody twice: one that comes meanwhile goes out together with the one before it', () => {
    const rig = new Rig(8);
    rig.publish(1);
    rig.publish(2);
    expect(rig.sent).toEqual(['0:1', '1:1']);
    rig.turn();
    rig.turn();
    expect(rig.sent.slice(2)).toEqual(['2:1', '2:2', '3:1', '3:2', '0:2', '1:2']);
    expect(rig.turn()).toBe(false);
  });

  it('is not sent where nobody is', () => {
    const rig = new Rig(4);
    for (const audience of rig.audiences) audience.followers = audience.topic.endsWith('/0') ? 0 : 2;
    rig.publish(1);
    expect(rig.sent).toEqual(['1:1']);
  });
});

describe('an audience', () => {
  it('has a bound, and takes others in when some have left', () => {
    const rig = new Rig(5);
    expect(rig.audiences.map(({ followers }) => followers)).toEqual([2, 2, 1]);
    const [, second] = rig.audiences;
    if (second === undefined) throw new Error('there are three');
    second.followers--;
    expect(rig.fanOut.join(rig.audiences, HANDLE)).toBe(second);
  });

  it('that is flushed for somebody who joins is not served the same again', () => {
    const rig = new Rig(6);
    rig.publish(1);
    const [, , third] = rig.audiences;
    if (third === undefined) throw new Error('there are three');
    rig.fanOut.flush(third);
    expect(rig.sent).toEqual(['0:1', '1:1', '2:1']);
    rig.publish(2);
    while (rig.turn());
    expect(rig.sent.slice(3).toSorted()).toEqual(['0:2', '1:2', '2:2']);
  });

  it('is served all that waits when the edge stops', () => {
    const rig = new Rig(10);
    rig.publish(1);
    rig.fanOut.flushAll();
    expect(rig.sent).toEqual(['0:1', '1:1', '2:1', '3:1', '4:1']);
    rig.turn();
    expect(rig.sent).toHaveLength(5);
  });
});
