/** Title, phase, the clock that everybody shares, and how the score is divided. */
import type { JSX } from 'preact';
import { isRunning, msToNextTurn, satsAt } from '../../client/extrapolate.ts';
import type { PublicState } from '../../round/public-state.ts';
import { PHASE_WORDS } from '../explain.ts';
import { formatClock, formatCount } from '../format.ts';
import { useFrame } from '../hooks.ts';
import { liveScore } from '../live-score.ts';
import type { PageModel } from '../page-model.ts';
import { isOver } from '../round-choice.ts';
import { seatOf } from '../seats.ts';

const CLOCK_WORDS: Partial<Record<PublicState['phase'], string>> = {
  scheduled: 'until it starts',
  lobby: 'until it starts',
  live: 'left',
  overtime: 'left in overtime',
  closing: 'for the last payments',
};

export function RoundHead({ model, state }: { model: PageModel; state: PublicState }): JSX.Element {
  const { phase } = state;
  return (
    <section class="head" aria-labelledby="round-title">
      <div class="head-words">
        <p class="phase" data-phase={phase}>
          <i aria-hidden="true" />
          {PHASE_WORDS[phase]}
        </p>
        <h1 id="round-title">{state.title}</h1>
        {phase !== 'cancelled' && (
          <p class="head-facts">
            <Pot model={model} />{' '}
            {isOver(phase)
              ? 'paid in all'
              : `in the pot, ${state.viewers} ${state.viewers === 1 ? 'viewer' : 'viewers'}`}
          </p>
        )}
      </div>
      {CLOCK_WORDS[phase] !== undefined && <Countdown model={model} state={state} />}
      {phase !== 'cancelled' && <ScoreSplit model={model} state={state} />}
    </section>
  );
}

function Countdown({ model, state }: { model: PageModel; state: PublicState }): JSX.Element {
  const clock = useFrame<HTMLSpanElement>((element) => {
    const now = model.viewer?.serverNowMs() ?? 0;
    const leftMs = model.state === null ? null : msToNextTurn(model.state, now);
    const text = leftMs === null ? '–' : formatClock(leftMs);
    if (element.textContent !== text) element.textContent = text;
    element.toggleAttribute(
      'data-soon',
      leftMs !== null && leftMs < 10_000 && isRunning(model.state?.phase ?? 'lobby'),
    );
  });
  return (
    <p class="clock" role="timer">
      <span class="clock-digits num" ref={clock} />
      <span class="clock-words">
        {state.endsAtMs === null && isRunning(state.phase)
          ? `until block ${state.endHeight ?? ''}`
          : CLOCK_WORDS[state.phase]}
      </span>
    </p>
  );
}

function Pot({ model }: { model: PageModel }): JSX.Element {
  const pot = useFrame<HTMLElement>((element) => {
    const { state } = model;
    const now = model.viewer?.serverNowMs() ?? 0;
    const total = state?.participants.reduce((sum, one) => sum + satsAt(state, one, now), 0) ?? 0;
    const text = `${formatCount(total)} sats`;
    if (element.textContent !== text) element.textContent = text;
  });
  return <b class="num" ref={pot} />;
}

/** The rope: each participant's part of the whole score. */
function ScoreSplit({ model, state }: { model: PageModel; state: PublicState }): JSX.Element {
  return (
    <div class="split" aria-hidden="true">
      {state.participants.map((participant, index) => (
        <SplitPart key={participant.id} model={model} index={index} />
      ))}
    </div>
  );
}

function SplitPart({ model, index }: { model: PageModel; index: number }): JSX.Element {
  const part = useFrame<HTMLElement>((element) => {
    const scores = liveScore(model);
    const total = scores.reduce((sum, score) => sum + score, 0);
    const share = total === 0 ? 1 / Math.max(1, scores.length) : (scores[index] ?? 0) / total;
    element.style.setProperty('flex-grow', share.toFixed(4));
  });
  return <i ref={part} data-seat={seatOf(index)} />;
}
