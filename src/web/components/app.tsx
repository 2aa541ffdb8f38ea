/** The page. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useModel } from '../hooks.ts';
import { listenToKeys } from '../keyboard.ts';
import type { PageModel } from '../page-model.ts';
import { seatOf } from '../seats.ts';
import { Arena } from './arena.tsx';
import { GiftFeed, Supporters } from './crowd.tsx';
import { GiftDialog } from './gift-dialog.tsx';
import { ConnectionNotice, Header } from './header.tsx';
import { HelpDialog } from './help-dialog.tsx';
import { MySeat } from './my-seat.tsx';
import { Announcer, Notices } from './notices.tsx';
import { Results } from './results.tsx';
import { RoundHead } from './round-head.tsx';
import { NextRoundBanner, RoundStrip } from './round-strip.tsx';

export function App({ model }: { model: PageModel }): JSX.Element {
  useModel(model);
  const [giftFor, setGiftFor] = useState<number | null>(null);
  const [help, setHelp] = useState(false);
  useEffect(
    () =>
      listenToKeys({
        model,
        gift: (target) => {
          if (model.state?.phase === 'live' || model.state?.phase === 'overtime') setGiftFor(target);
        },
        help: () => setHelp(true),
      }),
    [model],
  );
  const { state } = model;
  // Of a battle that was cancelled everything is given back: nobody leads, supports or gave.
  const counts = state?.phase !== 'cancelled';
  const leader = state?.participants.findIndex((one) => one.rank === 1 && one.score > 0) ?? -1;
  return (
    <div class="page" data-seat={leader < 0 ? undefined : seatOf(leader)}>
      <Header model={model} onHelp={() => setHelp(true)} />
      <ConnectionNotice model={model} />
      <RoundStrip model={model} />
      <NextRoundBanner model={model} />
      {state === null ? (
        <Waiting model={model} />
      ) : (
        <main class="stage">
          <div class="stage-main">
            <RoundHead model={model} state={state} />
            <Results model={model} state={state} />
            {counts && state.result === null && <Arena model={model} state={state} onGift={setGiftFor} />}
          </div>
          <div class="stage-side">
            <MySeat model={model} state={state} />
            {counts && <GiftFeed model={model} state={state} />}
          </div>
          {counts && <Supporters model={model} state={state} />}
        </main>
      )}
      <GiftDialog model={model} target={giftFor} onClose={() => setGiftFor(null)} />
      <HelpDialog open={help} onClose={() => setHelp(false)} />
      <Notices model={model} />
      <Announcer model={model} />
    </div>
  );
}

function Waiting({ model }: { model: PageModel }): JSX.Element {
  const { boot, roundId } = model;
  const text =
    boot.kind === 'failed'
      ? `${boot.text} Trying again.`
      : boot.kind === 'ready' && roundId === null
        ? 'No battle is on. This page goes to the next one by itself.'
        : 'Taking your seat …';
  return (
    <main class="waiting">
      <span class="waiting-mark" aria-hidden="true" />
      <p role="status">{text}</p>
    </main>
  );
}
