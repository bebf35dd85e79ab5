// How the process fares now and how it came there: figures, rates and latencies of the last minutes.

import { useMemo, useState } from 'preact/hooks';
import {
  type Alarm,
  type EntryCounts,
  type FiguresSample,
  INTERFACE_IDS,
  type InterfaceFigures,
  type InterfaceId,
  type Status,
} from '../console-model.ts';
import { RaisedAlarms } from './alarms.tsx';
import { Chart, type Line } from './chart.tsx';
import { bytes, duration, latency, percent, short, whole } from './format.ts';
import { Failure, Notice, Panel, Tile, View } from './parts.tsx';
import type { LiveState } from './use-figures.ts';

export const INTERFACE_NAMES: Record<InterfaceId, string> = {
  http: 'HTTP',
  batch: 'UDP batch',
  enum: 'ENUM',
  pdb: 'pdb',
  sbi: '5G SBI',
};

export function OverviewView({
  status,
  live,
  alarms,
}: {
  status: Status | undefined;
  live: LiveState;
  alarms: readonly Alarm[] | undefined;
}) {
  const { samples, error } = live;
  const last = samples.at(-1);
  const times = useMemo(() => samples.map(({ atMs }) => atMs / 1000), [samples]);
  return (
    <View title="Overview">
      {error && error.status !== 0 && <Failure what="Figures cannot be read" error={error} />}
      <RaisedAlarms alarms={alarms} />
      <Tiles status={status} last={last} />
      <div class="columns">
        <Rates samples={samples} times={times} />
        <Latencies samples={samples} times={times} />
      </div>
      <Interfaces last={last} status={status} />
      {status && <Entries status={status} />}
    </View>
  );
}

function Tiles({ status, last }: { status: Status | undefined; last: FiguresSample | undefined }) {
  const sum = (name: 'lookups' | 'drops' | 'failures') =>
    last ? INTERFACE_IDS.reduce((total, id) => total + last.interfaces[id][name], 0) : 0;
  const lagMs = status?.lagMs ?? null;
  const troubles = sum('drops') + sum('failures');
  return (
    <dl class="tiles">
      <Tile
        label="Block height"
        value={status ? whole(status.block.height) : '…'}
        note={status ? `hash ${status.block.blockHash.slice(0, 8)}…` : ''}
      />
      <Tile
        label="Lag"
        value={status ? (lagMs === null ? 'none' : duration(lagMs)) : '…'}
        note={lagMs === null ? 'a snapshot, no ledger' : 'behind the newest block'}
        tone={lagMs !== null && lagMs > 5000 ? 'warning' : undefined}
      />
      <Tile
        label="Lookups"
        value={last ? `${short(sum('lookups'))}/s` : '…'}
        note="all interfaces"
      />
      <Tile
        label="Failed, unanswered"
        value={last ? `${short(troubles)}/s` : '…'}
        note={troubles > 0 ? 'see the interfaces' : 'all interfaces'}
        tone={troubles > 0 ? 'warning' : undefined}
      />
      <Tile
        label="Threads"
        value={status ? String(status.workers) : '…'}
        note={status?.httpNative === false ? 'HTTP on the slow stand-in' : 'serving'}
      />
      <Tile
        label="Processor"
        value={last ? `${last.cpu.toFixed(2)} cores` : '…'}
        note={last ? `${bytes(last.residentBytes)} of memory` : ''}
      />
    </dl>
  );
}

interface ChartOfSamples {
  samples: FiguresSample[];
  times: number[];
}

function Rates({ samples, times }: ChartOfSamples) {
  const lines = useMemo(
    (): Line[] =>
      INTERFACE_IDS.map((id) => ({
        label: INTERFACE_NAMES[id],
        colour: `--${id}`,
        values: samples.map(({ interfaces }) => interfaces[id].lookups),
      })),
    [samples],
  );
  const last = samples.at(-1);
  const now = INTERFACE_IDS.map(
    (id) => `${INTERFACE_NAMES[id]} ${last ? short(last.interfaces[id].lookups) : '–'}`,
  );
  return (
    <Panel title="Lookups a second">
      <Legend lines={lines} values={lines.map(({ values }) => short(values.at(-1) ?? 0))} />
      <Chart
        times={times}
        lines={lines}
        format={short}
        description={`Lookups a second over the last minutes; now: ${now.join(', ')}.`}
      />
    </Panel>
  );
}

const PERCENTILES = [
  ['p50Us', 'median', '--p50'],
  ['p99Us', 'p99', '--p99'],
  ['p999Us', 'p99.9', '--p999'],
] as const satisfies [keyof InterfaceFigures, string, string][];

function Latencies({ samples, times }: ChartOfSamples) {
  const [id, setId] = useState<InterfaceId>('batch');
  const lines = useMemo(
    (): Line[] =>
      PERCENTILES.map(([name, label, colour]) => ({
        label,
        colour,
        values: samples.map(({ interfaces }) => interfaces[id][name]),
      })),
    [samples, id],
  );
  const now = samples.at(-1)?.interfaces[id];
  const values = PERCENTILES.map(([name]) => latency(now?.[name] ?? null));
  return (
    <Panel
      title="Latency"
      aside={
        <fieldset class="choice">
          <legend class="hidden">Interface</legend>
          {INTERFACE_IDS.map((one) => (
            <label key={one}>
              <input type="radio" name="latency" checked={one === id} onChange={() => setId(one)} />
              <span>{INTERFACE_NAMES[one]}</span>
            </label>
          ))}
        </fieldset>
      }
    >
      <Legend lines={lines} values={values} />
      <Chart
        times={times}
        lines={lines}
        format={latency}
        logarithmic
        description={
          `Latency of ${INTERFACE_NAMES[id]} over the last minutes; now: ` +
          `median ${values[0]}, p99 ${values[1]}, p99.9 ${values[2]}.`
        }
      />
    </Panel>
  );
}

function Legend({ lines, values }: { lines: Line[]; values: string[] }) {
  return (
    <ul class="legend">
      {lines.map(({ label, colour }, at) => (
        <li key={label}>
          <span class="swatch" style={{ background: `var(${colour})` }} aria-hidden="true" />
          {label} <b>{values[at]}</b>
        </li>
      ))}
    </ul>
  );
}

function Interfaces({
  last,
  status,
}: {
  last: FiguresSample | undefined;
  status: Status | undefined;
}) {
  return (
    <Panel title="Interfaces">
      <div class="scroll">
        <table class="stacked">
          <thead>
            <tr>
              <th scope="col">Interface</th>
              <th scope="col">Port</th>
              <th scope="col">Lookups/s</th>
              <th scope="col">Requests/s</th>
              <th scope="col">Median</th>
              <th scope="col">p99</th>
              <th scope="col">p99.9</th>
              <th scope="col">Failed/s</th>
              <th scope="col">Unanswered/s</th>
            </tr>
          </thead>
          <tbody>
            {INTERFACE_IDS.map((id) => {
              const figures = last?.interfaces[id];
              const of = (name: 'lookups' | 'requests' | 'failures' | 'drops') =>
                figures ? short(figures[name]) : '–';
              return (
                <tr key={id}>
                  <th scope="row">
                    <span
                      class="swatch"
                      style={{ background: `var(--${id})` }}
                      aria-hidden="true"
                    />
                    {INTERFACE_NAMES[id]}
                  </th>
                  <td data-label="Port">{status?.ports[id] ?? '–'}</td>
                  <td data-label="Lookups/s">{of('lookups')}</td>
                  <td data-label="Requests/s">{of('requests')}</td>
                  <td data-label="Median">{latency(figures?.p50Us ?? null)}</td>
                  <td data-label="p99">{latency(figures?.p99Us ?? null)}</td>
                  <td data-label="p99.9">{latency(figures?.p999Us ?? null)}</td>
                  <td
                    data-label="Failed/s"
                    class={figures && figures.failures > 0 ? 'critical' : ''}
                  >
                    {of('failures')}
                  </td>
                  <td
                    data-label="Unanswered/s"
                    class={figures && figures.drops > 0 ? 'warning' : ''}
                  >
                    {of('drops')}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <p class="hint">
        In the last second. Failed: answered with an error of this server. Unanswered: malformed,
        over a limit, or more than it could take. p99: 99 of 100 answers took no longer. Latencies
        are sorted into steps that double, so percentiles are right within a factor of two.
      </p>
    </Panel>
  );
}

const KINDS: [keyof EntryCounts, string][] = [
  ['prefix', 'Prefixes'],
  ['fragmented', 'Fragmented runs'],
  ['ported', 'Ported numbers'],
];

function Entries({ status }: { status: Status }) {
  const { entries, routes } = status;
  const total = (kind: keyof EntryCounts) => entries.msisdn[kind] + entries.imsi[kind];
  if (KINDS.every(([kind]) => total(kind) === 0)) {
    return (
      <Panel title="What is served">
        <Notice title="The index is empty">Every lookup answers “not found”.</Notice>
      </Panel>
    );
  }
  const all = KINDS.reduce((sum, [kind]) => sum + total(kind), 0);
  return (
    <Panel title="What is served">
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Entries</th>
              <th scope="col">MSISDN</th>
              <th scope="col">IMSI</th>
              <th scope="col">Share</th>
            </tr>
          </thead>
          <tbody>
            {KINDS.map(([kind, name]) => (
              <tr key={kind}>
                <th scope="row">{name}</th>
                <td>{whole(entries.msisdn[kind])}</td>
                <td>{whole(entries.imsi[kind])}</td>
                <td>{percent(total(kind) / all)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="hint">
        A prefix covers every number that begins with its digits, a fragmented run a range of
        numbers, a ported entry one number. They lead to {whole(routes)} routes: addresses of data
        management elements (UDM, HSS, HLR).
      </p>
    </Panel>
  );
}
