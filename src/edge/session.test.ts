import { describe, expect, it } from 'vitest';
import { encodeClient } from '../protocol/client-codec.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import { FRAME } from '../protocol/messages.ts';
import { authBytes } from '../voucher/commitment.ts';
import { Rig, START_MS, errorsOf, nonceOf, sendText, typesOf } from './testing/rig.ts';
import { WireViewer } from './testing/wire-viewer.ts';

describe('a new connection', () => {
  it('is welcomed with a nonce of its own and the limits', () => {
    const rig = new Rig();
    const [first, second] = [rig.connect(), rig.connect()];
    const welcome = first.take();
    expect(welcome).toMatchObject([
      {
        type: FRAME.WELCOME,
        network: 'dev',
        serverTimeMs: START_MS,
        authTimeoutMs: 5_000,
        maxFrameBytes: 2_048,
      },
    ]);
    expect(nonceOf(first)).not.toEqual(nonceOf(second));
  });

  it('is ready after proving its key, and told its account', () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const socket = rig.connect();
    rig.send(socket, viewer.auth(nonceOf(socket)));
    expect(socket.take().at(-1)).toEqual({ type: FRAME.READY, account: viewer.account });
  });

  it('is closed when its signature was made for another connection', () => {
    const rig = new Rig();
    const [socket, other] = [rig.connect(), rig.connect()];
    rig.send(socket, new WireViewer().auth(nonceOf(other)));
    expect(errorsOf(socket.sent)).toEqual(['BAD_SIGNATURE']);
    expect(socket.closedWith).toBe(CLOSE.AUTH_FAILED);
    expect(other.closedWith).toBeNull();
  });

  it('is closed when its signature is of another key', () => {
    const rig = new Rig();
    const socket = rig.connect();
    const [viewer, thief] = [new WireViewer(), new WireViewer()];
    const signature = viewer.sign(authBytes('dev', nonceOf(socket)));
    rig.send(socket, encodeClient({ type: FRAME.AUTH, publicKey: thief.publicKey, signature, agent: '' }));
    expect(errorsOf(socket.sent)).toEqual(['BAD_SIGNATURE']);
    expect(socket.closedWith).toBe(CLOSE.AUTH_FAILED);
  });

  it('is closed when it does not authenticate in time; one that did is not', () => {
    const rig = new Rig();
    const ready = rig.ready(new WireViewer());
    const late = rig.connect();
    rig.clock.advance(4_900);
    expect(late.closedWith).toBeNull();
    rig.clock.advance(200);
    expect(late.closedWith).toBe(CLOSE.AUTH_TIMEOUT);
    expect(ready.closedWith).toBeNull();
    expect(rig.edge.connections).toBe(1);
  });

  it('may ask for the time, and for nothing else, before it has authenticated', () => {
    const rig = new Rig();
    const socket = rig.connect();
    socket.take();
    const viewer = new WireViewer();
    const time = encodeClient({ type: FRAME.TIME, token: 42 });
    rig.send(socket, time, viewer.join('battle-1', { ref: 9 }), viewer.vote(3, 0));
    expect(socket.take()).toMatchObject([
      { type: FRAME.CLOCK, token: 42, serverTimeMs: START_MS },
      { type: FRAME.ERROR, code: 'NOT_AUTHENTICATED', ref: 9, frame: FRAME.JOIN, stream: null },
      { type: FRAME.ERROR, code: 'NOT_AUTHENTICATED', ref: 0, frame: FRAME.VOTE, stream: null },
    ]);
  });
});

describe('a frame that is wrong in itself', () => {
  const bomb = Uint8Array.of(FRAME.JOIN, 0x81, 0xa1, 0x61, 0xdd, 0xff, 0xff, 0xff, 0xff);
  const deep = Uint8Array.of(FRAME.JOIN, 0x81, 0xa1, 0x61, ...Array.from({ length: 200 }, () => 0x91), 0xc0);
  const extension = Uint8Array.of(FRAME.AUTH, 0x81, 0xa1, 0x61, 0xc7, 0x04, 0x72, 1, 2, 3, 4);
  it.each([
    ['an empty frame', new Uint8Array(0), 'BAD_FRAME'],
    ['a truncated PAY', new Uint8Array([FRAME.PAY, 1, 0]), 'BAD_FRAME'],
    [
      'a PAY with a byte too many',
      Uint8Array.from({ length: 42 }, (_, i) => (i === 0 ? FRAME.PAY : 0)),
      'BAD_FRAME',
    ],
    ['an unknown type', new Uint8Array([0x7f, 1, 2, 3]), 'UNKNOWN_FRAME'],
    ['a frame that only servers send', new Uint8Array([FRAME.PAID, 0, 0, 1, 0, 0, 0, 0]), 'UNKNOWN_FRAME'],
    ['a msgpack bomb', bomb, 'BAD_FRAME'],
    ['a map too deep', deep, 'BAD_FRAME'],
    ['an extension type', extension, 'BAD_FRAME'],
  ])('%s gets its code; the third one closes', (_, frame, code) => {
    const rig = new Rig();
    const socket = rig.ready(new WireViewer());
    rig.send(socket, frame, frame);
    expect(errorsOf(socket.take())).toEqual([code, code]);
    expect(socket.closedWith).toBeNull();
    rig.send(socket, frame);
    expect(socket.closedWith).toBe(CLOSE.PROTOCOL_ERROR);
  });

  it('a text frame counts as one', () => {
    const rig = new Rig();
    const socket = rig.ready(new WireViewer());
    for (let i = 0; i < 3; i++) sendText(rig, socket, 'hi');
    expect(errorsOf(socket.take())).toEqual(['TEXT_FRAME', 'TEXT_FRAME', 'TEXT_FRAME']);
    expect(socket.closedWith).toBe(CLOSE.PROTOCOL_ERROR);
  });

  it('an oversized frame is answered, and closes at once', () => {
    const rig = new Rig();
    const socket = rig.ready(new WireViewer());
    rig.send(socket, new Uint8Array(2_049).fill(FRAME.JOIN));
    expect(errorsOf(socket.take())).toEqual(['BAD_FRAME']);
    expect(socket.closedWith).toBe(CLOSE.PROTOCOL_ERROR);
  });

  it('a second AUTH counts as one', () => {
    const rig = new Rig();
    const viewer = new WireViewer();
    const socket = rig.ready(viewer);
    rig.send(socket, viewer.auth(nonceOf(socket)));
    expect(errorsOf(socket.take())).toEqual(['BAD_FRAME']);
    expect(socket.closedWith).toBeNull();
  });
});

describe('the message rate', () => {
  const time = encodeClient({ type: FRAME.TIME, token: 1 });

  it('allows a burst of two seconds, then refuses and closes', () => {
    const rig = new Rig({ messagesPerSecond: 10 });
    const socket = rig.connect();
    socket.take();
    for (let i = 0; i < 20; i++) rig.send(socket, time);
    expect(typesOf(socket.take())).toEqual(Array.from({ length: 20 }, () => 'CLOCK'));
    rig.send(socket, time);
    expect(errorsOf(socket.take())).toEqual(['RATE_LIMITED']);
    expect(socket.closedWith).toBe(CLOSE.OVERLOADED);
  });

  it('allows its pace for ever', () => {
    const rig = new Rig({ messagesPerSecond: 10, authTimeoutMs: 1_000_000 });
    const socket = rig.connect();
    for (let i = 0; i < 200; i++) {
      rig.send(socket, time);
      rig.clock.advance(100);
    }
    expect(socket.closedWith).toBeNull();
  });
});

it('stop closes every connection with the code', () => {
  const rig = new Rig();
  const sockets = [rig.ready(new WireViewer()), rig.connect()];
  rig.edge.stop(CLOSE.RESTARTING);
  expect(sockets.map((socket) => socket.closedWith)).toEqual([CLOSE.RESTARTING, CLOSE.RESTARTING]);
  expect(rig.edge.stoppingWith).toBe(CLOSE.RESTARTING);
  expect(rig.edge.connections).toBe(0);
});
