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
      <path d="M10.9 20.5v-9L7.6 6.9a1.25 1.25 0 0 0-2.2.9l.5 4.3-1.5 3a4.6 4.6 0 0 0 .6 5.1M13.1 20.5v-9l3.3-4.6a1.25 1.25 0 0 1 2.2.9l-.5 4.3 1.5 3a4.6 4.6 0 0 1-.6 5.1" />
      <path d="M12 2.8v3M8.4 3.4l.7 1.2M15.6 3.4l-.7 1.2" />
    </Icon>
  );
}

export function VoteIcon(): JSX.Element {
  return (
    <Icon>
      <path d="M4 13.5V19a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-5.5M2.8 13.5h18.4M8 10.2l3 3 5.4-6.4" />
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

export function KeysIcon(): JSX.Element {
  return (
    <Icon>
      <rect x="2.5" y="6" width="19" height="12" rx="2.2" />
      <path d="M6.2 10h.01M10 10h.01M14 10h.01M17.8 10h.01M8 14h8" />
    </Icon>
  );
}
