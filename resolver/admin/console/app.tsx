// The frame of the console: where one is, how the process fares, and the view of the address.

import { Fragment } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Alarm, Status } from '../console-model.ts';
import { AdminError, giveToken, whenTokenIsWanted } from './admin-client.ts';
import { AlarmsView, raisedOf } from './alarms.tsx';
import { duration, whole } from './format.ts';
import { usePlace, usePolled } from './hooks.ts';
import { LookUpView } from './look-up.tsx';
import { NetworkView } from './network.tsx';
import { NumberSpaceView } from './number-space.tsx';
import { OverviewView } from './overview.tsx';
import { Notice } from './parts.tsx';
import { SnapshotsView } from './snapshots.tsx';
import { useFigures } from './use-figures.ts';

const VIEWS = [
  ['overview', 'Overview'],
  ['numbers', 'Number space'],
  ['look-up', 'Lookup'],
  ['snapshots', 'Snapshots'],
  ['network', 'Network'],
  ['alarms', 'Alarms'],
] as const;

export function App() {
  const [view = '', ...more] = usePlace();
  const status = usePolled<Status>('/admin/v1/status', 2000);
  const alarms = usePolled<Alarm[]>('/admin/v1/alarms', 5000);
  const live = useFigures();
  const [wantsToken, setWantsToken] = useState(false);
  const [tokensGiven, setTokensGiven] = useState(0);
  useEffect(() => whenTokenIsWanted(() => setWantsToken(true)), []);
  const onGiven = () => {
    setWantsToken(false);
    setTokensGiven((count) => count + 1);
    status.refresh();
    alarms.refresh();
  };
  const current = VIEWS.some(([name]) => name === view) ? view : 'overview';
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to the content
      </button>
      <header class="top">
        <a class="brand" href="#/overview">
          <span aria-hidden="true" class="mark" />
          bchf
        </a>
        <Health status={status.value} error={status.error} />
        <nav aria-label="Views">
          {VIEWS.map(([name, title]) => (
            <a key={name} href={`#/${name}`} aria-current={name === current ? 'page' : undefined}>
              {title}
              {name === 'alarms' && <Count raised={raisedOf(alarms.value)} />}
            </a>
          ))}
        </nav>
      </header>
      <main id="main" tabIndex={-1}>
        {wantsToken && <TokenForm onGiven={onGiven} />}
        {status.error?.status === 0 && (
          <Notice kind="error" title="The process does not answer">
            The page shows the last figures that it received, and asks again by itself.
          </Notice>
        )}
        {/* What was refused is asked again with another token. */}
        <Fragment key={tokensGiven}>
          {current === 'overview' && (
            <OverviewView status={status.value} live={live} alarms={alarms.value} />
          )}
          {current === 'network' && <NetworkView />}
          {current === 'alarms' && <AlarmsView alarms={alarms} />}
          {current === 'numbers' && <NumberSpaceView identity={more[0]} prefix={more[1]} />}
          {current === 'snapshots' && <SnapshotsView />}
          {current === 'look-up' && <LookUpView ueId={more[0] ?? ''} />}
        </Fragment>
      </main>
    </>
  );
}

function Health({ status, error }: { status: Status | undefined; error: AdminError | undefined }) {
  if (error?.status === 0) return <p class="health critical">no answer</p>;
  if (!status) return <p class="health">…</p>;
  const { block, lagMs, workers } = status;
  if (workers === 0) return <p class="health critical">no thread serves</p>;
  const lag = lagMs === null ? '' : lagMs === 0 ? ' · up to date' : ` · ${duration(lagMs)} behind`;
  return (
    <p class={`health ${lagMs !== null && lagMs > 0 ? 'warning' : 'good'}`}>
      serving · block {whole(block.height)}
      {lag}
    </p>
  );
}

/** How many alarms are raised, in the colour of the worst. */
function Count({ raised }: { raised: Alarm[] }) {
  const [worst] = raised;
  if (!worst) return null;
  return (
    <span class={`badge ${worst.severity}`}>
      {raised.length}
      <span class="hidden"> raised</span>
    </span>
  );
}

function TokenForm({ onGiven }: { onGiven: () => void }) {
  const [fault, setFault] = useState('');
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).elements.namedItem('token');
    giveToken((field as HTMLInputElement).value.trim()).then(onGiven, (error) => {
      if (!(error instanceof AdminError)) throw error;
      setFault(error.status === 401 ? 'That is not the token.' : error.message);
    });
  };
  return (
    <form class="notice warning" onSubmit={submit}>
      <strong>This admin port requires its token</strong>
      <div class="actions">
        <label>
          Bearer token <input name="token" type="password" autocomplete="off" required />
        </label>
        <button type="submit">Continue</button>
        <strong role="alert">{fault}</strong>
      </div>
      <small>The page keeps it in memory only and forgets it when it is closed.</small>
    </form>
  );
}
