// What an operator has to know of: the rules of deploy/prometheus, judged by the process itself.

import type { Alarm } from '../console-model.ts';
import { dateTime, duration } from './format.ts';
import type { Polled } from './hooks.ts';
import { Failure, Notice, Panel, View } from './parts.tsx';

const SEVERITIES = ['critical', 'warning', 'info'] as const;

/** Those that are raised, the worst first. */
export function raisedOf(alarms: readonly Alarm[] | undefined): Alarm[] {
  return (alarms ?? [])
    .filter(({ state }) => state === 'raised')
    .sort((left, right) => SEVERITIES.indexOf(left.severity) - SEVERITIES.indexOf(right.severity));
}

/** The alarms that are raised, for the top of a view. */
export function RaisedAlarms({ alarms }: { alarms: readonly Alarm[] | undefined }) {
  const raised = raisedOf(alarms);
  if (raised.length === 0) return null;
  return (
    <ul class="raised" aria-label="Raised alarms">
      {raised.map((alarm) => (
        <li key={alarm.name} class={alarm.severity}>
          <span class={`badge ${alarm.severity}`}>{alarm.severity}</span>
          <div>
            <strong>{alarm.summary}</strong>
            <div>{alarm.action}</div>
          </div>
          <span class="muted">since {dateTime(alarm.sinceMs ?? 0)}</span>
        </li>
      ))}
    </ul>
  );
}

export function AlarmsView({ alarms }: { alarms: Polled<Alarm[]> }) {
  const { value, error } = alarms;
  return (
    <View title="Alarms">
      {error && error.status !== 0 && <Failure what="Alarms cannot be read" error={error} />}
      {value && raisedOf(value).length === 0 && (
        <Notice kind="done" title="No alarm is raised">
          {value.length === 0
            ? 'The rules are judged for the first time a few seconds after the start.'
            : 'All rules that this process can judge are within their limits.'}
        </Notice>
      )}
      <RaisedAlarms alarms={value} />
      {value && value.length > 0 && <Rules alarms={value} />}
      {!value && !error && <p class="hint">Asking …</p>}
    </View>
  );
}

const STATES: Record<Alarm['state'], string> = {
  raised: 'raised',
  pending: 'over its limit, not yet long enough',
  ok: 'within limits',
  unknown: 'not measured here',
};

function Rules({ alarms }: { alarms: Alarm[] }) {
  return (
    <Panel title="Rules">
      <div class="scroll">
        <table class="rules">
          <thead>
            <tr>
              <th scope="col">Rule</th>
              <th scope="col" class="left">
                Severity
              </th>
              <th scope="col" class="left">
                State
              </th>
              <th scope="col" class="left">
                Meaning when raised
              </th>
            </tr>
          </thead>
          <tbody>
            {alarms.map(({ name, severity, state, sinceMs, summary }) => (
              <tr key={name} class={state}>
                <th scope="row">{name}</th>
                <td class="left">
                  <span class={`badge ${state === 'raised' ? severity : ''}`}>{severity}</span>
                </td>
                <td class="left">
                  {STATES[state]}
                  {sinceMs !== null && ` (${duration(Math.max(0, Date.now() - sinceMs))})`}
                </td>
                <td class="left wrap">{summary}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="hint">
        “Not measured here” means that this process cannot judge the rule: it is no node of a
        network, or only Prometheus can tell. Prometheus has the same rules
        (deploy/prometheus/bchf-alerts.yaml) and remembers alarms; a restart clears them here.
      </p>
    </Panel>
  );
}
