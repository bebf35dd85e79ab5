// Alarm rules: one table, judged by the process and by Prometheus, over metrics that there are.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Counter, Gauge, Registry } from 'prom-client';
import { parse } from 'yaml';
import { histogramMetrics, nodeMetrics, processMetrics } from '../../metrics/listed-metrics.ts';
import {
  type Condition,
  holds,
  type MetricReading,
  metricsOf,
  promqlOf,
  WINDOW_S_MAX,
} from '../alarm-conditions.ts';
import { ALARM_RULES } from '../alarm-rules.ts';
import { Alarms, READING_INTERVAL_MS } from '../alarms.ts';
import { alertRulesFile, dashboardFile } from '../alert-files.ts';

const deploy = fileURLToPath(new URL('../../../../deploy/', import.meta.url));
const rulesPath = `${deploy}prometheus/bchf-alerts.yaml`;

/** The names of all metrics of a process and of a node. */
function knownMetrics(): Set<string> {
  const histograms = histogramMetrics().map(({ name }) => name);
  const names = [...processMetrics(), ...nodeMetrics()].map(({ name }) => name);
  return new Set([...names, ...histograms, ...histograms.map((name) => `${name}_bucket`), 'up']);
}

/** Whatever could be a metric in an expression. */
function metricsIn(expression: string): string[] {
  const names = expression.replace(/\{[^}]*\}|"[^"]*"/g, '').match(/\b[a-z][a-z0-9_]*\b/g) ?? [];
  const words = /^(sum|by|rate|increase|histogram_quantile|instance|le|label_values|s)$/;
  return names.filter((name) => !words.test(name) && name.includes('_') && !name.startsWith('__'));
}

test('every metric that a rule or a panel names is one of a process or of a node', () => {
  const known = knownMetrics();
  const rules = ALARM_RULES.map(({ condition }) => promqlOf(condition));
  const { panels } = JSON.parse(dashboardFile());
  const targets = panels.flatMap((panel: { targets: { expr: string }[] }) =>
    panel.targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '1m')),
  );
  const named = [...rules, ...targets].flatMap(metricsIn);
  assert.ok(named.length > 100);
  assert.deepEqual([...new Set(named.filter((name) => !known.has(name)))], []);
  for (const { condition } of ALARM_RULES) {
    for (const name of metricsOf(condition)) assert.ok(known.has(name), name);
  }
});

test('the files of deploy/ are those that the table makes', () => {
  assert.equal(readFileSync(rulesPath, 'utf8'), alertRulesFile());
  const dashboard = readFileSync(`${deploy}grafana/bchf-resolver.json`, 'utf8');
  assert.deepEqual(JSON.parse(dashboard), JSON.parse(dashboardFile()));
  const { groups } = parse(alertRulesFile());
  assert.deepEqual(
    groups[0].rules.map(({ alert }: { alert: string }) => alert),
    ALARM_RULES.map(({ name }) => name),
  );
});

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

test('promtool takes the rules', { skip: hasPromtool ? false : 'promtool is not there' }, () => {
  const { status, stderr } = spawnSync('promtool', ['check', 'rules', rulesPath], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
});

test('no window is longer than what the process keeps, and no name is given twice', () => {
  for (const { condition } of ALARM_RULES) {
    if ('windowS' in condition) assert.ok(condition.windowS <= WINDOW_S_MAX);
  }
  assert.equal(new Set(ALARM_RULES.map(({ name }) => name)).size, ALARM_RULES.length);
});

function reading(atS: number, values: Record<string, number>, counts?: number[]): MetricReading {
  const bounds = [0.001, 0.01, Number.POSITIVE_INFINITY];
  const buckets = counts?.map((count, at) => ({ le: bounds[at]!, count }));
  return {
    atMs: atS * 1000,
    values: new Map(Object.entries(values)),
    buckets: new Map(buckets ? [['h', buckets]] : []),
  };
}

test('each kind of condition holds past its limit, not at it, and is unknown without its metric', () => {
  const cases: [Condition, MetricReading[], boolean | undefined][] = [
    [{ kind: 'gauge', metric: 'g', is: 'above', limit: 5 }, [reading(0, { g: 6 })], true],
    [{ kind: 'gauge', metric: 'g', is: 'above', limit: 5 }, [reading(0, { g: 5 })], false],
    [{ kind: 'gauge', metric: 'g', is: 'below', limit: 1 }, [reading(0, { g: 0 })], true],
    [
      { kind: 'gauge', metric: 'g', is: 'below', limit: 1 },
      [reading(0, { g: Number.NaN })],
      undefined,
    ],
    [{ kind: 'excess', metric: 'a', over: 'b', limit: 10 }, [reading(0, { a: 21, b: 10 })], true],
    [{ kind: 'excess', metric: 'a', over: 'b', limit: 10 }, [reading(0, { a: 20 })], undefined],
    [
      { kind: 'increase', metrics: ['c', 'd'], windowS: 60, limit: 0 },
      [reading(0, { c: 1, d: 1 }), reading(70, { c: 9, d: 1 }), reading(120, { c: 9, d: 2 })],
      true,
    ],
    [
      { kind: 'increase', metrics: ['c'], windowS: 60, limit: 0 },
      [reading(0, { c: 1 }), reading(59, { c: 9 }), reading(121, { c: 9 })],
      false,
    ],
    [
      { kind: 'share', part: ['p'], whole: ['w'], windowS: 60, limit: 0.01 },
      [reading(0, { p: 0, w: 0 }), reading(30, { p: 2, w: 100 })],
      true,
    ],
    [
      { kind: 'share', part: ['p'], whole: ['w'], windowS: 60, limit: 0.01 },
      [reading(0, { p: 0, w: 0 }), reading(30, { p: 0, w: 0 })],
      false,
    ],
    [
      { kind: 'quantile', histogram: 'h', quantile: 0.99, windowS: 60, limit: 0.005 },
      [reading(0, {}, [0, 50, 0]), reading(30, {}, [100, 60, 0])],
      true,
    ],
    [
      { kind: 'quantile', histogram: 'h', quantile: 0.99, windowS: 60, limit: 0.005 },
      [reading(0, {}, [0, 50, 0]), reading(30, {}, [100, 50, 0])],
      false,
    ],
    [{ kind: 'unreachable' }, [reading(0, {})], undefined],
  ];
  for (const [condition, readings, expected] of cases) {
    assert.equal(holds(condition, readings), expected, promqlOf(condition));
  }
});

test('an alarm is pending until its condition has held for as long as the rule asks', async () => {
  const registry = new Registry();
  const registers = [registry];
  const lag = new Gauge({ name: 'bchf_index_lag_milliseconds', help: 'x', registers });
  const deaths = new Counter({ name: 'bchf_worker_deaths_total', help: 'x', registers });
  let nowMs = 0;
  const alarms = new Alarms(
    registry,
    () => new Map(),
    () => nowMs,
  );
  const states = async (lagMs: number) => {
    lag.set(lagMs);
    nowMs += READING_INTERVAL_MS;
    await alarms.read();
    return Object.fromEntries(alarms.all().map(({ name, state }) => [name, state]));
  };
  assert.equal((await states(0)).BchfIndexBehind, 'ok');
  assert.equal((await states(0)).BchfNodeHalted, 'unknown');
  assert.equal((await states(6000)).BchfIndexBehind, 'pending');
  for (let count = 0; count < 11; count++) await states(6000);
  const behind = await states(6000);
  assert.equal(behind.BchfIndexBehind, 'raised');
  assert.equal(behind.BchfIndexFarBehind, 'ok');
  assert.equal((await states(0)).BchfIndexBehind, 'ok');
  assert.equal((await states(6000)).BchfIndexBehind, 'pending');
  deaths.inc();
  assert.equal((await states(0)).BchfThreadDied, 'raised');
  const node = new Registry();
  new Gauge({ name: 'bchf_node_halted', help: 'x', registers: [node] }).set(1);
  alarms.watch(node);
  assert.equal((await states(0)).BchfNodeHalted, 'raised');
  for (let count = 0; count < 121; count++) await states(0);
  assert.equal((await states(0)).BchfThreadDied, 'ok');
});
