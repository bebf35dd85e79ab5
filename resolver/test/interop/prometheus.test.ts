// Prometheus as operators run it: its own tests of the alert rules, and a server that scrapes a resolver and
// a node, evaluates the rules, and is asked what every panel of the dashboard asks.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { metricsOf } from '../../admin/alarm-conditions.ts';
import { ALARM_RULES, type AlarmRule } from '../../admin/alarm-rules.ts';
import { startServer } from '../bchf-process.ts';
import { writeContent } from '../swap-content.ts';
import { openClients, places, writeCarriers } from '../swap-load.ts';
import { TestDevnet } from '../test-devnet.ts';
import { ALERT_SERIES } from './alert-series.ts';
import { freePort } from './free-port.ts';
import { runProgram, startProgram, unlessInstalled } from './programs.ts';

const deploy = fileURLToPath(new URL('../../../../deploy/', import.meta.url));
const rulesFile = join(deploy, 'prometheus', 'bchf-alerts.yaml');
const directory = mkdtempSync(join(tmpdir(), 'bchf-prometheus-'));
after(() => rmSync(directory, { recursive: true }));
/** Far more than anything here takes. */
const WAIT_MS = 120_000;

/** One of promtool's tests: a rule with what a server shows, and the alert that comes of it, if any. */
function ruleTest(rule: AlarmRule, shown: Readonly<Record<string, string>>, isRaised: boolean) {
  const instance = 'resolver:8081';
  const { condition } = rule;
  // Prometheus makes no sum where one of its counters is not there.
  const isOfCounters = condition.kind === 'increase' || condition.kind === 'share';
  const zeros = isOfCounters ? metricsOf(condition).filter((metric) => !(metric in shown)) : [];
  const series = { ...Object.fromEntries(zeros.map((metric) => [metric, '0x10'])), ...shown };
  const own = { instance, job: 'bchf' };
  // Sums are by instance, other rules keep the labels of what they look at.
  const isSummed = isOfCounters || condition.kind === 'quantile';
  const more = /identity="(\w+)"/.exec(Object.keys(shown)[0]!)?.[1];
  const labels = isSummed ? { instance } : { ...own, ...(more && { identity: more }) };
  const { severity, summary, action } = rule;
  return {
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({
      series: withLabels(name, own),
      values,
    })),
    alert_rule_test: [
      {
        eval_time: '9m',
        alertname: rule.name,
        exp_alerts: isRaised
          ? [
              {
                exp_labels: { severity, ...labels },
                exp_annotations: { summary, description: `${action} Instance: ${instance}.` },
              },
            ]
          : [],
      },
    ],
  };
}

function withLabels(series: string, labels: Record<string, string>): string {
  const [name, own = ''] = series.replace('}', '').split('{');
  const all = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return `${name}{${[own, ...all].filter(Boolean).join(', ')}}`;
}

test('promtool raises each alert past its limit, and not at it', {
  skip: unlessInstalled('promtool'),
}, async () => {
  assert.deepEqual(
    Object.keys(ALERT_SERIES),
    ALARM_RULES.map(({ name }) => name),
  );
  const file = join(directory, 'rules.yaml');
  const tests = ALARM_RULES.flatMap((rule) => {
    const { raised, silent } = ALERT_SERIES[rule.name]!;
    return [ruleTest(rule, raised, true), ruleTest(rule, silent, false)];
  });
  writeFileSync(file, stringify({ rule_files: [rulesFile], evaluation_interval: '1m', tests }));
  const { code, stdout, stderr } = await runProgram('promtool', ['test', 'rules', file]);
  assert.equal(code, 0, stdout + stderr);
});

test('every panel of the dashboard shows a line, and no rule fails, where Prometheus scrapes', {
  skip: unlessInstalled('prometheus'),
}, async () => {
  const content = join(directory, 'content');
  mkdirSync(content);
  await writeContent(join(content, '1.bchf'), 1);
  writeCarriers(join(directory, 'carriers.json'));
  const devnet = new TestDevnet();
  await devnet.start(1);
  const server = await startServer(
    'serve',
    ...['--snapshot', join(content, '1.bchf'), '--workers', '1', '--udp-workers', '1'],
    ...['--pdb-carriers', join(directory, 'carriers.json')],
  );
  const port = await freePort();
  const ports = [server.ports.admin, devnet.node(1).ports.admin, devnet.node(1).ports.ledger];
  const configuration = join(directory, 'prometheus.yaml');
  writeFileSync(
    configuration,
    stringify({
      global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '500ms' },
      rule_files: [rulesFile],
      scrape_configs: [
        {
          job_name: 'bchf',
          static_configs: [{ targets: ports.map((each) => `127.0.0.1:${each}`) }],
        },
      ],
    }),
  );
  const prometheus = startProgram('prometheus', [
    `--config.file=${configuration}`,
    `--storage.tsdb.path=${join(directory, 'tsdb')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ]);
  const { asks, close } = await openClients(server.ports);
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    return ((await response.json()) as { data: unknown }).data;
  };
  try {
    const asked = places();
    const missing = new Set(panelQueries());
    for (const untilMs = Date.now() + WAIT_MS; missing.size > 0; await sleep(100)) {
      assert.equal(prometheus.fault(), undefined);
      assert.ok(Date.now() < untilMs, `no line for ${[...missing].join('\n')}`);
      const at = asked.next().value;
      for (const one of Object.values(asks)) await one(at);
      for (const query of missing) {
        const told = await ask(`query?query=${encodeURIComponent(query)}`).catch(() => undefined);
        if (hasValue(told)) missing.delete(query);
      }
    }
    const { groups } = (await ask('rules')) as {
      groups: { rules: { name: string; health: string; lastError?: string }[] }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    assert.equal(rules.length, ALARM_RULES.length);
    for (const { name, health, lastError } of rules)
      assert.equal(health, 'ok', `${name} ${lastError}`);
  } finally {
    close();
    await prometheus.stop();
    await server.stop();
    await devnet.stop();
  }
});

/** What Grafana asks of, with its variables filled in. */
function panelQueries(): string[] {
  const file = readFileSync(join(deploy, 'grafana', 'bchf-resolver.json'), 'utf8');
  const { panels } = JSON.parse(file) as { panels: { targets: { expr: string }[] }[] };
  const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  assert.ok(queries.length >= panels.length && panels.length > 10);
  return queries.map((expr) =>
    expr.replaceAll('$__rate_interval', '5s').replaceAll('$instance', '.*'),
  );
}

/** Whether there is a series with a number. */
function hasValue(told: unknown): boolean {
  const { result = [] } = (told ?? {}) as { result?: { value: [number, string] }[] };
  return result.some(({ value }) => !Number.isNaN(Number(value[1])));
}
