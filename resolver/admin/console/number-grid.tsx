// The hundred cells of a picture of the number space, gone through by mouse or by keyboard.

import { useEffect, useRef } from 'preact/hooks';
import type { NumberSpace, NumberSpaceCell } from '../console-model.ts';
import { percent, whole } from './format.ts';
import { strength } from './member-colours.ts';

export type Identity = 'msisdn' | 'imsi';
export type Shown = 'members' | 'density';

export const PREFIX_DIGITS_MAX = 14;

export function placeOf(identity: Identity, prefix: string): string {
  return `#/numbers/${identity}/${prefix}`;
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

export function Grid({ space, shown, colours, at, setAt }: GridProps) {
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

export function isEmpty({ owners, ported, fragmented }: NumberSpaceCell): boolean {
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
  if (isEmpty(cell)) return `${cell.digits}: not assigned`;
  const owners = cell.owners.map(({ member, share }) => `${member} ${percent(share)}`);
  const parts = [
    ...owners,
    ...(cell.ported > 0 ? [`${whole(cell.ported)} ported`] : []),
    ...(cell.fragmented > 0 ? [`${whole(cell.fragmented)} fragmented runs`] : []),
  ];
  return `${cell.digits}: ${parts.join(', ')}`;
}
