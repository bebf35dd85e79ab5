// What differs between two snapshots, for who decides on a swap.

import type { ComponentChildren } from 'preact';
import type { ComparedSnapshots } from '../console-model.ts';
import { percent, short, whole } from './format.ts';
import { Notice, Panel } from './parts.tsx';

export type Compared = ComparedSnapshots;
type Diff = Omit<ComparedSnapshots, 'from' | 'to'>;

const SHOWN_MAX = 12;

export function DiffPanel({
  title,
  diff,
  note,
  children,
}: {
  title: string;
  diff: Diff;
  note?: string;
  children: ComponentChildren;
}) {
  const { added, removed, changed, largestShare, byMember, memberCount, largestMoves } = diff;
  const total = added.entries + removed.entries + changed.entries;
  return (
    <Panel title={title} aside={<div class="actions">{children}</div>}>
      {note !== undefined && <p class="hint">{note}</p>}
      {total === 0 ? (
        <Notice title="Nothing differs">Every number resolves as before.</Notice>
      ) : (
        <>
          <dl class="facts">
            {(
              [
                ['Added', added],
                ['Removed', removed],
                ['Changed', changed],
              ] as const
            ).map(([name, amount]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  {whole(amount.numbers)} numbers
                  <span class="muted"> in {whole(amount.entries)} entries</span>
                </dd>
              </div>
            ))}
            <div>
              <dt>Most affected kind of entry</dt>
              <dd>{percent(largestShare)} of it differ</dd>
            </div>
          </dl>
          <Members rows={byMember} count={memberCount} />
          <Moves moves={largestMoves} />
        </>
      )}
    </Panel>
  );
}

function Members({ rows, count }: { rows: Diff['byMember']; count: number }) {
  const shown = rows.slice(0, SHOWN_MAX);
  return (
    <div class="scroll">
      <table>
        <caption>Numbers by member</caption>
        <thead>
          <tr>
            <th scope="col">Member</th>
            <th scope="col">Moved in</th>
            <th scope="col">Moved out</th>
            <th scope="col">Added</th>
            <th scope="col">Removed</th>
            <th scope="col">Prefixes</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ member, movedIn, movedOut, added, removed, prefixes }) => (
            <tr key={member}>
              <th scope="row">{member}</th>
              <td>{short(movedIn)}</td>
              <td>{short(movedOut)}</td>
              <td>{short(added)}</td>
              <td>{short(removed)}</td>
              <td>{whole(prefixes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {count > shown.length && <p class="hint">and {whole(count - shown.length)} more members</p>}
    </div>
  );
}

function Moves({ moves }: { moves: Diff['largestMoves'] }) {
  if (moves.length === 0) return null;
  return (
    <div class="scroll">
      <table>
        <caption>Largest moves</caption>
        <thead>
          <tr>
            <th scope="col">From route</th>
            <th scope="col" class="left">
              To route
            </th>
            <th scope="col">Numbers</th>
            <th scope="col" class="left">
              Between
            </th>
          </tr>
        </thead>
        <tbody>
          {moves.slice(0, SHOWN_MAX).map(({ fromRoute, toRoute, numbers, from, to, identity }) => (
            <tr key={`${identity} ${fromRoute} ${toRoute}`}>
              <th scope="row">{fromRoute}</th>
              <td class="left">{toRoute}</td>
              <td>{whole(numbers)}</td>
              <td class="left">
                {identity} {from === to ? from : `${from} – ${to}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
