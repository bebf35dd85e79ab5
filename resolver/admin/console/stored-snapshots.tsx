// Which snapshots there are: the one that is served, the one that a rollback leads to, and those on disk.

import type { SnapshotList } from '../console-model.ts';
import { bytes, dateTime, short, whole } from './format.ts';
import { Notice, Panel } from './parts.tsx';

type Snapshot = SnapshotList['snapshots'][number];

export function Served({
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
      title="Served now"
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
          <dt>Snapshot</dt>
          <dd>{serving ?? 'none: the index was brought up to date from the ledger'}</dd>
        </div>
        <div>
          <dt>A rollback would serve</dt>
          <dd>{previous ?? 'nothing: there was no swap to undo'}</dd>
        </div>
      </dl>
    </Panel>
  );
}

export function Stored({
  list,
  isBusy,
  tryOut,
  compare,
  discard,
  prune,
}: {
  list: SnapshotList;
  isBusy: boolean;
  tryOut: (name: string) => void;
  compare: (from: string, to: string) => void;
  discard: (name: string) => void;
  prune: (keep: number) => void;
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
        <table class="stacked">
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
                <td colSpan={6} class="left critical">
                  damaged or of another version <code class="code">{code}</code>
                </td>
                <td>
                  <div class="actions end">
                    <DeleteButton name={name} isDisabled={isBusy} discard={discard} />
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Prune
        count={snapshots.length}
        isBusy={isBusy || snapshots.length + damaged.length < 2}
        prune={prune}
      />
    </Panel>
  );
}

function DeleteButton({
  name,
  isDisabled,
  discard,
}: {
  name: string;
  isDisabled: boolean;
  discard: (name: string) => void;
}) {
  return (
    <button
      type="button"
      disabled={isDisabled}
      aria-label={`Delete ${name}`}
      onClick={() => discard(name)}
    >
      Delete …
    </button>
  );
}

const KEPT_DEFAULT = 3;

/** What is served and what a rollback leads to stay, whatever their age. */
function Prune({
  count,
  isBusy,
  prune,
}: {
  count: number;
  isBusy: boolean;
  prune: (keep: number) => void;
}) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const chosen = new FormData(event.currentTarget as HTMLFormElement);
    prune(Number(chosen.get('keep')));
  };
  return (
    <form class="actions end" onSubmit={submit}>
      <label>
        Keep the newest{' '}
        <input
          name="keep"
          type="number"
          min={1}
          max={count}
          defaultValue={String(Math.min(KEPT_DEFAULT, count))}
          required
        />
      </label>
      <button type="submit" class="danger" disabled={isBusy || count === 0}>
        Delete the others …
      </button>
    </form>
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
      <td data-label="Height">{whole(height)}</td>
      <td class="left" data-label="Written">
        {dateTime(Date.parse(createdAt))}
      </td>
      <td data-label="Size">{bytes(one.bytes)}</td>
      <td data-label="Ported">{total('ported')}</td>
      <td data-label="Runs">{total('fragmented')}</td>
      <td data-label="Prefixes">{total('prefix')}</td>
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
          <DeleteButton name={name} isDisabled={isBusy || isPinned} discard={discard} />
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
          <select name={side}>
            {names.map((name, place) => (
              <option key={name} value={name} selected={place === Math.min(at, names.length - 1)}>
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
