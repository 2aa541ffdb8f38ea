/** Planted bugs of edges and shards: words, gifts, votes, claps, acknowledgements, frames. */
import { HostedRound } from '../../actors/hosted-round.ts';
import { RoundReplica } from '../../client/round-replica.ts';
import { Requests } from '../../edge/requests.ts';
import { RoundDirectory } from '../../edge/round-directory.ts';
import { FLAG_GIFT_CONTINUES, forEachPayment } from '../../round/payment-batch.ts';
import { CLAPS, TIPS, UNITS } from '../../round/stream-table.ts';
import { ViewerTable } from '../../round/viewer-table.ts';
import { packPaid, unpackPaid } from '../../round/paid-rows.ts';
import { StreamVerifier } from '../../voucher/stream-verifier.ts';
import { type Canary, plant } from './canary.ts';
import { patched } from './patch.ts';
import { chargeAgain, stateOf, withInputs, withRows } from './round-access.ts';

export const PAYMENT_CANARIES: readonly Canary[] = [
  plant('double-charge-on-resume', 'a stream that is attached again is charged for its last unit again', {
    shardPort: (port, shard) =>
      withInputs(port, (handle, input) => {
        const state = input.kind === 'attach' ? stateOf(shard(), handle) : undefined;
        const slot = input.kind === 'attach' ? state?.streams.bySlot.get(input.streamId) : undefined;
        if (state !== undefined && slot !== undefined && state.streams.number(slot, TIPS) > 0) {
          chargeAgain(state, slot, 0, state.streams.number(slot, UNITS));
        }
        return input;
      }),
  }),

  plant('replayed-word-charges', 'a word that was accepted before is charged again', {
    install: () =>
      patched(
        StreamVerifier.prototype,
        'accept',
        (original) =>
          function accept(this: StreamVerifier, input) {
            const verdict = original.call(this as never, input as never) as ReturnType<
              StreamVerifier['accept']
            >;
            return verdict.ok ? { ...verdict, fresh: true } : verdict;
          },
      ),
    shardPort: (port, shard) =>
      withInputs(port, (handle, input) => {
        const state = input.kind === 'payments' ? stateOf(shard(), handle) : undefined;
        if (input.kind !== 'payments' || state === undefined) return input;
        forEachPayment(input.batch, ({ slot, chain, index, target }) => {
          const { streams } = state;
          if (!streams.isOpen(slot) || index > streams.number(slot, TIPS + chain)) return;
          chargeAgain(state, slot, target % streams.participants, streams.number(slot, UNITS + chain));
        });
        return input;
      }),
  }),

  plant('gift-applied-half', 'of a gift with words of two chains only the first is applied', {
    shardPort: (port) =>
      withInputs(port, (_handle, input) => {
        if (input.kind !== 'payments') return input;
        let inGift = false;
        const batch = withRows(input.batch, (row) => {
          const isRest = inGift;
          inGift = (row.flags & FLAG_GIFT_CONTINUES) !== 0;
          return isRest ? undefined : { ...row, flags: 0 };
        });
        return { ...input, batch };
      }),
  }),

  plant('vote-counted-twice', 'nobody remembers that a viewer has voted', {
    install: () => patched(ViewerTable.prototype, 'vote', () => () => null),
  }),

  plant('clap-retry-counts-twice', 'a count of claps that was counted before is added again', {
    shardPort: (port, shard) =>
      withInputs(port, (handle, input) => {
        const state = input.kind === 'clap' ? stateOf(shard(), handle) : undefined;
        if (input.kind !== 'clap' || state === undefined) return input;
        const { slot, target, count } = input;
        const { streams, totals } = state;
        if (!streams.isOpen(slot) || target >= streams.participants) return input;
        if (streams.number(slot, CLAPS + target) !== count || count === 0) return input;
        streams.setNumber(slot, CLAPS + target, count * 2);
        totals.claps[target] = (totals.claps[target] ?? 0) + count;
        return input;
      }),
  }),

  plant('ack-before-durable', 'a save is taken for durable when it is sent', {
    shardStore: (store) => ({
      ...store,
      appendSegment(write) {
        store.appendSegment(write).catch(() => undefined);
        return Promise.resolve({ ok: true });
      },
    }),
  }),

  plant('ack-one-too-many', 'an acknowledgement names the word after the last', {
    shardPort: (port) => ({
      ...port,
      send(message, transfer) {
        if (message.kind !== 'effects') return port.send(message, transfer);
        const effects = message.effects.map((effect) =>
          effect.kind === 'paid'
            ? {
                ...effect,
                rows: packPaid(
                  unpackPaid(effect.rows).map((row) => ({
                    ...row,
                    indexes: row.indexes.map((index) => index + 1),
                  })),
                ),
              }
            : effect,
        );
        port.send({ ...message, effects }, transfer);
      },
    }),
  }),

  plant(
    'delta-of-wrong-epoch',
    'a client that has a state takes deltas of a new epoch without its keyframe',
    {
      install: () => {
        const places = new WeakMap<RoundReplica, number>();
        return patched(
          RoundReplica.prototype,
          'offer',
          (original) =>
            function offer(this: RoundReplica, head, frame) {
              const epoch = places.get(this);
              places.set(this, head.epoch);
              if (epoch !== undefined && head.epoch > epoch && this.state !== null) return 'current';
              return original.call(this as never, head as never, frame as never) as ReturnType<
                RoundReplica['offer']
              >;
            },
        );
      },
    },
  ),

  plant(
    'request-handed-twice',
    'requests that waited for the state of a round are handed to its shard twice',
    {
      install: () => {
        let admitting = false;
        const putBack = [
          patched(
            Requests.prototype,
            'admit',
            (original) =>
              function admit(this: Requests, feed, nowMs) {
                admitting = true;
                original.call(this as never, feed as never, nowMs as never);
                admitting = false;
              },
          ),
          patched(
            RoundDirectory.prototype,
            'push',
            (original) =>
              function push(this: RoundDirectory, feed, input) {
                const again = (): boolean =>
                  original.call(this as never, feed as never, input as never) as boolean;
                return admitting ? again() && again() : again();
              },
          ),
        ];
        return () => {
          for (const each of putBack) each();
        };
      },
    },
  ),

  plant('release-skipped', 'what is left of a hold stays held when a stream is closed', {
    shardStore: (store) => ({ ...store, shrinkHold: () => Promise.resolve() }),
  }),

  plant('hold-without-funds', 'a refused hold counts as held', {
    shardStore: (store) => ({
      ...store,
      async hold(hold) {
        await store.hold(hold);
        return { ok: true };
      },
    }),
  }),

  plant('lost-owner-goes-on', 'a round that another owner has taken takes its refused saves for done', {
    install: () => patched(HostedRound.prototype, 'leave', () => () => undefined),
    shardStore: (store) => ({
      ...store,
      async appendSegment(write) {
        await store.appendSegment(write);
        return { ok: true };
      },
    }),
  }),
];
