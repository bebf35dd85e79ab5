// The files of deploy/ that are made of the alarm rules: alert rules for Prometheus and a dashboard for
// Grafana. Both name metrics that the process has; a test looks each up.

import { stringify } from 'yaml';
import { HISTOGRAM_FORMS } from '../counter-table.ts';
import { metricName } from '../metrics/registry.ts';
import { promqlOf } from './alarm-conditions.ts';
import { ALARM_RULES } from './alarm-rules.ts';
import { INTERFACE_IDS, type InterfaceId } from './console-model.ts';
import { INTERFACE_COUNTERS } from './interface-figures.ts';

/** The rules as Prometheus reads them. */
export function alertRulesFile(): string {
  const rules = ALARM_RULES.map(({ name, severity, condition, forS, summary, action }) => ({
    alert: name,
    expr: promqlOf(condition),
    ...(forS > 0 && { for: `${forS}s` }),
    labels: { severity },
    annotations: { summary, description: `${action} Instance: {{ $labels.instance }}.` },
  }));
  const file = { groups: [{ name: 'bchf', rules }] };
  return `# Made by \`npm run generate\` of resolver/admin/alarm-rules.ts; do not edit.\n${stringify(file, { lineWidth: 0 })}`;
}

const NAMES: Record<InterfaceId, string> = {
  http: 'HTTP',
  batch: 'UDP batch',
  enum: 'ENUM',
  pdb: 'pdb',
  sbi: '5G SBI',
};

interface Target {
  expr: string;
  legendFormat: string;
}

/** The rate of some counters, named `group.name`, of the chosen instances. */
function rateOf(counters: readonly string[]): string {
  return counters
    .map((counter) => {
      const [group = '', name = ''] = counter.split('.');
      return `sum(rate(${metricName(group, name)}{instance=~"$instance"}[$__rate_interval]))`;
    })
    .join(' + ');
}

function ofInterfaces(name: 'lookups' | 'requests' | 'failures' | 'drops'): Target[] {
  return INTERFACE_IDS.filter((id) => INTERFACE_COUNTERS[id][name].length > 0).map((id) => ({
    expr: rateOf(INTERFACE_COUNTERS[id][name]),
    legendFormat: NAMES[id],
  }));
}

function quantiles(quantile: number): Target[] {
  return INTERFACE_IDS.map((id) => {
    const { metric } = HISTOGRAM_FORMS[INTERFACE_COUNTERS[id].latency]!;
    const rate = `sum by (le) (rate(${metric}_bucket{instance=~"$instance"}[$__rate_interval]))`;
    return { expr: `histogram_quantile(${quantile}, ${rate})`, legendFormat: NAMES[id] };
  });
}

function gauge(metric: string, legendFormat = '{{instance}}'): Target[] {
  return [{ expr: `${metric}{instance=~"$instance"}`, legendFormat }];
}

function increase(metric: string): Target[] {
  const expr = `increase(${metric}{instance=~"$instance"}[$__rate_interval])`;
  return [{ expr, legendFormat: '{{instance}}' }];
}

/** Title, unit and targets of each panel, two in a row. */
const PANELS: [title: string, unit: string, targets: Target[]][] = [
  ['Lookups a second', 'ops', ofInterfaces('lookups')],
  ['Requests a second', 'reqps', ofInterfaces('requests')],
  ['Latency, median', 's', quantiles(0.5)],
  ['Latency, 99th percentile', 's', quantiles(0.99)],
  ['Failures a second', 'reqps', ofInterfaces('failures')],
  ['Unanswered a second', 'reqps', ofInterfaces('drops')],
  ['Lag behind the newest block', 'ms', gauge('bchf_index_lag_milliseconds')],
  [
    'Height',
    'none',
    [
      ...gauge('bchf_index_height', '{{instance}} served'),
      ...gauge('bchf_ledger_height', '{{instance}} newest'),
    ],
  ],
  ['Serving threads', 'none', gauge('bchf_workers')],
  ['Threads that ended by themselves', 'none', increase('bchf_worker_deaths_total')],
  ['Entries', 'none', gauge('bchf_index_entries', '{{instance}} {{identity}} {{entry}}')],
  ['Index memory, share of its limit', 'percentunit', gauge('bchf_index_fill_ratio')],
  ['Packets dropped by the kernel', 'none', increase('bchf_udp_socket_drops_total')],
  ['Swaps refused', 'none', increase('bchf_snapshot_refusals_total')],
  ['Resident memory', 'bytes', gauge('process_resident_memory_bytes')],
  [
    'Processor, cores',
    'none',
    [
      {
        expr: 'rate(process_cpu_seconds_total{instance=~"$instance"}[$__rate_interval])',
        legendFormat: '{{instance}}',
      },
    ],
  ],
  ['Peers of nodes', 'none', gauge('bchf_node_peers')],
  ['Messages that no honest peer sends', 'none', increase('bchf_node_messages_rejected_total')],
];

const PANEL_WIDTH = 12;
const PANEL_HEIGHT = 8;

/** The dashboard as Grafana imports it; the data source is chosen there. */
export function dashboardFile(): string {
  const datasource = { type: 'prometheus', uid: '$datasource' };
  const panels = PANELS.map(([title, unit, targets], at) => ({
    id: at + 1,
    type: 'timeseries',
    title,
    datasource,
    gridPos: {
      x: (at % 2) * PANEL_WIDTH,
      y: Math.floor(at / 2) * PANEL_HEIGHT,
      w: PANEL_WIDTH,
      h: PANEL_HEIGHT,
    },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } },
    targets: targets.map((target, place) => ({
      refId: String.fromCharCode(65 + place),
      datasource,
      ...target,
    })),
  }));
  const dashboard = {
    uid: 'bchf-resolver',
    title: 'bchf resolver',
    tags: ['bchf'],
    schemaVersion: 39,
    editable: true,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source' },
        {
          name: 'instance',
          type: 'query',
          label: 'Instance',
          datasource,
          query: { query: 'label_values(bchf_workers, instance)', refId: 'instances' },
          includeAll: true,
          multi: true,
          refresh: 2,
          current: { text: 'All', value: '$__all' },
        },
      ],
    },
    panels,
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
