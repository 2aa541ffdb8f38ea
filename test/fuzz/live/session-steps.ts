/** What an attacker can do next. */
import type { RoundId } from '../../../src/core/ids.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import type { Commitment } from '../../../src/voucher/types.ts';
import { sats } from '../../../src/core/sats.ts';
import { encodeClient } from '../../../src/protocol/client-codec.ts';
import { FRAME } from '../../../src/protocol/messages.ts';
import { mutated, pick, randomBytes } from '../mutate.ts';
import { insist } from '../target.ts';
import type { AttackSession, Puppet, Step } from './session.ts';
import { OPCODE, wireBytes } from './wire.ts';

/** The largest message of the default settings. */
const FRAME_BYTES_MAX = 4_096;
const FLOOD_MESSAGES = 260;
const GIFT_AHEAD_MAX = 40;

const changes: readonly ((session: AttackSession) => Partial<Commitment>)[] = [
  () => ({}),
  () => ({}),
  () => ({}),
  ({ random }) => ({ nonce: randomBytes(random, 32) }),
  () => ({ network: 'main' }),
  () => ({ rateSatsPerSecond: 7 }),
  () => ({ expiryMs: 1 }),
  () => ({ payer: '11'.repeat(20) as Commitment['payer'] }),
  () => ({ roundId: 'nowhere' as RoundId }),
  () => ({ chains: [{ unitSats: sats(1), length: 5, anchor: new Uint8Array(32) }] }),
];

function auth(session: AttackSession): boolean {
  const { viewer } = session.around.puppet;
  const nonce = session.random.chance(0.5) ? session.nonce : randomBytes(session.random, 32);
  session.send(viewer.auth(nonce), 'AUTH again');
  return true;
}

function join(session: AttackSession): boolean {
  const { random, around } = session;
  const known = session.wire.messages.findLast(
    (message) => message.type === FRAME.KEYFRAME || message.type === FRAME.DELTA,
  );
  const resume = random.chance(0.3) ? { epoch: 0xffff_ffff, seq: random.u32() } : null;
  const own = known !== undefined && 'epoch' in known ? { epoch: known.epoch, seq: known.seq } : null;
  const round = random.chance(0.8) ? around.roundId : `no-${random.below(9)}`;
  const ref = session.newRef();
  session.send(
    around.puppet.viewer.join(round, { ref, resume: random.chance(0.4) ? own : resume }),
    `JOIN ${ref}`,
  );
  return true;
}

function open(session: AttackSession): boolean {
  const { random, around, nonce } = session;
  const { viewer } = around.puppet;
  const ref = session.newRef();
  const holdSats = pick(random, [0, 1, 500, 5_000, 5_000, 50_000, 2_000_000_000, 2_100_000_000_000_000]);
  const change = pick(random, changes)(session);
  session.send(viewer.open(around.roundId, nonce, { ref, change, holdSats }), `OPEN ${ref}`);
  return true;
}

function attach(session: AttackSession): boolean {
  const { random, around } = session;
  const ref = session.newRef();
  const round = random.chance(0.8) ? around.roundId : 'nowhere';
  session.send(around.puppet.viewer.attach(round, ref), `ATTACH ${ref}`);
  return true;
}

function close(session: AttackSession): boolean {
  const { stream } = session;
  const ref = session.newRef();
  session.send(session.around.puppet.viewer.close(stream, ref), `CLOSE ${ref} of ${stream}`);
  // It is answered by ENDED of the stream, whatever ended it.
  session.model.closes.set(stream, ref);
  return true;
}

function pay(session: AttackSession): boolean {
  const { random, stream } = session;
  const { viewer, tips } = session.around.puppet;
  const ahead = pick(random, [1, 1, 1, 2, 5, 0, -1, 700]);
  const index = Math.max(0, Math.min(2_000, tips[0] + ahead));
  const target = random.chance(0.9) ? random.below(2) : random.below(256);
  session.send(viewer.pay(stream, index, target), `PAY ${stream} to ${index}`);
  if (ahead > 0 && ahead < 10) tips[0] = index;
  return true;
}

function badWord(session: AttackSession): boolean {
  const { random, stream } = session;
  const { viewer, tips } = session.around.puppet;
  session.send(viewer.badPay(stream, tips[0] + 1 + random.below(3)), 'PAY with a bad word');
  return true;
}

/** Of a stream that cannot be: it has to be said, at once. */
async function wrongStream(session: AttackSession): Promise<boolean> {
  const { viewer } = session.around.puppet;
  const number = 61_000 + session.random.below(4_000);
  const frame = pick(session.random, [
    viewer.pay(number, 1),
    viewer.gift(number, [1, 1]),
    viewer.watch(number, 0),
    viewer.clap(number, 0, 5),
    viewer.vote(number, 0),
  ]);
  session.send(frame, `for stream ${number}`);
  if (!(await session.barrier())) return false;
  const told = session.wire.messages.some(
    (message) =>
      message.type === FRAME.ERROR && message.stream === number && message.code === 'UNKNOWN_STREAM',
  );
  insist(told || !session.isReady, `nothing was said about stream ${number}`);
  return true;
}

function gift(session: AttackSession): boolean {
  const { random, stream } = session;
  const { viewer, tips } = session.around.puppet;
  const indexes = [
    Math.min(2_000, tips[0] + random.below(GIFT_AHEAD_MAX)),
    Math.min(500, tips[1] + random.below(3)),
  ];
  const wanted = indexes.filter((index) => index > 0);
  if (wanted.length === 0) return true;
  session.send(viewer.gift(stream, indexes, random.below(3)), `GIFT to ${indexes.join(', ')}`);
  return true;
}

function engage(session: AttackSession): boolean {
  const { random, stream } = session;
  const { viewer } = session.around.puppet;
  const target = pick(random, [0, 1, 2, 200]);
  const frame = pick(random, [
    viewer.watch(stream, random.chance(0.3) ? null : target),
    viewer.clap(stream, target, random.below(200)),
    viewer.vote(stream, target),
    encodeClient({ type: FRAME.LEAVE, handle: random.below(4) }),
  ]);
  session.send(frame, 'engage');
  return true;
}

/** Anything: mutated frames, random bytes, and sometimes more than is allowed. */
function garbage(session: AttackSession): boolean {
  const { random, around } = session;
  const frame = mutated(random, around.corpus);
  if (frame.length > FRAME_BYTES_MAX) {
    session.say(`${frame.length} bytes`);
    // Up to four times the limit it is answered, beyond that the library ends the connection.
    session.model.oversized = true;
    session.model.violated ||= frame.length > FRAME_BYTES_MAX * 4;
    session.model.expected.push('BAD_FRAME');
    session.wire.send(frame);
    return true;
  }
  session.send(frame, 'garbage');
  return true;
}

function text(session: AttackSession): boolean {
  session.model.expected.push('TEXT_FRAME');
  session.raw(wireBytes({ opcode: OPCODE.TEXT, payload: new TextEncoder().encode('hällo') }), 'text');
  return true;
}

/** One message in pieces with a ping between them means what it means in one. */
async function fragments(session: AttackSession): Promise<boolean> {
  const { random, wire } = session;
  const frame = encodeClient({ type: FRAME.TIME, token: 0xf000_0000 + random.below(0xffff) });
  const at = 1 + random.below(frame.length - 1);
  const ping = randomBytes(random, random.below(126));
  const pongs = wire.pongs.length;
  session.raw(wireBytes({ opcode: OPCODE.BINARY, payload: frame.subarray(0, at), fin: false }), 'a piece');
  session.raw(wireBytes({ opcode: OPCODE.PING, payload: ping }), 'a ping');
  session.raw(wireBytes({ opcode: OPCODE.CONTINUATION, payload: frame.subarray(at) }), 'the rest');
  if (!(await session.barrier())) return false;
  insist(wire.pongs.length > pongs, 'a ping between fragments was not answered');
  return true;
}

/** What RFC 6455 has a server fail the connection for. */
function violation(session: AttackSession): boolean {
  const { random } = session;
  const payload = randomBytes(random, 4);
  const frame = pick(random, [
    { opcode: OPCODE.BINARY, payload, masked: false },
    { opcode: OPCODE.BINARY, payload, rsv: 1 + random.below(7) },
    { opcode: pick(random, [3, 4, 7, 11, 15]), payload },
    { opcode: OPCODE.PING, payload: randomBytes(random, 126) },
    { opcode: OPCODE.PING, payload, fin: false },
    { opcode: OPCODE.CONTINUATION, payload },
    { opcode: OPCODE.TEXT, payload: Uint8Array.of(0xff, 0xfe) },
    { opcode: OPCODE.CLOSE, payload: Uint8Array.of(0) },
  ]);
  session.model.violated = true;
  session.raw(wireBytes(frame), 'violation');
  return true;
}

function flood(session: AttackSession): boolean {
  session.model.flooding = true;
  session.say('flood');
  const frame = encodeClient({ type: FRAME.TIME, token: 1 });
  for (let no = 0; no < FLOOD_MESSAGES; no++) session.wire.send(frame);
  return true;
}

/** Gone without a word, half gone, or with a close frame of any code. */
async function leave(session: AttackSession): Promise<boolean> {
  const { random, wire } = session;
  session.model.left = true;
  session.model.refs.clear();
  session.say('leave');
  switch (random.below(4)) {
    case 0:
      wire.drop();
      return false;
    case 1:
      wire.socket.end();
      break;
    case 2:
      wire.close(pick(random, [1000, 1001, 3000, 4999, 999, 1005, 1006, 5000, 0]));
      break;
    default:
      wire.frame({ opcode: OPCODE.CLOSE, payload: new Uint8Array() });
  }
  insist(await wire.until(() => wire.ended, 20_000), 'who said goodbye was kept');
  return false;
}

/** Does not read for a moment, while the world goes on. */
async function stall(session: AttackSession): Promise<boolean> {
  const { wire, random } = session;
  session.say('stall');
  wire.socket.pause();
  await session.pause(random.below(400));
  wire.socket.resume();
  return true;
}

const rarely = [flood, violation, leave, stall, auth];
const often = [join, open, attach, pay, pay, pay, gift, engage, garbage, garbage];

export const STEPS: readonly Step[] = [
  ...often,
  ...often,
  ...rarely,
  close,
  badWord,
  wrongStream,
  text,
  fragments,
];

/** Frames of the round that is attacked, for mutation; the largest reveal is of a chain that nobody has. */
export function ownFrames(roundId: string, { viewer }: Puppet): Uint8Array[] {
  return [
    viewer.join(roundId),
    viewer.attach(roundId),
    viewer.pay(1, 1),
    viewer.gift(1, [1, 1]),
    viewer.clap(1, 0, LIMITS.clapsBurst),
  ];
}
