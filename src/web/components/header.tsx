/** Name of the place, state of the connection, the balance, help. */
import type { JSX } from 'preact';
import type { ConnectionState } from '../../client/connection.ts';
import { explainClosed } from '../explain.ts';
import { formatCount } from '../format.ts';
import { useFrame } from '../hooks.ts';
import type { PageModel } from '../page-model.ts';
import { HelpIcon, RingIcon } from './icons.tsx';

export function Header({ model, onHelp }: { model: PageModel; onHelp: () => void }): JSX.Element {
  const connection = model.viewer?.connection ?? { kind: 'idle' };
  return (
    <header class="top">
      <a class="brand" href="/">
        <RingIcon />
        Ringside
      </a>
      <Light connection={connection} />
      <span class="top-gap" />
      {model.balances && (
        <span class="balance" title="What you can still spend">
          <b class="num">{formatCount(model.balances.availableSats)}</b> sats
        </span>
      )}
      <button type="button" class="quiet-icon" aria-label="Help" onClick={onHelp}>
        <HelpIcon />
      </button>
    </header>
  );
}

function Light({ connection }: { connection: ConnectionState }): JSX.Element {
  const words = {
    idle: 'starting',
    connecting: 'connecting',
    ready: 'connected',
    waiting: 'reconnecting',
    closed: 'disconnected',
  }[connection.kind];
  return (
    <span class="light" data-state={connection.kind} role="status">
      <i aria-hidden="true" />
      <span>{words}</span>
    </span>
  );
}

/** Below the header while the connection is gone. */
export function ConnectionNotice({ model }: { model: PageModel }): JSX.Element | null {
  const connection = model.viewer?.connection;
  const countdown = useFrame<HTMLSpanElement>((element) => {
    const state = model.viewer?.connection;
    if (state?.kind !== 'waiting') return;
    const seconds = Math.max(0, Math.ceil((state.retryAtMs - Date.now()) / 1000));
    element.textContent = seconds > 0 ? ` Trying again in ${seconds} s.` : ' Trying again.';
  });
  if (connection?.kind === 'closed') {
    return (
      <div class="banner banner-bad" role="alert">
        <span>{explainClosed(connection)} What you paid is safe.</span>
        <button type="button" class="small" onClick={() => void model.viewer?.connect()}>
          Connect again
        </button>
      </div>
    );
  }
  const lost =
    connection?.kind === 'waiting' || (connection?.kind === 'connecting' && connection.attempt > 0);
  if (!lost) return null;
  return (
    <div class="banner" role="status">
      <span>
        The connection was lost. You are not paying meanwhile.
        <span ref={countdown} />
      </span>
    </div>
  );
}
