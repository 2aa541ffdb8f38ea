/** What `ringside watch` shows: for people one line that is rewritten and one per event, for programs JSON lines. */
import { msToNextTurn, satsAt } from '../client/extrapolate.ts';
import type { PaidTotals } from '../client/paying-stream.ts';
import type { PublicGift, PublicResult, PublicState } from '../round/public-state.ts';
import { amount, print, printJson } from './terminal.ts';

/** Everything the viewer did, at the end. */
export interface WatchSummary {
  readonly round: string;
  readonly phase: string;
  /** Why it stopped. */
  readonly ended: string;
  readonly paidSats: number;
  readonly acknowledgedSats: number;
  readonly ticksSent: number;
  readonly ticksAccepted: number;
  readonly giftsAccepted: number;
}

export interface WatchLines {
  status(state: PublicState, nowMs: number, paid: PaidTotals | null): void;
  gift(state: PublicState, gift: PublicGift): void;
  result(state: PublicState, result: PublicResult): void;
  summary(summary: WatchSummary): void;
}

export function jsonLines(): WatchLines {
  return {
    status(state, nowMs, paid) {
      printJson({
        event: 'state',
        phase: state.phase,
        msLeft: msToNextTurn(state, nowMs),
        viewers: state.viewers,
        participants: state.participants.map((one) => ({
          id: one.id,
          name: one.name,
          rank: one.rank,
          score: one.score,
          sats: Math.floor(satsAt(state, one, nowMs)),
          votes: one.votes,
          claps: one.claps,
        })),
        paidSats: paid?.sentSats ?? 0,
        acknowledgedSats: paid?.acknowledgedSats ?? 0,
      });
    },
    gift: (_state, gift) => printJson({ event: 'gift', ...gift }),
    result: (_state, result) => printJson({ event: 'result', ...result }),
    summary: (summary) => printJson({ event: 'end', ...summary }),
  };
}

/** `rewrite`: the status is one line that changes (a terminal) instead of a new one each time. */
export function textLines(rewrite: boolean): WatchLines {
  let statusShown = false;
  const line = (text: string): void => {
    if (statusShown) process.stdout.write('\r\u001b[K');
    statusShown = false;
    print(text);
  };
  return {
    status(state, nowMs, paid) {
      const left = msToNextTurn(state, nowMs);
      const text = [
        left === null ? state.phase : `${state.phase} ${clock(left)}`,
        ...state.participants
          .toSorted((a, b) => a.rank - b.rank)
          .map((one) => `${one.rank} ${one.name} ${amount(satsAt(state, one, nowMs))}`),
        `${state.viewers} watching`,
        `paid ${amount(paid?.sentSats ?? 0)} (${amount(paid?.acknowledgedSats ?? 0)} safe)`,
      ].join(' | ');
      if (!rewrite) return print(text);
      process.stdout.write(`\r\u001b[K${text.slice(0, Math.max(20, (process.stdout.columns ?? 80) - 1))}`);
      statusShown = true;
    },
    gift: (state, gift) =>
      line(`${gift.from} gives ${state.participants[gift.target]?.name ?? '?'} ${amount(gift.sats)} sats`),
    result: (state, result) => {
      line(
        `${result.ranking.map((index, at) => `${at + 1} ${state.participants[index]?.name ?? '?'}`).join(', ')}; ` +
          `${amount(result.paidSats)} sats paid, settlement ${result.status}`,
      );
      for (const txid of result.txids) line(`transaction ${txid}`);
    },
    summary: ({ round, phase, ended, acknowledgedSats, giftsAccepted }) =>
      line(
        `${ended}: round ${round} is ${phase}; you paid ${amount(acknowledgedSats)} sats, gifts ${giftsAccepted}`,
      ),
  };
}

function clock(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
