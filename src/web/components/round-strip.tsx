/** The battles to choose from, and the way to the next one when the shown one is over. */
import type { JSX } from 'preact';
import { PHASE_WORDS } from '../explain.ts';
import { useFrame } from '../hooks.ts';
import type { PageModel } from '../page-model.ts';

const SHOWN_MAX = 8;

export function RoundStrip({ model }: { model: PageModel }): JSX.Element | null {
  const rounds = model.rounds.slice(0, SHOWN_MAX);
  if (rounds.length < 2) return null;
  return (
    <nav class="strip" aria-label="Battles">
      {rounds.map(({ terms, phase }) => {
        const shown = terms.roundId === model.roundId;
        // The followed state is fresher than the list.
        const now = shown ? (model.state?.phase ?? phase) : phase;
        return (
          <button
            key={terms.roundId}
            type="button"
            class="chip"
            data-phase={now}
            aria-current={shown ? 'true' : undefined}
            onClick={() => model.show(terms.roundId)}
          >
            <i aria-hidden="true" />
            {terms.title}
            <span class="chip-phase">{PHASE_WORDS[now]}</span>
          </button>
        );
      })}
    </nav>
  );
}

export function NextRoundBanner({ model }: { model: PageModel }): JSX.Element | null {
  const { next } = model;
  const seconds = useFrame<HTMLSpanElement>((element) => {
    const atMs = model.next?.atMs ?? null;
    element.textContent =
      atMs === null ? '' : ` Moving on in ${Math.max(0, Math.ceil((atMs - Date.now()) / 1000))} s.`;
  });
  if (next === null) return null;
  return (
    <div class="banner banner-next" role="status">
      <span>
        Next: <b>{next.title}</b>.
        <span ref={seconds} aria-hidden="true" />
      </span>
      <span class="banner-actions">
        {next.atMs !== null && (
          <button type="button" class="small small-quiet" onClick={() => model.stay()}>
            Stay here
          </button>
        )}
        <button type="button" class="small" onClick={() => model.show(next.roundId)}>
          Go there
        </button>
      </span>
    </div>
  );
}
