/** Every action by a key. Keys do nothing while something is typed, a dialog is open, or with Ctrl, Alt or Meta. */
import type { PageModel } from './page-model.ts';

export const SHORTCUTS = [
  { keys: '1 – 9', does: 'watch that participant' },
  { keys: 'S', does: 'stop watching' },
  { keys: 'Space', does: 'clap for the one you watch' },
  { keys: 'V', does: 'vote for the one you watch' },
  { keys: 'G', does: 'give to the one you watch' },
  { keys: '?', does: 'show this help' },
] as const;

export interface KeyActions {
  readonly model: PageModel;
  gift(target: number): void;
  help(): void;
}

/** Returns how to stop listening. */
export function listenToKeys(actions: KeyActions): () => void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    if (document.querySelector('dialog[open]') !== null) return;
    const { target } = event;
    if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) return;
    // Space and Enter press the button that has the focus.
    if (event.key === ' ' && target instanceof HTMLElement && target.closest('button, a, summary')) return;
    if (act(actions, event.key)) event.preventDefault();
  };
  document.addEventListener('keydown', onKey);
  return () => document.removeEventListener('keydown', onKey);
}

function act(actions: KeyActions, key: string): boolean {
  const { model } = actions;
  const target = focusedTarget() ?? model.target;
  if (/^[1-9]$/.test(key)) {
    const index = Number(key) - 1;
    if (index >= (model.state?.participants.length ?? 0)) return false;
    void model.watch(index);
    return true;
  }
  switch (key.toLowerCase()) {
    case 's':
      model.stop();
      return true;
    case ' ':
      model.clap(target);
      return true;
    case 'v':
      void model.vote(target);
      return true;
    case 'g':
      actions.gift(target);
      return true;
    case '?':
      actions.help();
      return true;
    default:
      return false;
  }
}

/** The participant whose card has the focus. */
function focusedTarget(): number | null {
  const card = document.activeElement?.closest('[data-target]');
  const index = Number(card?.getAttribute('data-target') ?? Number.NaN);
  return Number.isInteger(index) ? index : null;
}
