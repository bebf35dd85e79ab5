// The number space as a picture: a cell for each of the two digits that come next, in the colours of
// those who hold what lies below, with how much of it is ported. A cell opens into the next picture.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { NumberSpace, NumberSpaceCell } from '../console-model.ts';
import { percent, short, timeOfDay, whole } from './format.ts';
import { usePolled } from './hooks.ts';
import { coloursOf, strength } from './member-colours.ts';
import { Failure, Notice, Panel, View } from './parts.tsx';

type Identity = 'msisdn' | 'imsi';
type Shown = 'members' | 'density';

const PREFIX_DIGITS_MAX = 14;
const COUNTING_POLL_MS = 700;
const POLL_MS = 15_000;

function placeOf(identity: Identity, prefix: string): string {
  return `#/numbers/${identity}/${prefix}`;
}

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
    <Notice title="Counting what the index holds">
      <progress max={Math.max(total, 1)} value={counted} aria-label="Entries counted" />
      <p class="hint">
        {short(counted)} of {short(total)} entries. It is done once, after what is served.
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
            Counted for height {whole(height)} at {timeOfDay(countedAtMs)}. Arrow keys move, Enter
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

interface GridProps {
  space: Extract<NumberSpace, { state: 'counted' }>;
  shown: Shown;
  colours: Map<string, string>;
  at: number;
  setAt: (at: number) => void;
}

const STEPS: Record<string, number> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowUp: -10,
  ArrowDown: 10,
};

function Grid({ space, shown, colours, at, setAt }: GridProps) {
  const { identity, prefix, cells } = space;
  const grid = useRef<HTMLTableElement>(null);
  const densest = Math.max(...cells.map(({ portedDensity }) => portedDensity ?? 0));
  const most = Math.max(...cells.map(({ ported }) => ported));
  useEffect(() => {
    // Who came by keyboard goes on by keyboard.
    if (document.activeElement === document.body) focusOn(grid.current, at);
  }, []);
  const open = (cell: NumberSpaceCell) => {
    if (cell.digits.length > PREFIX_DIGITS_MAX) return;
    (document.activeElement as HTMLElement | null)?.blur();
    location.hash = placeOf(identity, cell.digits);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if ((event.key === 'Backspace' || event.key === 'Escape') && prefix !== '') {
      event.preventDefault();
      (document.activeElement as HTMLElement | null)?.blur();
      location.hash = placeOf(identity, prefix.slice(0, -2));
      return;
    }
    const row = at - (at % 10);
    const target =
      event.key === 'Home' ? row : event.key === 'End' ? row + 9 : at + (STEPS[event.key] ?? 0);
    if (target === at || target < 0 || target >= cells.length) return;
    event.preventDefault();
    setAt(target);
    focusOn(grid.current, target);
  };
  const rows = Array.from({ length: Math.ceil(cells.length / 10) }, (_, row) =>
    cells.slice(row * 10, row * 10 + 10),
  );
  return (
    <table
      class="cells"
      aria-label={`Numbers that begin with ${prefix === '' ? 'any digits' : prefix}`}
      ref={grid}
    >
      <tbody>
        {rows.map((row, rowAt) => (
          <tr key={row[0]!.digits}>
            {row.map((cell, column) => {
              const place = rowAt * 10 + column;
              return (
                <td key={cell.digits}>
                  <button
                    type="button"
                    class={`cell ${isEmpty(cell) ? 'none' : ''} ${place === at ? 'current' : ''}`}
                    style={{ backgroundImage: backgroundOf(cell, shown, colours, densest) }}
                    tabIndex={place === at ? 0 : -1}
                    aria-label={describe(cell)}
                    onFocus={() => setAt(place)}
                    onMouseEnter={() => setAt(place)}
                    onClick={() => open(cell)}
                    onKeyDown={onKeyDown}
                  >
                    <b>{cell.digits.slice(prefix.length)}</b>
                    <span class="cell-owner">{cell.owners[0]?.member ?? ''}</span>
                    {cell.ported > 0 && (
                      <i
                        style={{ width: `${100 * strength(cell.ported, most)}%` }}
                        aria-hidden="true"
                      />
                    )}
                  </button>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function focusOn(grid: HTMLElement | null, at: number): void {
  grid?.querySelectorAll('button')[at]?.focus();
}

function isEmpty({ owners, ported, fragmented }: NumberSpaceCell): boolean {
  return owners.length === 0 && ported === 0 && fragmented === 0;
}

/**
 * Stripes of the owners' colours, as wide as their shares of what is somebody's, the paler the less that
 * is; or one colour, the denser the stronger.
 */
function backgroundOf(
  cell: NumberSpaceCell,
  shown: Shown,
  colours: Map<string, string>,
  densest: number,
): string {
  if (shown === 'density') {
    const share = Math.round(100 * strength(cell.portedDensity ?? 0, densest));
    const heat = `color-mix(in oklab, var(--heat) ${share}%, var(--surface))`;
    return `linear-gradient(${heat}, ${heat})`;
  }
  const covered = 1 - cell.uncovered;
  if (covered <= 0) return 'none';
  const depth = Math.round(40 + 60 * Math.sqrt(covered));
  const paled = (colour: string) => `color-mix(in oklab, ${colour} ${depth}%, var(--surface))`;
  const stops: string[] = [];
  let left = 0;
  for (const { member, share } of cell.owners) {
    const right = left + (share / covered) * 100;
    stops.push(`${paled(colours.get(member)!)} ${left}% ${right}%`);
    left = right;
  }
  return `linear-gradient(to right, ${stops.join(', ')}, ${paled('var(--others)')} ${left}%)`;
}

function describe(cell: NumberSpaceCell): string {
  if (isEmpty(cell)) return `${cell.digits}: nobody's`;
  const owners = cell.owners.map(({ member, share }) => `${member} ${percent(share)}`);
  const parts = [
    ...owners,
    ...(cell.ported > 0 ? [`${whole(cell.ported)} ported`] : []),
    ...(cell.fragmented > 0 ? [`${whole(cell.fragmented)} fragmented runs`] : []),
  ];
  return `${cell.digits}: ${parts.join(', ')}`;
}

function CellDetails({
  cell,
  identity,
  colours,
}: {
  cell: NumberSpaceCell;
  identity: Identity;
  colours: Map<string, string>;
}) {
  const { digits, owners, uncovered, ported, portedDensity, portedTo, fragmented } = cell;
  const listed = owners.reduce((sum, { share }) => sum + share, 0);
  const others = 1 - listed - uncovered;
  return (
    <Panel
      title={`${digits}…`}
      aside={<a href={`#/look-up/${identity}-${digits}`}>look {digits} up</a>}
    >
      {isEmpty(cell) && <p class="muted">No prefix, run or ported number lies here.</p>}
      <table class="shares">
        <tbody>
          {owners.map(({ member, share }) => (
            <tr key={member}>
              <th scope="row">
                <span
                  class="swatch"
                  style={{ background: colours.get(member) }}
                  aria-hidden="true"
                />
                {member}
              </th>
              <td>{percent(share)}</td>
            </tr>
          ))}
          {others > 0.0005 && (
            <tr>
              <th scope="row">
                <span class="swatch" style={{ background: 'var(--others)' }} aria-hidden="true" />
                others
              </th>
              <td>{percent(others)}</td>
            </tr>
          )}
          {uncovered > 0.0005 && (
            <tr>
              <th scope="row">
                <span class="swatch empty" aria-hidden="true" />
                nobody
              </th>
              <td>{percent(uncovered)}</td>
            </tr>
          )}
        </tbody>
      </table>
      <dl class="facts">
        <div>
          <dt>Ported numbers</dt>
          <dd>
            {whole(ported)}
            {portedDensity !== null && ported > 0 && ` · ${percent(portedDensity)} of the numbers`}
          </dd>
        </div>
        <div>
          <dt>Fragmented runs</dt>
          <dd>{whole(fragmented)}</dd>
        </div>
        {portedTo.length > 0 && (
          <div>
            <dt>Ported to</dt>
            <dd>
              {portedTo.map(({ member, numbers }) => `${member} ${short(numbers)}`).join(', ')}
            </dd>
          </div>
        )}
      </dl>
    </Panel>
  );
}

const LEGEND_MAX = 12;

function Legend({ cells, colours }: { cells: NumberSpaceCell[]; colours: Map<string, string> }) {
  const totals = new Map<string, number>();
  for (const { member, share } of cells.flatMap(({ owners }) => owners)) {
    totals.set(member, (totals.get(member) ?? 0) + share);
  }
  const first = [...totals].sort((left, right) => right[1] - left[1]).slice(0, LEGEND_MAX);
  if (first.length === 0) return null;
  return (
    <ul class="legend" aria-label="Members with the largest shares here">
      {first.map(([member]) => (
        <li key={member}>
          <span class="swatch" style={{ background: colours.get(member) }} aria-hidden="true" />
          {member}
        </li>
      ))}
      {totals.size > first.length && <li>and {whole(totals.size - first.length)} more</li>}
    </ul>
  );
}
