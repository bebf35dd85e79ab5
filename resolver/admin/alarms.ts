// The alarms of this process, judged by itself: metrics are read every few seconds and kept for as long as
// the longest window of the rules.

import type { Registry } from 'prom-client';
import { holds, type MetricReading, metricsOf, WINDOW_S_MAX } from './alarm-conditions.ts';
import { ALARM_RULES, type AlarmRule } from './alarm-rules.ts';
import type { Alarm } from './console-model.ts';

export const READING_INTERVAL_MS = 5000;
const READINGS_MAX = (WINDOW_S_MAX * 1000) / READING_INTERVAL_MS + 1;

/** The buckets of the histograms by metric, not added up. */
export type ReadBuckets = () => MetricReading['buckets'];

export class Alarms {
  readonly #registries: Registry[];
  readonly #buckets: ReadBuckets;
  readonly #now: () => number;
  readonly #metrics = [...new Set(ALARM_RULES.flatMap(({ condition }) => metricsOf(condition)))];
  readonly #readings: MetricReading[] = [];
  /** Since when each rule's condition has held without a break. */
  readonly #sinceMs = new Map<string, number>();
  #judged: Alarm[] = [];

  constructor(registry: Registry, buckets: ReadBuckets, now: () => number) {
    this.#registries = [registry];
    this.#buckets = buckets;
    this.#now = now;
  }

  /** Reads another registry as well, such as that of the node's part in the ledger. */
  watch(registry: Registry): void {
    this.#registries.push(registry);
  }

  /** Reads the metrics and judges every rule. */
  async read(): Promise<void> {
    const values = new Map<string, number>();
    for (const registry of this.#registries) {
      for (const name of this.#metrics) {
        const metric = registry.getSingleMetric(name);
        if (!metric) continue;
        const { values: labelled } = await metric.get();
        const total = labelled.reduce((sum, { value }) => sum + value, 0);
        values.set(name, total);
      }
    }
    const atMs = this.#now();
    this.#readings.push({ atMs, values, buckets: this.#buckets() });
    if (this.#readings.length > READINGS_MAX) this.#readings.shift();
    this.#judged = ALARM_RULES.map((rule) => this.#judge(rule, atMs));
  }

  #judge(rule: AlarmRule, atMs: number): Alarm {
    const { name, severity, forS, summary, action } = rule;
    const isHeld = holds(rule.condition, this.#readings);
    if (isHeld) this.#sinceMs.set(name, this.#sinceMs.get(name) ?? atMs);
    else this.#sinceMs.delete(name);
    const sinceMs = this.#sinceMs.get(name) ?? null;
    const isRaised = sinceMs !== null && atMs - sinceMs >= forS * 1000;
    const state =
      isHeld === undefined ? 'unknown' : isRaised ? 'raised' : isHeld ? 'pending' : 'ok';
    return { name, severity, state, sinceMs, summary, action };
  }

  /** Every rule with its state, as of the last reading. */
  all(): readonly Alarm[] {
    return this.#judged;
  }
}
