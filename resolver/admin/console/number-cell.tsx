// What lies in one cell of the number space, and whose colours the cells have.

import type { NumberSpaceCell } from '../console-model.ts';
import { percent, short, whole } from './format.ts';
import { type Identity, isEmpty } from './number-grid.tsx';
import { Panel } from './parts.tsx';

export function CellDetails({
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
      aside={<a href={`#/look-up/${identity}-${digits}`}>Look up {digits}</a>}
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
                not assigned
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
            {portedDensity !== null &&
              ported > 0 &&
              ` · ${percent(portedDensity)} of all numbers here`}
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

export function Legend({
  cells,
  colours,
}: {
  cells: NumberSpaceCell[];
  colours: Map<string, string>;
}) {
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
