/** How much to give: four sizes, or any other number. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { formatCount, formatSats } from '../format.ts';
import type { PageModel } from '../page-model.ts';
import { seatOf } from '../seats.ts';

const PRESETS_SATS = [10, 100, 1_000, 25_300] as const;

interface GiftDialogProps {
  readonly model: PageModel;
  /** Null: closed. */
  readonly target: number | null;
  readonly onClose: () => void;
}

export function GiftDialog({ model, target, onClose }: GiftDialogProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [custom, setCustom] = useState('');
  useEffect(() => {
    const element = dialog.current;
    if (element === null) return;
    if (target !== null && !element.open) element.showModal();
    if (target === null && element.open) element.close();
  }, [target]);
  const give = (sats: number): void => {
    if (target !== null) void model.gift(target, sats);
    setCustom('');
    onClose();
  };
  const name = target === null ? '' : model.nameOf(target);
  const leftSats = model.viewer?.paid?.leftSats ?? null;
  const amount = /^\d{1,9}$/.test(custom) ? Number(custom) : 0;
  return (
    <dialog
      ref={dialog}
      class="sheet"
      data-seat={target === null ? undefined : seatOf(target)}
      aria-labelledby="gift-title"
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) onClose(); // outside of the sheet
      }}
    >
      <form
        class="sheet-body"
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          if (amount > 0) give(amount);
        }}
      >
        <h2 id="gift-title">A gift for {name}</h2>
        <p class="sheet-lead">It shows at once, counts for the score and cannot be taken back.</p>
        <div class="presets">
          {PRESETS_SATS.map((sats) => (
            <button
              key={sats}
              type="button"
              class="preset"
              disabled={leftSats !== null && sats > leftSats}
              onClick={() => give(sats)}
            >
              <b class="num">{formatCount(sats)}</b>
              <small>sats</small>
            </button>
          ))}
        </div>
        <label class="field">
          <span>Another amount</span>
          <input
            name="sats"
            inputMode="numeric"
            autocomplete="off"
            pattern="[0-9]{1,9}"
            placeholder="sats"
            value={custom}
            onInput={(event) => setCustom(event.currentTarget.value.trim())}
          />
          <button type="submit" class="small" disabled={amount === 0}>
            Give
          </button>
        </label>
        <footer class="sheet-foot">
          <span>{leftSats === null ? '' : `${formatSats(leftSats)} set aside for this battle`}</span>
          <button type="button" class="small small-quiet" onClick={onClose}>
            Cancel
          </button>
        </footer>
      </form>
    </dialog>
  );
}
