// The HTML report in a real browser: a file without a server, in light and dark, on a small screen.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import {
  NO_BROWSER,
  openBrowser,
  openPage,
  overflowOf,
} from '../../resolver/admin/test/browser.ts';
import { createLoadCounts } from '../load-report.ts';
import { reportHtml } from '../scenario/report-html.ts';
import { scenarioSchema } from '../scenario/scenario.ts';
import {
  kneeOf,
  type Point,
  REPORT_FORMAT,
  type ScenarioReport,
  type WindowPoint,
} from '../scenario/scenario-report.ts';

const SECONDS = 8;

const pointAt = (second: number): Point => ({
  offeredPerSecond: 1000 * (second + 1),
  answeredPerSecond: Math.min(1000 * (second + 1), 6500),
  lost: second > 6 ? 500 : 0,
  failed: 0,
  latencyUs: { p50: 90, p90: 150, p99: 200 + 50 * second, p99_9: 900, max: 2000 },
});

function report(name: string): ScenarioReport {
  const windows: WindowPoint[] = Array.from({ length: SECONDS }, (_, second) => ({
    ...pointAt(second),
    ...{ phase: `load, step ${second + 1}`, fromSecond: second, toSecond: second + 1 },
    warmUp: second === 0,
  }));
  const stream = {
    ...{ name: '</script><b>calls', interface: 'http' as const, examples: [] },
    counts: createLoadCounts(),
    total: pointAt(3),
    seconds: windows.map((_, second) => pointAt(second)),
  };
  const sample = (second: number) => ({
    ...{ second: second + 0.9, cpuPercent: 12 * second, residentBytes: 3e8 },
    ...{ ledgerHeight: null, lagMs: null },
  });
  return {
    format: REPORT_FORMAT,
    scenario: scenarioSchema.parse({
      name,
      streams: [{ interface: 'http' }],
      phases: [{ seconds: SECONDS, rate: 1 }],
    }),
    startedAt: '2026-11-28T00:00:00.000Z',
    machine: { cpu: 'a processor', cores: 2, node: '20.20.2' },
    verdict: 'losses',
    stoppedBy: null,
    total: pointAt(3),
    windows,
    knee: kneeOf(windows),
    streams: [stream],
    actions: [{ name: 'swap', atSeconds: 2, isDone: true, tookMs: 40, output: '' }],
    server: Array.from({ length: SECONDS }, (_, second) => sample(second)),
    generator: {
      ...{ cpuPercent: 80, sendDelayP99Us: 6000, isBottleneck: true },
      statement: 'the generator was the bottleneck: requests were sent up to 6000 µs late',
      samples: Array.from({ length: SECONDS }, (_, second) => sample(second)),
    },
  };
}

test('draws every plot from one file, and says who was the bottleneck', {
  skip: NO_BROWSER,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'bchf-report-'));
  const browser = await openBrowser();
  try {
    for (const [names, plots] of [
      [['an evening'], 5],
      [['before', 'after'], 5],
    ] as const) {
      const file = join(directory, `${names.length}.html`);
      writeFileSync(file, reportHtml(names.map(report)));
      for (const options of [{}, { width: 390, colorScheme: 'dark' as const }]) {
        const { page, faults } = await openPage(browser, pathToFileURL(file).href, options);
        assert.equal(await page.locator('canvas').count(), plots);
        assert.deepEqual(faults, []);
        assert.ok((await overflowOf(page)) <= 0, 'the page is no wider than its window');
        const statement = page.getByText('the generator was the bottleneck').first();
        assert.equal(await statement.getAttribute('class'), 'bad');
        assert.equal((await page.getByText('</script><b>calls').count()) > 0, true);
        const shot = process.env.BCHF_TEST_SHOTS;
        if (shot) {
          const picture = `report-${names.length}-${options.width ?? 'wide'}.png`;
          await page.screenshot({ path: join(shot, picture), fullPage: true });
        }
        await page.close();
      }
    }
  } finally {
    await browser.close();
    rmSync(directory, { recursive: true });
  }
});
