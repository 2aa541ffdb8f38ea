/** What this viewer pays: sent and booked, whom it watches, what is left. */
import type { JSX } from 'preact';
import { isRunning } from '../../client/extrapolate.ts';
import type { PublicState } from '../../round/public-state.ts';
import { formatCount, formatSats } from '../format.ts';
import type { PageModel } from '../page-model.ts';
import { seatOf } from '../seats.ts';

export function MySeat({ model, state }: { model: PageModel; state: PublicState }): JSX.Element {
  const { viewer } = model;
  const paid = viewer?.paid ?? null;
  const watching = viewer?.watching ?? null;
  const givenBack = state.phase === 'cancelled';
  const sent = givenBack ? 0 : (paid?.sentSats ?? 0);
  const booked = Math.min(paid?.acknowledgedSats ?? 0, sent);
  return (
    <section
      class="panel seat"
      aria-label="Your seat"
      data-seat={watching === null ? undefined : seatOf(watching)}
    >
      <div class="seat-paid">
        <h2>You paid</h2>
        <p class="seat-sum">
          <b class="num" data-testid="paid">
            {formatCount(sent)}
          </b>{' '}
          {sent === 1 ? 'sat' : 'sats'}
        </p>
        <p class="seat-booked" data-testid="booked" data-booked={booked}>
          {givenBack
            ? 'all given back'
            : sent === 0
              ? 'in this battle'
              : booked === sent
                ? 'all booked'
                : `${formatCount(booked)} booked`}
          {(viewer?.pendingGifts ?? 0) > 0 && `, ${viewer?.pendingGifts} on the way`}
        </p>
      </div>
      <div class="seat-bar" aria-hidden="true">
        <i style={{ width: `${sent === 0 ? 0 : (100 * booked) / sent}%` }} />
      </div>
      <div class="seat-now">
        <p>{doing(model, state)}</p>
        {watching !== null && (
          <button type="button" class="small" onClick={() => model.stop()}>
            Stop
          </button>
        )}
      </div>
      {model.takenElsewhere && (
        <div class="seat-note" role="status">
          <p>You went on in another window, and that one pays.</p>
          <button type="button" class="small" onClick={() => void model.watch(model.chosen)}>
            Watch here instead
          </button>
        </div>
      )}
      <Balance model={model} />
    </section>
  );
}

function doing(model: PageModel, state: PublicState): string {
  const watching = model.viewer?.watching ?? null;
  if (watching === null) {
    if (isRunning(state.phase)) return 'You watch nobody, so you pay nothing.';
    return state.phase === 'lobby'
      ? 'Choose whom to watch. Paying starts with the battle.'
      : 'Nothing is paid now.';
  }
  const name = model.nameOf(watching);
  if (!isRunning(state.phase)) return `Seated with ${name}. Paying starts with the battle.`;
  if (model.viewer?.connection.kind !== 'ready')
    return `You are with ${name} again when the connection is back.`;
  return `Watching ${name}, ${formatSats(state.rateSatsPerSecond)} a second.`;
}

const TOP_UP_SATS = 100_000;
const LOW_SATS = 5_000;

function Balance({ model }: { model: PageModel }): JSX.Element | null {
  const { balances, config, welcomeSats } = model;
  if (balances === null) return null;
  const canTopUp = config?.network === 'dev' && config.faucetSatsMax !== null;
  return (
    <div class="seat-balance">
      <dl class="facts">
        <div>
          <dt>to spend</dt>
          <dd class="num">{formatCount(balances.availableSats)}</dd>
        </div>
        <div>
          <dt>set aside</dt>
          <dd class="num">{formatCount(balances.heldSats)}</dd>
        </div>
        {balances.earnedSats > 0 && (
          <div>
            <dt>earned</dt>
            <dd class="num">{formatCount(balances.earnedSats)}</dd>
          </div>
        )}
      </dl>
      {canTopUp && (
        <p class="seat-dev">
          {welcomeSats === null
            ? 'Play money on a development network.'
            : `Welcome: ${formatSats(welcomeSats)} of play money are yours. This is a development network; they are worth nothing.`}
          {balances.availableSats < LOW_SATS && (
            <button type="button" class="small" onClick={() => void model.topUp(TOP_UP_SATS)}>
              Get more
            </button>
          )}
        </p>
      )}
    </div>
  );
}
