/** How it ended: who won, who gets what, where it is on chain, and the check of one's own receipt. */
import type { JSX } from 'preact';
import type { PublicResult, PublicState } from '../../round/public-state.ts';
import { formatCount, formatRank, formatSats, initialsOf } from '../format.ts';
import type { PageModel } from '../page-model.ts';
import { seatOf } from '../seats.ts';
import { ReceiptCheck } from './receipt-check.tsx';

const STATUS_WORDS: Readonly<Record<PublicResult['status'], string>> = {
  planned: 'being written to the chain',
  accepted: 'accepted by the network',
  mined: 'in a block, proof checked',
};

export function Results({ model, state }: { model: PageModel; state: PublicState }): JSX.Element | null {
  if (state.phase === 'cancelled') {
    return (
      <section class="panel results" aria-labelledby="results-title">
        <h2 id="results-title">This battle was cancelled</h2>
        <p class="empty">Everything that was set aside is free again. Nobody paid anything.</p>
      </section>
    );
  }
  const { result } = state;
  if (result === null) return null;
  const winner = result.ranking[0];
  return (
    <section class="panel results" aria-labelledby="results-title" data-seat={seatOf(winner ?? 0)}>
      <p class="results-over">Result</p>
      <h2 id="results-title">{winner === undefined ? 'It is over' : `${model.nameOf(winner)} wins`}</h2>
      <ol class="ranking">
        {result.ranking.map((index, place) => (
          <li key={index} data-seat={seatOf(index)}>
            <span class="disc" aria-hidden="true">
              {initialsOf(model.nameOf(index))}
            </span>
            <span class="who">
              {model.nameOf(index)}
              <small>
                {formatRank(place + 1)}, score {formatCount(state.participants[index]?.score ?? 0)}
              </small>
            </span>
            <span class="gets">
              <b class="num">{formatCount(result.participantSats[index] ?? 0)}</b>
              <small>sats</small>
            </span>
          </li>
        ))}
      </ol>
      <Money result={result} />
      <Chain model={model} result={result} />
      <ReceiptCheck key={state.roundId} model={model} ready={result.status === 'mined'} />
    </section>
  );
}

/** Where the money came from, and below it where it went: each row is all of it. */
function Money({ result }: { result: PublicResult }): JSX.Element {
  const participantsSats = result.participantSats.reduce((sum, sats) => sum + sats, 0);
  return (
    <dl class="facts facts-wide">
      <div>
        <dt>paid in all</dt>
        <dd class="num">{formatCount(result.paidSats)}</dd>
      </div>
      <div>
        <dt>direct</dt>
        <dd class="num">{formatCount(result.directSats)}</dd>
      </div>
      <div>
        <dt>pool</dt>
        <dd class="num">{formatCount(result.poolSats)}</dd>
      </div>
      <div>
        <dt>to participants</dt>
        <dd class="num">{formatCount(participantsSats)}</dd>
      </div>
      <div>
        <dt>to supporters</dt>
        <dd class="num">{formatCount(result.paidSats - participantsSats - result.platformSats)}</dd>
      </div>
      <div>
        <dt>to the platform</dt>
        <dd class="num">{formatCount(result.platformSats)}</dd>
      </div>
    </dl>
  );
}

function Chain({ model, result }: { model: PageModel; result: PublicResult }): JSX.Element {
  const details = new Map(model.results?.transactions.map((one) => [one.txid, one]));
  return (
    <div class="chain">
      <p class="chain-status" data-status={result.status}>
        <i aria-hidden="true" />
        {result.txids.length === 0 && result.status === 'mined'
          ? 'Nothing was paid, so nothing had to be written.'
          : `Settlement ${STATUS_WORDS[result.status]}`}
      </p>
      {result.txids.length > 0 && (
        <ul class="txids">
          {result.txids.map((txid) => {
            const known = details.get(txid);
            const block = known?.blockHeight ?? null;
            return (
              <li key={txid}>
                <code>{txid}</code>
                <small>
                  {known !== undefined &&
                    `${block === null ? '' : `block ${block}, `}fee ${formatSats(known.feeSats)}`}
                </small>
              </li>
            );
          })}
        </ul>
      )}
    </div>
  );
}
