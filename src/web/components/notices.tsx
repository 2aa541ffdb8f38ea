/** Short messages that come and go, and the quiet voice for screen readers. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { PublicState } from '../../round/public-state.ts';
import { PHASE_WORDS } from '../explain.ts';
import { formatCount } from '../format.ts';
import type { PageModel } from '../page-model.ts';
import { CrossIcon } from './icons.tsx';

export function Notices({ model }: { model: PageModel }): JSX.Element {
  return (
    <div class="notices" aria-live="polite">
      {model.notices.map(({ no, kind, text }) => (
        <p key={no} class="notice" data-kind={kind} role={kind === 'error' ? 'alert' : undefined}>
          <span>{text}</span>
          <button type="button" class="quiet-icon" aria-label="Dismiss" onClick={() => model.dismiss(no)}>
            <CrossIcon />
          </button>
        </p>
      ))}
    </div>
  );
}

const SCORE_EVERY_MS = 20_000;

/** Says phases and lead changes when they happen, and the score now and then: never more than a listener can follow. */
export function Announcer({ model }: { model: PageModel }): JSX.Element {
  const [text, setText] = useState('');
  const said = useRef({ phase: '', leader: -1, atMs: 0 });
  const { state } = model;
  useEffect(() => {
    if (state === null) return;
    const leader = state.participants.findIndex((one) => one.rank === 1 && one.score > 0);
    const { phase } = state;
    const { current } = said;
    const due = performance.now() - current.atMs > SCORE_EVERY_MS && state.phase === 'live';
    if (phase === current.phase && leader === current.leader && !due) return;
    const words = [
      phase === current.phase ? '' : `${PHASE_WORDS[phase]}.`,
      leader >= 0 && leader !== current.leader ? `${model.nameOf(leader)} leads.` : '',
      due ? scores(state) : '',
    ];
    said.current = { phase, leader, atMs: performance.now() };
    setText(words.filter((word) => word !== '').join(' '));
  });
  return (
    <p class="unseen" aria-live="polite">
      {text}
    </p>
  );
}

function scores(state: PublicState): string {
  return state.participants.map(({ name, score }) => `${name} ${formatCount(score)}`).join(', ');
}
