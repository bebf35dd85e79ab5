// Histograms of the metrics, made of words that serving threads count: buckets that threads fill by
// themselves, so prom-client's own class, which fills them, does not serve.

import { HISTOGRAM_FORMS } from '../counter-table.ts';
import type { SharedCounters } from './shared-counters.ts';

/** What each bucket of the histograms counted, not added up, by metric. */
export function bucketsOf(words: SharedCounters): Map<string, { le: number; count: number }[]> {
  const totals = totalsOf(words);
  return new Map(
    Object.entries(HISTOGRAM_FORMS).map(([group, { metric, bounds }]) => [
      metric,
      bounds.map(({ word, le }) => ({ le, count: totals.get(`${group} ${word}`) ?? 0 })),
    ]),
  );
}

function totalsOf(words: SharedCounters): Map<string, number> {
  const totals = new Map<string, number>();
  for (const { group, name, total } of words.counters()) totals.set(`${group} ${name}`, total());
  return totals;
}

/** The histograms in the text format of Prometheus, version 0.0.4. */
export function histogramText(words: SharedCounters): string {
  const totals = totalsOf(words);
  const lines: string[] = [];
  for (const [group, { metric, help, bounds }] of Object.entries(HISTOGRAM_FORMS)) {
    lines.push(`# HELP ${metric} ${help}`, `# TYPE ${metric} histogram`);
    let count = 0;
    for (const { word, le } of bounds) {
      count += totals.get(`${group} ${word}`) ?? 0;
      if (Number.isFinite(le)) lines.push(`${metric}_bucket{le="${le}"} ${count}`);
    }
    lines.push(`${metric}_bucket{le="+Inf"} ${count}`);
    lines.push(`${metric}_sum ${totals.get(`${group} sum`) ?? 0}`, `${metric}_count ${count}`);
  }
  return `${lines.join('\n')}\n`;
}
