/** How the place works, and its keys. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { SHORTCUTS } from '../keyboard.ts';

export function HelpDialog({ open, onClose }: { open: boolean; onClose: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (open && element?.open === false) element.showModal();
    if (!open && element?.open === true) element.close();
  }, [open]);
  return (
    <dialog
      ref={dialog}
      class="sheet"
      aria-labelledby="help-title"
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div class="sheet-body">
        <h2 id="help-title">How it works</h2>
        <p class="sheet-lead">
          While you watch somebody, a little money flows to them every second. Stop, and it stops; it also
          stops when this page is hidden. When the battle ends, everything is divided, paid on chain, and you
          can check it here.
        </p>
        <dl class="keys">
          {SHORTCUTS.map(({ keys, does }) => (
            <div key={keys}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
        <footer class="sheet-foot">
          <span />
          <button type="button" class="small" onClick={onClose}>
            Close
          </button>
        </footer>
      </div>
    </dialog>
  );
}
