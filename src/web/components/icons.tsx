/** Line icons, drawn here: 24 units wide, stroked in the colour of the text around them. */
import type { ComponentChildren, JSX } from 'preact';

function Icon({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

/** A bell between two ropes: the sign of the place. */
export function RingIcon(): JSX.Element {
  return (
    <Icon>
      <path d="M3 6v12M21 6v12M3 9h18M3 15h18" />
      <circle cx="12" cy="12" r="4.2" class="icon-solid" />
    </Icon>
  );
}

export function WatchIcon(): JSX.Element {
  return (
    <Icon>
      <path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12Z" />
      <circle cx="12" cy="12" r="2.8" />
    </Icon>
  );
}

export function StopIcon(): JSX.Element {
  return (
    <Icon>
      <rect x="6.5" y="6.5" width="11" height="11" rx="2" class="icon-solid" />
    </Icon>
  );
}

export function ClapIcon(): JSX.Element {
  return (
    <Icon>
      <path d="M7.9 13V7a1.4 1.4 0 0 1 2.8 0v4.4M10.7 11.2V5.4a1.4 1.4 0 0 1 2.8 0v5.8M13.5 11.4V6.6a1.4 1.4 0 0 1 2.8 0v6M16.3 12.4V9.2a1.4 1.4 0 0 1 2.8 0v6.1c0 3.6-2.5 6-6 6-2.9 0-4.5-1.1-6-3.4l-2.6-3.9a1.45 1.45 0 0 1 2.4-1.6l1 1.4" />
      <path d="M4.6 8.2 3 7.4M6 4.6 5 3.2M18.6 4.4l1-1.2" />
    </Icon>
  );
}

export function VoteIcon(): JSX.Element {
  return (
    <Icon>
      <circle cx="12" cy="12" r="8.6" />
      <path d="m8 12.3 2.9 2.9 5.3-6" />
    </Icon>
  );
}

export function GiftIcon(): JSX.Element {
  return (
    <Icon>
      <path d="M4.5 11.5V20h15v-8.5M3 7.8h18v3.7H3zM12 7.8V20M12 7.8S10.8 4 8.6 4 6.4 7 9 7.8M12 7.8S13.2 4 15.4 4s2.2 3-.4 3.8" />
    </Icon>
  );
}

export function CheckIcon(): JSX.Element {
  return (
    <Icon>
      <path d="m4.5 12.5 5 5 10-11" />
    </Icon>
  );
}

export function CrossIcon(): JSX.Element {
  return (
    <Icon>
      <path d="m6 6 12 12M18 6 6 18" />
    </Icon>
  );
}

export function HelpIcon(): JSX.Element {
  return (
    <Icon>
      <circle cx="12" cy="12" r="9" />
      <path d="M9.4 9.6a2.7 2.7 0 0 1 5.2.9c0 1.8-2.6 2.2-2.6 3.8M12 17.2h.01" />
    </Icon>
  );
}
