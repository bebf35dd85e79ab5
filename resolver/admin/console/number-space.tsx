// The number space as a picture: a cell for each of the two digits that come next, in the colours of
// those who hold what lies below, with how much of it is ported. A cell opens into the next picture.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { NumberSpace } from '../console-model.ts';
import { short, timeOfDay, whole } from './format.ts';
import { usePolled } from './hooks.ts';
import { coloursOf } from './member-colours.ts';
import { CellDetails, Legend } from './number-cell.tsx';
import {
  Grid,
  type Identity,
  isEmpty,
  PREFIX_DIGITS_MAX,
  placeOf,
  type Shown,
} from './number-grid.tsx';
import { Failure, Notice, View } from './parts.tsx';

const COUNTING_POLL_MS = 700;
const POLL_MS = 15_000;

export function NumberSpaceView({
  identity: named,
  prefix: digits = '',
}: {
  identity: string | undefined;
  prefix: string | undefined;
}) {
  const identity: Identity = named === 'imsi' ? 'imsi' : 'msisdn';
  const prefix = digits.replace(/\D/g, '').slice(0, PREFIX_DIGITS_MAX);
  const path = `/admin/v1/number-space?identity=${identity}&prefix=${prefix}`;
  const [isCounted, setIsCounted] = useState(false);
  const { value, error } = usePolled<NumberSpace>(path, isCounted ? POLL_MS : COUNTING_POLL_MS);
  useEffect(() => setIsCounted(value?.state === 'counted'), [value?.state]);
  const [shown, setShown] = useState<Shown>('members');
  return (
    <View title="Number space">
      <div class="bar">
        <fieldset class="choice">
          <legend class="hidden">Kind of numbers</legend>
          {(['msisdn', 'imsi'] as const).map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="identity"
                checked={one === identity}
                onChange={() => {
                  location.hash = placeOf(one, '');
                }}
              />
              <span>{one.toUpperCase()}</span>
            </label>
          ))}
        </fieldset>
        <fieldset class="choice">
          <legend class="hidden">What colours show</legend>
          {(['members', 'density'] as const).map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="shown"
                checked={one === shown}
                onChange={() => setShown(one)}
              />
              <span>{one === 'members' ? 'Members' : 'Ported density'}</span>
            </label>
          ))}
        </fieldset>
        <GoTo identity={identity} prefix={prefix} />
      </div>
      {error && <Failure what="The number space cannot be read" error={error} />}
      {value?.state === 'counting' && <Counting {...value} />}
      {value?.state === 'counted' && (
        <Picture key={`${identity}${prefix}`} space={value} shown={shown} />
      )}
      {!value && !error && <p class="hint">Asking …</p>}
    </View>
  );
}

function GoTo({ identity, prefix }: { identity: Identity; prefix: string }) {
  const field = useRef<HTMLInputElement>(null);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    location.hash = placeOf(identity, field.current!.value.replace(/\D/g, ''));
  };
  return (
    <form class="search compact" onSubmit={submit}>
      <label for="prefix">Prefix</label>
      <input
        id="prefix"
        ref={field}
        key={prefix}
        defaultValue={prefix}
        inputMode="numeric"
        maxLength={20}
        size={16}
        autocomplete="off"
      />
      <button type="submit">Go</button>
    </form>
  );
}

function Counting({ counted, total }: { counted: number; total: number }) {
  return (
    <Notice title="Counting the entries of the index">
      <progress max={Math.max(total, 1)} value={counted} aria-label="Entries counted" />
      <p class="hint">
        {short(counted)} of {short(total)} entries. Counting has a low priority: lookups come first.
      </p>
    </Notice>
  );
}

function Picture({
  space,
  shown,
}: {
  space: Extract<NumberSpace, { state: 'counted' }>;
  shown: Shown;
}) {
  const { identity, prefix, cells, countedAtMs, height } = space;
  const [at, setAt] = useState(() =>
    Math.max(
      0,
      cells.findIndex((cell) => !isEmpty(cell)),
    ),
  );
  const cell = cells[Math.min(at, cells.length - 1)]!;
  const colours = coloursOf(cells);
  return (
    <>
      <Trail identity={identity} prefix={prefix} />
      <div class="map">
        <Grid space={space} shown={shown} colours={colours} at={at} setAt={setAt} />
        <div>
          <CellDetails cell={cell} identity={identity} colours={colours} />
          <Legend cells={cells} colours={colours} />
          <p class="hint">
            A cell stands for the next two digits.{' '}
            {shown === 'members'
              ? 'Its colours are the members that hold the numbers, in proportion, and paler where few are assigned.'
              : 'Its colour is the stronger, the larger the share of numbers that are ported.'}{' '}
            The bar at the bottom is longer the more numbers are ported.
          </p>
          <p class="hint">
            Counted at {timeOfDay(countedAtMs)}, for block {whole(height)}. Arrow keys move, Enter
            opens a cell, Backspace goes back.
          </p>
        </div>
      </div>
    </>
  );
}

function Trail({ identity, prefix }: { identity: Identity; prefix: string }) {
  const steps = Array.from({ length: prefix.length }, (_, at) => prefix.slice(0, at + 1));
  return (
    <nav aria-label="Prefix" class="trail">
      <a
        class="step"
        href={placeOf(identity, '')}
        aria-current={prefix === '' ? 'location' : undefined}
      >
        all
      </a>
      {steps.map((step) => (
        <a
          class="step"
          key={step}
          href={placeOf(identity, step)}
          aria-label={`prefix ${step}`}
          aria-current={step === prefix ? 'location' : undefined}
        >
          {step.at(-1)}
        </a>
      ))}
    </nav>
  );
}
