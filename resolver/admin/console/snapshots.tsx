// Snapshots: which there are, what would change, and the way from one to the other and back.

import { useState } from 'preact/hooks';
import type { SnapshotList, Swapped } from '../console-model.ts';
import { AdminError, get, post, remove } from './admin-client.ts';
import { bytes, dateTime, duration, short, whole } from './format.ts';
import { usePolled } from './hooks.ts';
import { Failure, Notice, Panel, View } from './parts.tsx';
import { type Compared, DiffPanel } from './snapshot-diff.tsx';

type Snapshot = SnapshotList['snapshots'][number];

const POLL_MS = 3000;
/** With a hundred million entries, loading and comparing takes a while. */
const LONG_MS = 600_000;

/** What is under way or has come of it. */
type Step =
  | { at: 'nothing' }
  | { at: 'waiting'; what: string }
  | { at: 'failed'; what: string; error: unknown }
  | { at: 'done'; what: string }
  | { at: 'tried'; name: string; tried: Swapped }
  | { at: 'compared'; compared: Compared }
  | { at: 'asked'; question: string; label: string; action: () => void };

export function SnapshotsView() {
  const { value: list, error, refresh } = usePolled<SnapshotList>('/admin/v1/snapshots', POLL_MS);
  const [step, setStep] = useState<Step>({ at: 'nothing' });
  const isBusy = step.at === 'waiting' || (list?.swap ?? null) !== null;

  const carryOut = async (what: string, action: () => Promise<Step>) => {
    setStep({ at: 'waiting', what });
    try {
      setStep(await action());
    } catch (failure) {
      setStep({ at: 'failed', what, error: failure });
    }
    refresh();
  };
  const create = () =>
    carryOut('Writing a snapshot', async () => {
      const { name, isNew } = await post<{ name: string; isNew: boolean }>(
        '/admin/v1/snapshots',
        {},
        LONG_MS,
      );
      return {
        at: 'done',
        what: isNew ? `${name} was written` : `${name} is of this block already`,
      };
    });
  const tryOut = (name: string) =>
    carryOut(`Loading ${name} and comparing it with what is served`, async () => {
      const tried = await post<Swapped>('/admin/v1/swap', { name, dryRun: true }, LONG_MS);
      return { at: 'tried', name, tried };
    });
  const swap = (name: string, force: boolean) =>
    carryOut(`Swapping ${name} in`, async () => {
      const { height, loadMs, publishMs } = await post<Swapped>(
        '/admin/v1/swap',
        { name, force },
        LONG_MS,
      );
      const took = `loaded in ${duration(loadMs)}, published in ${duration(publishMs)}`;
      return { at: 'done', what: `${name} is served, at height ${whole(height)}: ${took}` };
    });
  const rollBack = () =>
    carryOut('Rolling back', async () => {
      const { serving, height, publishMs } = await post<Swapped>('/admin/v1/rollback', {}, LONG_MS);
      const what = `${serving ?? 'What was served before'} is served again, at height ${whole(height)}`;
      return { at: 'done', what: `${what}: published in ${duration(publishMs)}` };
    });
  const discard = (name: string) =>
    carryOut(`Deleting ${name}`, async () => {
      await remove(`/admin/v1/snapshots/${encodeURIComponent(name)}`);
      return { at: 'done', what: `${name} was deleted` };
    });
  const compare = (from: string, to: string) =>
    carryOut(`Comparing ${from} with ${to}`, async () => {
      const names = `from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`;
      const path = `/admin/v1/snapshots/diff?${names}`;
      return { at: 'compared', compared: await get<Compared>(path, undefined, LONG_MS) };
    });
  const ask = (question: string, label: string, action: () => void) =>
    setStep({ at: 'asked', question, label, action });
  const cancel = () => setStep({ at: 'nothing' });

  if (error instanceof AdminError && error.code === 'BCHF_SNAPSHOT_UNKNOWN') {
    return (
      <View title="Snapshots">
        <Notice title="This process has no directory of snapshots">
          There is nothing to list, to compare or to swap in.
        </Notice>
      </View>
    );
  }
  return (
    <View title="Snapshots">
      {error && error.status !== 0 && <Failure what="Snapshots cannot be listed" error={error} />}
      {list && <UnderWay list={list} step={step} />}
      <div aria-live="polite">
        <Outcome step={step} swap={swap} cancel={cancel} />
      </div>
      {list && (
        <Served
          list={list}
          isBusy={isBusy}
          create={create}
          rollBack={() =>
            ask(`Serve ${list.previous ?? 'what was served before'} again?`, 'Roll back', rollBack)
          }
        />
      )}
      {list && (
        <Stored
          list={list}
          isBusy={isBusy}
          tryOut={tryOut}
          compare={compare}
          discard={(name) => ask(`Delete ${name} from the disk?`, 'Delete', () => discard(name))}
        />
      )}
      {!list && !error && <p class="hint">Asking …</p>}
    </View>
  );
}

function UnderWay({ list, step }: { list: SnapshotList; step: Step }) {
  const { swap } = list;
  if (!swap && step.at !== 'waiting') return null;
  const what = step.at === 'waiting' ? step.what : `${swap!.file} is under way`;
  return (
    <Notice title={`${what} …`}>
      <progress aria-label={what} />
      <p class="hint">
        {swap ? `${swap.state} since ${dateTime(Date.parse(swap.since))}. ` : ''}What is served goes
        on being served.
      </p>
    </Notice>
  );
}

function Outcome({
  step,
  swap,
  cancel,
}: {
  step: Step;
  swap: (name: string, force: boolean) => void;
  cancel: () => void;
}) {
  switch (step.at) {
    case 'failed':
      return <Failure what={`${step.what} was refused`} error={step.error} />;
    case 'done':
      return <Notice kind="done" title={step.what} />;
    case 'asked':
      return (
        <Notice kind="warning" title={step.question}>
          <div class="actions">
            <button type="button" class="primary" onClick={step.action}>
              {step.label}
            </button>
            <button type="button" onClick={cancel}>
              Cancel
            </button>
          </div>
        </Notice>
      );
    case 'compared': {
      const { from, to } = step.compared;
      return (
        <DiffPanel title={`From ${from} to ${to}`} diff={step.compared}>
          <button type="button" onClick={cancel}>
            Close
          </button>
        </DiffPanel>
      );
    }
    case 'tried':
      return (
        <Tried key={step.name} name={step.name} tried={step.tried} swap={swap} cancel={cancel} />
      );
    default:
      return null;
  }
}

/** What a swap would change, before it does. */
function Tried({
  name,
  tried,
  swap,
  cancel,
}: {
  name: string;
  tried: Swapped;
  swap: (name: string, force: boolean) => void;
  cancel: () => void;
}) {
  const [isForced, setIsForced] = useState(false);
  const { diff, refusedUnlessForced: refused, canaryLookups, loadMs } = tried;
  const actions = (
    <>
      {refused !== null && (
        <label class="check">
          <input
            type="checkbox"
            checked={isForced}
            onChange={(event) => setIsForced(event.currentTarget.checked)}
          />
          Swap although it is refused otherwise <code class="code">{refused}</code>
        </label>
      )}
      <button
        type="button"
        class={refused === null ? 'primary' : 'danger'}
        disabled={refused !== null && !isForced}
        onClick={() => swap(name, isForced)}
      >
        {refused === null ? 'Swap in' : 'Force the swap'}
      </button>
      <button type="button" onClick={cancel}>
        Cancel
      </button>
    </>
  );
  const tests = `Loaded and verified in ${duration(loadMs)}; a canary looked ${whole(canaryLookups)} numbers up.`;
  if (diff) {
    return (
      <DiffPanel title={`What ${name} would change`} diff={diff} note={tests}>
        {actions}
      </DiffPanel>
    );
  }
  return (
    <Panel title={`${name} is proven by the chain`}>
      <p class="hint">{tests} It is brought to the block that is served, so no answer changes.</p>
      <div class="actions">{actions}</div>
    </Panel>
  );
}

function Served({
  list,
  isBusy,
  create,
  rollBack,
}: {
  list: SnapshotList;
  isBusy: boolean;
  create: () => void;
  rollBack: () => void;
}) {
  const { serving, previous } = list;
  return (
    <Panel
      title="Served"
      aside={
        <div class="actions">
          <button type="button" onClick={create} disabled={isBusy}>
            Write a snapshot
          </button>
          <button type="button" onClick={rollBack} disabled={isBusy || previous === null}>
            Roll back …
          </button>
        </div>
      }
    >
      <dl class="facts">
        <div>
          <dt>Now</dt>
          <dd>{serving ?? 'no snapshot: what the ledger has become since'}</dd>
        </div>
        <div>
          <dt>A rollback leads to</dt>
          <dd>{previous ?? 'nothing: there was no swap'}</dd>
        </div>
      </dl>
    </Panel>
  );
}

function Stored({
  list,
  isBusy,
  tryOut,
  compare,
  discard,
}: {
  list: SnapshotList;
  isBusy: boolean;
  tryOut: (name: string) => void;
  compare: (from: string, to: string) => void;
  discard: (name: string) => void;
}) {
  const { snapshots, damaged } = list;
  if (snapshots.length === 0 && damaged.length === 0) {
    return (
      <Panel title="On disk">
        <Notice title="There is no snapshot yet">Write one, or copy one into the directory.</Notice>
      </Panel>
    );
  }
  return (
    <Panel title="On disk" aside={<Compare list={list} isBusy={isBusy} compare={compare} />}>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Snapshot</th>
              <th scope="col">Height</th>
              <th scope="col" class="left">
                Written
              </th>
              <th scope="col">Size</th>
              <th scope="col">Ported</th>
              <th scope="col">Runs</th>
              <th scope="col">Prefixes</th>
              <th scope="col">
                <span class="hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {snapshots.map((one) => (
              <Row key={one.name} one={one} isBusy={isBusy} tryOut={tryOut} discard={discard} />
            ))}
            {damaged.map(({ name, code }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td colSpan={7} class="left critical">
                  damaged or of another version <code class="code">{code}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Row({
  one,
  isBusy,
  tryOut,
  discard,
}: {
  one: Snapshot;
  isBusy: boolean;
  tryOut: (name: string) => void;
  discard: (name: string) => void;
}) {
  const { name, height, createdAt, entries, isServing, isPinned } = one;
  const total = (kind: 'ported' | 'fragmented' | 'prefix') =>
    short(entries.msisdn[kind] + entries.imsi[kind]);
  return (
    <tr>
      <th scope="row">
        {name} {isServing && <span class="badge good">served</span>}
        {isPinned && !isServing && <span class="badge">for rollback</span>}
      </th>
      <td>{whole(height)}</td>
      <td class="left">{dateTime(Date.parse(createdAt))}</td>
      <td>{bytes(one.bytes)}</td>
      <td>{total('ported')}</td>
      <td>{total('fragmented')}</td>
      <td>{total('prefix')}</td>
      <td>
        <div class="actions end">
          <button
            type="button"
            disabled={isBusy || isServing}
            aria-label={`Swap ${name} in`}
            onClick={() => tryOut(name)}
          >
            Swap in …
          </button>
          <button
            type="button"
            disabled={isBusy || isPinned}
            aria-label={`Delete ${name}`}
            onClick={() => discard(name)}
          >
            Delete …
          </button>
        </div>
      </td>
    </tr>
  );
}

function Compare({
  list,
  isBusy,
  compare,
}: {
  list: SnapshotList;
  isBusy: boolean;
  compare: (from: string, to: string) => void;
}) {
  const names = ['serving', ...list.snapshots.map(({ name }) => name)];
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const chosen = new FormData(event.currentTarget as HTMLFormElement);
    compare(String(chosen.get('from')), String(chosen.get('to')));
  };
  return (
    <form class="actions" onSubmit={submit}>
      {(['from', 'to'] as const).map((side, at) => (
        <label key={side}>
          {side === 'from' ? 'Compare' : 'with'}{' '}
          <select name={side} defaultValue={names[Math.min(at, names.length - 1)]}>
            {names.map((name) => (
              <option key={name} value={name}>
                {name === 'serving' ? 'what is served' : name}
              </option>
            ))}
          </select>
        </label>
      ))}
      <button type="submit" disabled={isBusy}>
        Compare
      </button>
    </form>
  );
}
