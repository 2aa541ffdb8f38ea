/** A button that checks the published receipt here, in the browser, and shows each step. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Check } from '../../settlement/checks/check.ts';
import { explain } from '../explain.ts';
import { formatSats } from '../format.ts';
import type { PageModel } from '../page-model.ts';
import type { ReceiptReport } from '../verify-receipt-here.ts';
import { CheckIcon, CrossIcon } from './icons.tsx';

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running' }
  | { readonly kind: 'failed'; readonly text: string }
  | { readonly kind: 'done'; readonly report: ReceiptReport };

export function ReceiptCheck({ model, ready }: { model: PageModel; ready: boolean }): JSX.Element {
  const [state, setState] = useState<State>({ kind: 'idle' });
  const run = async (): Promise<void> => {
    const { roundId, viewer } = model;
    if (roundId === null || viewer === null) return;
    model.stay(); // who checks wants to read
    setState({ kind: 'running' });
    const receipt = await model.api.receipt(roundId);
    if (!receipt.ok) return setState({ kind: 'failed', text: explain(receipt.code) });
    const { verifyReceiptHere } = await import('../verify-receipt-here.ts');
    setState({ kind: 'done', report: verifyReceiptHere(receipt.data, viewer.account) });
  };
  return (
    <div class="receipt">
      <button
        type="button"
        class="main main-plain"
        data-testid="verify"
        disabled={!ready || state.kind === 'running'}
        onClick={() => void run()}
      >
        {state.kind === 'running'
          ? 'Checking…'
          : ready
            ? 'Verify my receipt'
            : 'Receipt follows with the block'}
      </button>
      {state.kind === 'failed' && <p role="alert">{state.text}</p>}
      {state.kind === 'done' && <Report model={model} report={state.report} />}
    </div>
  );
}

function Report({ model, report }: { model: PageModel; report: ReceiptReport }): JSX.Element {
  const mineSats = report.mine.reduce((sum, one) => sum + (one.paidSats ?? 0), 0);
  const counted = model.viewer?.paid?.acknowledgedSats ?? null;
  const agrees = counted === null || counted === mineSats || report.mine.length === 0;
  const ok = report.ok && agrees;
  return (
    <div class="report" data-testid="report" data-ok={ok} aria-live="polite">
      <p class="report-verdict" data-ok={ok ? '' : undefined}>
        {ok ? <CheckIcon /> : <CrossIcon />}
        {ok ? 'Every check passed.' : 'Something does not fit.'}
      </p>
      {report.mine.length === 0 ? (
        <p>You did not pay in this battle, so there is no payment of yours to find. The whole was checked.</p>
      ) : (
        <p>
          The receipt says that you paid {formatSats(mineSats)}
          {counted === null
            ? '.'
            : agrees
              ? ', as this page counted.'
              : `, but this page counted ${formatSats(counted)}.`}
        </p>
      )}
      {report.mine.map((one, index) => (
        <Checks
          key={one.streamId}
          title={report.mine.length > 1 ? `My payment ${index + 1}` : 'My payment'}
          checks={one.checks}
          open
        />
      ))}
      <Checks
        title="The whole settlement"
        checks={report.whole.checks}
        open={report.mine.length === 0 || !report.whole.ok}
      />
    </div>
  );
}

function Checks({
  title,
  checks,
  open,
}: {
  title: string;
  checks: readonly Check[];
  open: boolean;
}): JSX.Element {
  const failed = checks.filter((check) => !check.ok).length;
  return (
    <details class="checks" open={open}>
      <summary>
        {title}
        <span>{failed === 0 ? `${checks.length} of ${checks.length} passed` : `${failed} failed`}</span>
      </summary>
      <ul>
        {checks.map((check) => (
          <li key={check.name} data-ok={check.ok ? '' : undefined}>
            {check.ok ? <CheckIcon /> : <CrossIcon />}
            <b>{check.name}</b>
            <span>{check.detail}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
