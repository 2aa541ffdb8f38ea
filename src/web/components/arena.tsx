/** The participants side by side, each with its sats, its score and what a viewer can do for it. */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { isRunning, satsAt } from '../../client/extrapolate.ts';
import type { PublicParticipant, PublicState } from '../../round/public-state.ts';
import { formatCount, formatRank, formatShort, initialsOf } from '../format.ts';
import { useFrame } from '../hooks.ts';
import { liveScore } from '../live-score.ts';
import type { PageModel } from '../page-model.ts';
import { seatOf } from '../seats.ts';
import { ClapIcon, GiftIcon, StopIcon, VoteIcon, WatchIcon } from './icons.tsx';

/** Of the way to the true number, each frame: fast enough to be true, slow enough to be seen. */
const EASE = 0.18;

interface ArenaProps {
  readonly model: PageModel;
  readonly state: PublicState;
  readonly onGift: (target: number) => void;
}

export function Arena({ model, state, onGift }: ArenaProps): JSX.Element {
  return (
    <section class="arena" aria-label="Participants" data-count={Math.min(state.participants.length, 4)}>
      {state.participants.map((participant, index) => (
        <Corner
          key={participant.id}
          model={model}
          state={state}
          participant={participant}
          index={index}
          onGift={onGift}
        />
      ))}
    </section>
  );
}

function Corner({
  model,
  state,
  participant,
  index,
  onGift,
}: ArenaProps & { participant: PublicParticipant; index: number }): JSX.Element {
  const watched = model.viewer?.watching === index;
  const leads = participant.rank === 1 && participant.score > 0;
  return (
    <article
      class="corner"
      data-seat={seatOf(index)}
      data-target={index}
      data-watched={watched ? '' : undefined}
      aria-label={participant.name}
    >
      <header class="corner-head">
        <span class="disc" aria-hidden="true">
          {initialsOf(participant.name)}
        </span>
        <h2>{participant.name}</h2>
        {state.participants.some((one) => one.score > 0) && (
          <span class="rank" data-lead={leads ? '' : undefined}>
            {formatRank(participant.rank)}
          </span>
        )}
      </header>
      <Burst model={model} state={state} index={index} />
      <p class="corner-sats">
        <LiveSats model={model} index={index} />
        <small>
          {participant.satsPerSecond > 0 ? `sats, +${participant.satsPerSecond} a second` : 'sats'}
        </small>
      </p>
      <ScoreBar model={model} index={index} />
      <dl class="facts">
        <Fact name={participant.watchers === 1 ? 'viewer' : 'viewers'} value={participant.watchers} />
        <Fact name={participant.votes === 1 ? 'vote' : 'votes'} value={participant.votes} />
        <Fact name={participant.claps === 1 ? 'clap' : 'claps'} value={participant.claps} />
      </dl>
      {state.phase !== 'settling' && state.phase !== 'settled' && state.phase !== 'cancelled' && (
        <Actions model={model} state={state} participant={participant} index={index} onGift={onGift} />
      )}
    </article>
  );
}

const BURST_MS = 2_500;

/** The newest gift for this participant rises from its card; an older one, after a reload, does not. */
function Burst({
  model,
  state,
  index,
}: {
  model: PageModel;
  state: PublicState;
  index: number;
}): JSX.Element | null {
  const gift = state.gifts.findLast((one) => one.target === index);
  if (gift === undefined || (model.viewer?.serverNowMs() ?? 0) - gift.atMs > BURST_MS) return null;
  return (
    <span class="burst num" key={gift.no} aria-hidden="true">
      +{formatCount(gift.sats)}
    </span>
  );
}

function Fact({ name, value }: { name: string; value: number }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="num">{formatShort(value)}</dd>
    </div>
  );
}

function LiveSats({ model, index }: { model: PageModel; index: number }): JSX.Element {
  const shown = useRef<number | null>(null);
  const number = useFrame<HTMLElement>((element) => {
    const { state } = model;
    const participant = state?.participants[index];
    if (state === null || participant === undefined) return;
    const truth = satsAt(state, participant, model.viewer?.serverNowMs() ?? 0);
    const before = shown.current ?? truth;
    // Never backwards: what was shown once was nearly true, and time makes it so.
    const next = Math.abs(truth - before) < 0.5 ? Math.max(truth, before) : before + (truth - before) * EASE;
    shown.current = truth < before - 5 ? truth : Math.max(before, next);
    const text = formatCount(shown.current);
    if (element.textContent !== text) element.textContent = text;
  });
  return <b class="num" ref={number} />;
}

/** As long as the part of the leader's score. */
function ScoreBar({ model, index }: { model: PageModel; index: number }): JSX.Element {
  const bar = useFrame<HTMLElement>((element) => {
    const scores = liveScore(model);
    const most = Math.max(...scores, 1);
    element.style.setProperty('transform', `scaleX(${((scores[index] ?? 0) / most).toFixed(4)})`);
  });
  const label = useFrame<HTMLElement>((element) => {
    const text = formatCount(liveScore(model)[index] ?? 0);
    if (element.textContent !== text) element.textContent = text;
  });
  return (
    <div class="score">
      <div class="score-track" aria-hidden="true">
        <i ref={bar} />
      </div>
      <p>
        score <b class="num" ref={label} />
      </p>
    </div>
  );
}

function Actions({
  model,
  state,
  participant: { name },
  index,
  onGift,
}: ArenaProps & { participant: PublicParticipant; index: number }): JSX.Element {
  const running = isRunning(state.phase);
  const connected = model.viewer?.connection.kind === 'ready';
  const watched = model.viewer?.watching === index;
  const vote = model.viewer?.vote ?? null;
  const claps = model.viewer?.claps[index] ?? 0;
  const rate = `${state.rateSatsPerSecond} ${state.rateSatsPerSecond === 1 ? 'sat' : 'sats'} a second`;
  const open = running || state.phase === 'lobby';
  return (
    <div class="actions">
      {watched ? (
        <button
          type="button"
          class="main main-stop"
          aria-label={`Stop watching ${name}`}
          onClick={() => model.stop()}
        >
          <StopIcon />
          <span>
            Stop
            <small>{connected ? (running ? 'paying now' : 'pays from the start') : 'not paying now'}</small>
          </span>
        </button>
      ) : (
        <button
          type="button"
          class="main"
          disabled={!open}
          aria-label={`Watch ${name}, ${rate}`}
          onClick={() => void model.watch(index)}
        >
          <WatchIcon />
          <span>
            Watch
            <small>{rate}</small>
          </span>
        </button>
      )}
      <div class="actions-row">
        <button
          type="button"
          class="side"
          disabled={!running}
          aria-label={`Clap for ${name}`}
          onClick={() => model.clap(index)}
        >
          <span class="pop" key={claps}>
            <ClapIcon />
          </span>
          <span>{claps > 0 ? formatShort(claps) : 'Clap'}</span>
        </button>
        <button
          type="button"
          class="side"
          disabled={!running || vote !== null}
          aria-pressed={vote === index}
          aria-label={vote === index ? `You voted for ${name}` : `Vote for ${name}`}
          onClick={() => void model.vote(index)}
        >
          <VoteIcon />
          <span>{vote === index ? 'Voted' : 'Vote'}</span>
        </button>
        <button
          type="button"
          class="side"
          disabled={!running}
          aria-label={`Give to ${name}`}
          onClick={() => onGift(index)}
        >
          <GiftIcon />
          <span>Gift</span>
        </button>
      </div>
    </div>
  );
}
