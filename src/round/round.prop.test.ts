import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../core/limits.ts';
import { sumSats } from '../core/sats.ts';
import type { RoundEffect } from './effects.ts';
import type { RoundInput } from './inputs.ts';
import { linkOf } from './links.ts';
import { unpackPaid } from './paid-rows.ts';
import { restoreRound } from './restore.ts';
import { encodeSnapshot } from './save-codec.ts';
import { type RoundState, watchFromMs } from './state.ts';
import { buildStatement } from './statement-builder.ts';
import {
  CHAIN_COUNT,
  HOLD,
  NOBODY,
  OPENED_AT,
  PAID,
  STATUS,
  STREAM_OPEN,
  TIPS,
  UNITS,
  VIEWER,
  WATCH,
  WATCHING,
} from './stream-table.ts';
import { RoundDriver, T0, effectsOf, streamNo } from './test-driver.ts';

const START = T0 + 5_000;
const END = T0 + 65_000;
const TARGETS = 3;

/** One thing that happens to a round, as data; streams 1 to 6, two of them of one account. */
type Action =
  | { readonly do: 'open' | 'attach' | 'detach' | 'close'; readonly stream: number; readonly conn: number }
  | {
      readonly do: 'words';
      readonly stream: number;
      readonly conn: number;
      readonly rows: readonly {
        chain: number;
        ahead: number;
        target: number;
        gift: boolean;
        more: boolean;
      }[];
      readonly repeat: boolean;
    }
  /** Well formed: one row a chain, some of them old news. */
  | {
      readonly do: 'gift';
      readonly stream: number;
      readonly target: number;
      readonly ahead: readonly number[];
      readonly swap: boolean;
    }
  | {
      readonly do: 'vote' | 'clap' | 'watch';
      readonly stream: number;
      readonly target: number;
      readonly count: number;
    }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'answer' }
  | { readonly do: 'replay'; readonly back: number };

const stream = fc.integer({ min: 1, max: 6 });
const target = fc.integer({ min: 0, max: TARGETS });
/** Mostly a stream's own connection. */
const conn = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 50, max: 51 }) },
);

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('open' as const, 'attach' as const), stream, conn }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('detach' as const, 'close' as const), stream, conn }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('words' as const),
      stream,
      conn,
      rows: fc.array(
        fc.record({
          chain: fc.integer({ min: 0, max: 2 }),
          ahead: fc.integer({ min: -3, max: 12 }),
          target,
          gift: fc.boolean(),
          more: fc.boolean(),
        }),
        { minLength: 1, maxLength: 4 },
      ),
      repeat: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('gift' as const),
      stream,
      target: fc.nat(TARGETS - 1),
      ahead: fc.tuple(fc.integer({ min: -3, max: 50 }), fc.integer({ min: -1, max: 2 })),
      swap: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('vote' as const, 'clap' as const, 'watch' as const),
      stream,
      target,
      count: fc.nat(90),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(2_000) }) },
  { weight: 4, arbitrary: fc.constant({ do: 'answer' as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('replay' as const), back: fc.nat(10) }) },
);

const payerOf = (no: number): number => (no === 6 ? 5 : no);

/** The driver with what a viewer's side remembers: the inputs sent, for replays. */
class Play {
  readonly round: RoundDriver;
  readonly sent: RoundInput[] = [];

  constructor(round: RoundDriver) {
    this.round = round;
    round.runTo(START);
    for (const no of [1, 2, 3]) {
      round.send(round.openInput({ stream: no, holdSats: 6_000 }));
      round.send({ kind: 'watch', slot: no - 1, target: no - 1 });
    }
  }

  run(each: Action): void {
    const { round } = this;
    if (each.do === 'wait') round.nowMs += each.ms;
    if (each.do === 'answer') {
      round.answer();
      return;
    }
    const input = each.do === 'replay' ? this.sent.at(-1 - each.back) : this.#input(each);
    if (input === undefined) return;
    if (each.do !== 'replay') this.sent.push(input);
    round.raw(input);
  }

  #input(each: Exclude<Action, { do: 'replay' | 'answer' }>): RoundInput | undefined {
    const { round } = this;
    if (each.do === 'wait') return { kind: 'tick' };
    const slot = round.state.streams.bySlot.get(streamNo(each.stream)) ?? 99;
    const own = 'conn' in each && each.conn !== 0 ? each.conn : each.stream;
    const parties = { stream: each.stream, payer: payerOf(each.stream), conn: own };
    switch (each.do) {
      case 'open':
        return round.openInput({ ...parties, holdSats: 6_000 });
      case 'attach':
        return round.attachInput(parties);
      case 'detach':
        return { kind: 'detach', edge: 0, conn: own, slots: [slot] };
      case 'close':
        return { kind: 'closeStream', from: { edge: 0, conn: own, ref: 9 }, slot };
      case 'words': {
        const rows = each.rows.map(({ ahead, ...row }) => {
          const tip = slot === 99 || row.chain > 1 ? 0 : round.state.streams.number(slot, TIPS + row.chain);
          return { ...row, slot, stream: each.stream, conn: own, index: Math.max(0, tip + ahead) };
        });
        return round.words(...rows, ...(each.repeat ? rows : []));
      }
      case 'gift': {
        const indexes = each.ahead.map((ahead, chain) => {
          const tip = slot === 99 ? 0 : round.state.streams.number(slot, TIPS + chain);
          return { chain, index: Math.max(0, tip + ahead) };
        });
        const rows = each.swap ? indexes.toReversed() : indexes;
        const common = { slot, stream: each.stream, conn: own, target: each.target, gift: true };
        return round.words(...rows.map((row, at) => ({ ...common, ...row, more: at === 0 })));
      }
      case 'watch':
        return { kind: 'watch', slot, target: each.target };
      case 'vote':
        return { kind: 'vote', edge: 0, conn: own, slot, target: each.target };
      default:
        return { kind: 'clap', edge: 0, conn: own, slot, target: each.target, count: each.count };
    }
  }
}

/** What holds after every step, counted from the rows by other means than the step's. */
function checkState(round: RoundDriver): void {
  const { state } = round;
  const { streams, totals, viewers, facts } = state;
  const paid = Array.from({ length: streams.count }, (_, slot) => streams.amount(slot, PAID));
  const all = paid.reduce((sum, each) => sum + each, 0);
  expect(totals.sats.reduce((sum, each) => sum + each, 0)).toBe(all);
  expect(viewers.paid.reduce((sum, each) => sum + each, 0)).toBe(all);

  const watchers = [0, 0, 0];
  const paidBy = new Map<number, number>();
  let committed = 0;
  let open = 0;
  for (const [slot, paidSats] of paid.entries()) {
    // Cumulative: what was paid is what the highest words are worth, whatever came in which order.
    let worth = 0;
    for (let chain = 0; chain < streams.number(slot, CHAIN_COUNT); chain++) {
      worth += streams.number(slot, TIPS + chain) * streams.number(slot, UNITS + chain);
    }
    expect(paidSats).toBe(worth);
    expect(paidSats).toBeLessThanOrEqual(streams.amount(slot, HOLD));
    const untilMs = Math.min(facts.nowMs, facts.endedAtMs ?? facts.nowMs);
    const fromMs = watchFromMs(state, streams.amount(slot, OPENED_AT));
    const seconds = Math.max(0, Math.floor((untilMs - fromMs) / 1_000)) + LIMITS.watchGraceSeconds;
    expect(streams.amount(slot, WATCH)).toBeLessThanOrEqual(seconds);
    const watching = streams.number(slot, WATCHING);
    if (watching !== NOBODY && linkOf(state, slot) !== null)
      watchers[watching] = (watchers[watching] ?? 0) + 1;
    const viewer = streams.number(slot, VIEWER);
    paidBy.set(viewer, (paidBy.get(viewer) ?? 0) + paidSats);
    committed += streams.amount(slot, HOLD);
    if (streams.number(slot, STATUS) === STREAM_OPEN) open++;
  }
  for (const [viewer, sum] of paidBy) expect(viewers.paidSats(viewer)).toBe(sum);
  expect([...state.session.watchers]).toEqual(watchers);
  expect(totals.committedSats).toBe(committed);
  expect(totals.openStreams).toBe(open);
  const pending = [...state.session.pending.values()].reduce((sum, each) => sum + each.holdSats, 0);
  expect(state.session.pendingHoldSats).toBe(pending);
  expect(round.replica).toEqual(state.session.frames.published);
}

/** Encoding, decoding and encoding again changes nothing. */
function checkExact(round: RoundDriver): void {
  const { state } = round;
  const bytes = encodeSnapshot(state);
  const again = restoreRound({ terms: round.terms, epoch: state.epoch, snapshot: bytes, segments: [] });
  expect(encodeSnapshot(again)).toEqual(bytes);
  expect(again.facts).toEqual(state.facts);
  expectSame(again, state);
}

/** But for the time of the last step, which is saved only together with something else. */
function expectSame(again: RoundState, state: RoundState): void {
  expect({ ...again.facts, nowMs: 0 }).toEqual({ ...state.facts, nowMs: 0 });
  expect(again.streams).toEqual(state.streams);
  expect(again.viewers).toEqual(state.viewers);
  expect(again.totals).toEqual(state.totals);
  expect(again.gifts.recent()).toEqual(state.gifts.recent());
  expect(again.saves.seq).toBe(state.saves.seq);
  if (!state.session.scoresMoved) expect(again.session.ranking).toEqual(state.session.ranking);
}

/** What was promised: acknowledged words, granted streams. By slot, the highest index of each chain. */
function promises(log: readonly RoundEffect[]): Map<number, number[]> {
  const promised = new Map<number, number[]>();
  const raise = (slot: number, indexes: readonly number[]): void => {
    const before = promised.get(slot) ?? [];
    promised.set(
      slot,
      indexes.map((index, chain) => Math.max(index, before[chain] ?? 0)),
    );
  };
  for (const effect of log) {
    if (effect.kind === 'granted')
      raise(
        effect.grant.slot,
        effect.grant.tips.map((tip) => tip.index),
      );
    if (effect.kind === 'paid') for (const row of unpackPaid(effect.rows)) raise(row.slot, row.indexes);
  }
  return promised;
}

class Act implements fc.Command<{ acted: number }, Play> {
  readonly each: Action;
  constructor(each: Action) {
    this.each = each;
  }
  check(): boolean {
    return true;
  }
  run(model: { acted: number }, play: Play): void {
    model.acted++;
    play.run(this.each);
    checkState(play.round);
  }
  toString(): string {
    return JSON.stringify(this.each);
  }
}

class Crash implements fc.Command<{ acted: number }, Play> {
  readonly saveLost: boolean;
  constructor(saveLost: boolean) {
    this.saveLost = saveLost;
  }
  check(): boolean {
    return true;
  }
  run(_model: { acted: number }, play: Play): void {
    const { round } = play;
    checkExact(round);
    round.crash(this.saveLost);
    round.raw({ kind: 'tick' });
    checkState(round);
    const { streams } = round.state;
    for (const [slot, indexes] of promises(round.log)) {
      expect(slot).toBeLessThan(streams.count);
      for (const [chain, index] of indexes.entries()) {
        expect(streams.number(slot, TIPS + chain)).toBeGreaterThanOrEqual(index);
      }
    }
    // Edges attach what they still have.
    for (const no of [1, 2, 3, 4]) round.raw(round.attachInput({ stream: no }));
    checkState(round);
  }
  toString(): string {
    return `crash(${this.saveLost})`;
  }
}

describe('a round under random inputs', () => {
  it('keeps its invariants, with crashes at any point, and keeps every promise', () => {
    const commands = fc.commands(
      [
        fc.oneof(
          { weight: 15, arbitrary: action.map((each) => new Act(each)) },
          { weight: 1, arbitrary: fc.boolean().map((saveLost) => new Crash(saveLost)) },
        ),
      ],
      { maxCommands: 80, size: 'max' },
    );
    fc.assert(
      fc.property(commands, (list) => {
        const play = new Play(new RoundDriver());
        fc.modelRun(() => ({ model: { acted: 0 }, real: play }), list);
        const { round } = play;
        round.runTo(END + 2_000);
        const [settle] = effectsOf(round.log, 'settle').slice(-1);
        const paid = sumSats(settle?.statement.participants.map((each) => each.paidSats) ?? []);
        expect(sumSats(settle?.statement.streams.map((each) => each.paidSats) ?? [])).toBe(paid);
        expect(round.replica?.result?.paidSats).toBe(paid);
        // Every hold in the store covers what its stream paid.
        for (const row of settle?.statement.streams ?? []) {
          expect(round.holds.get(row.signed.commitment.streamId) ?? 0).toBeGreaterThanOrEqual(row.paidSats);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('does after a restart what it would have done without', () => {
    const actions = fc.array(action, { minLength: 5, maxLength: 60 });
    fc.assert(
      fc.property(actions, actions, (before, after) => {
        const [steady, crashed] = [new Play(new RoundDriver()), new Play(new RoundDriver())];
        for (const play of [steady, crashed]) {
          for (const each of before) play.run(each);
          play.round.send({ kind: 'tick' });
          const { state } = play.round;
          if (play === steady) play.round.send({ kind: 'edgeGone', edge: 0 });
          else play.round.crash();
          expectSame(play.round.state, state);
          play.round.send({ kind: 'tick' });
          // A restart forgets how fast a viewer clapped and what was refused a moment ago.
          play.round.nowMs = Math.max(play.round.nowMs, START + 20_000) + 10_000;
          play.round.send({ kind: 'tick' });
          for (let no = 1; no <= 6; no++) {
            play.round.send(play.round.attachInput({ stream: no, payer: payerOf(no) }));
          }
        }
        const marks = [steady, crashed].map((play) => play.round.log.length);
        for (const play of [steady, crashed]) {
          for (const each of after) play.run(each);
          play.round.runTo(END + 3_000);
        }
        const [one, other] = [steady, crashed].map((play, index) =>
          play.round.log
            .slice(marks[index])
            .filter((effect) => !['publishDelta', 'appendSegment', 'saveSnapshot'].includes(effect.kind)),
        );
        expect(other).toEqual(one);
        expect(buildStatement(crashed.round.state)).toEqual(buildStatement(steady.round.state));
        expect(crashed.round.replica?.result).toEqual(steady.round.replica?.result);
      }),
      { numRuns: 200 },
    );
  });

  it('comes to the same sums from the same words in any order, any number of times', () => {
    const word = fc.record({
      chain: fc.integer({ min: 0, max: 1 }),
      index: fc.integer({ min: 1, max: 20 }),
    });
    const words = fc.array(word, { minLength: 1, maxLength: 30 });
    const order = words.chain((list) =>
      fc.record({
        list: fc.constant(list),
        shuffled: fc.shuffledSubarray([...list, ...list], { minLength: list.length * 2 }),
      }),
    );
    fc.assert(
      fc.property(order, ({ list, shuffled }) => {
        const sums = [list, shuffled].map((rows) => {
          const round = new RoundDriver();
          round.runTo(START);
          const slot = round.open({ stream: 1 });
          for (const row of rows) round.raw(round.words({ ...row, slot, gift: true }));
          checkState(round);
          return [...round.state.totals.sats];
        });
        expect(sums[1]).toEqual(sums[0]);
      }),
      { numRuns: 100 },
    );
  });
});
