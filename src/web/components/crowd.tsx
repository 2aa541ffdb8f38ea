/** Who supports most, and the gifts as they come. */
import type { JSX } from 'preact';
import type { PublicState } from '../../round/public-state.ts';
import { formatAgo, formatCount } from '../format.ts';
import type { PageModel } from '../page-model.ts';
import { seatOf } from '../seats.ts';

/** From here on a gift is drawn larger. */
const BIG_GIFT_SATS = 1_000;

export function Supporters({ model, state }: { model: PageModel; state: PublicState }): JSX.Element {
  const mine = model.viewer?.account;
  const most = state.supporters[0]?.sats ?? 1;
  return (
    <section class="panel stage-supporters" aria-labelledby="supporters-title">
      <h2 id="supporters-title">Supporters</h2>
      {state.supporters.length === 0 ? (
        <p class="empty">Nobody has paid yet. The first could be you.</p>
      ) : (
        <ol class="supporters">
          {state.supporters.map((one) => (
            <li key={one.account} data-mine={one.account === mine ? '' : undefined}>
              <i aria-hidden="true" style={{ '--part': one.sats / most }} />
              <span class="who">{one.account === mine ? `${one.name} (you)` : one.name}</span>
              <b class="num">{formatCount(one.sats)}</b>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

export function GiftFeed({ model, state }: { model: PageModel; state: PublicState }): JSX.Element {
  const mine = model.viewer?.account;
  const now = model.viewer?.serverNowMs() ?? 0;
  const gifts = state.gifts.toReversed();
  return (
    <section class="panel" aria-labelledby="gifts-title">
      <h2 id="gifts-title">Gifts</h2>
      {gifts.length === 0 ? (
        <p class="empty">No gifts yet.</p>
      ) : (
        <ul class="gifts">
          {gifts.map((gift) => (
            <li
              key={gift.no}
              data-seat={seatOf(gift.target)}
              data-big={gift.sats >= BIG_GIFT_SATS ? '' : undefined}
            >
              <i aria-hidden="true" />
              <span class="who">
                <b>{gift.account === mine ? 'You' : gift.from}</b> to{' '}
                {state.participants[gift.target]?.name ?? 'somebody'}
                <small>{formatAgo(now - gift.atMs)}</small>
              </span>
              <b class="num">{formatCount(gift.sats)}</b>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
