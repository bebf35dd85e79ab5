// The commands `bchf loadtest run` and `bchf loadtest compare`.

import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { LoadtestError } from '../load-options.ts';
import { isSilent, silenceLine } from '../load-report.ts';
import { reportHtml } from './report-html.ts';
import { runScenario } from './run-scenario.ts';
import { parseScenario } from './scenario.ts';
import {
  createScenarioReport,
  formatScenarioReport,
  type ScenarioReport,
} from './scenario-report.ts';
import { readReport, readText } from './scenario-report-file.ts';

export interface ScenarioEnvironment {
  write(text: string): void;
  tell(text: string): void;
}

const EXIT_FAILED = 1;
const EXIT_CODES = { ok: 0, 'wrong-answers': 3, losses: 4 } as const;

const EXAMPLE = `
A scenario is YAML or JSON; docs/loadtest.md tells all of it. For example:

  phases:
    - { name: warm-up, seconds: 3, rate: 1000, warmUp: true }
    - { name: rise, seconds: 20, rate: { from: 10000, to: 100000, steps: 10 } }
  streams:
    - { interface: http, share: 10, connections: 32 }
    - { interface: batch, share: 80 }
    - { interface: enum, share: 10, skew: { zipf: 1 } }

Exit codes: as of the other load tests.
`;

/** Adds the commands to `loadtest`. */
export function addScenarioCommands(loadtest: Command, environment: ScenarioEnvironment): void {
  loadtest
    .command('run')
    .description('run a scenario: several interfaces at once, a rate over time, actions meanwhile')
    .argument('<scenario>', 'YAML or JSON file')
    .option('--out <file>', 'write the report as JSON')
    .option('--html <file>', 'write the report as one HTML file')
    .option('--json', 'print the report as JSON instead of text')
    .addHelpText('after', EXAMPLE)
    .action((file: string, flags: { out?: string; html?: string; json?: boolean }) =>
      reportingErrors(environment, async () => {
        const scenario = parseScenario(await readText(file));
        const interruption = new AbortController();
        const onInterrupt = () => interruption.abort();
        process.once('SIGINT', onInterrupt);
        try {
          const run = await runScenario({
            scenario,
            signal: interruption.signal,
            tell: (line) => environment.tell(`${line}\n`),
          });
          const report = createScenarioReport(scenario, run);
          if (flags.out) await writeText(flags.out, `${JSON.stringify(report)}\n`);
          if (flags.html) await writeText(flags.html, reportHtml([report]));
          environment.write(
            flags.json ? `${JSON.stringify(report)}\n` : formatScenarioReport(report),
          );
          for (const { name, interface: kind, counts } of report.streams) {
            if (!isSilent(counts)) continue;
            const { host } = scenario.target;
            environment.tell(silenceLine(`${host} port ${scenario.target[kind]} (${name})`));
          }
          process.exitCode = EXIT_CODES[report.verdict];
        } finally {
          process.removeListener('SIGINT', onInterrupt);
        }
      }),
    );
  loadtest
    .command('compare')
    .description('put the reports of two runs side by side')
    .argument('<before>', 'JSON report of `loadtest run --out`')
    .argument('<after>', 'another')
    .option('--html <file>', 'write the comparison as one HTML file')
    .action((before: string, after: string, flags: { html?: string }) =>
      reportingErrors(environment, async () => {
        const reports = [await readReport(before), await readReport(after)] as const;
        if (flags.html) await writeText(flags.html, reportHtml(reports));
        environment.write(formatComparison(...reports));
      }),
    );
}

/** What changed from one run to the other, by phase and as a whole. */
export function formatComparison(before: ScenarioReport, after: ScenarioReport): string {
  const change = (one: number, other: number) =>
    one > 0 ? `${other >= one ? '+' : ''}${(((other - one) / one) * 100).toFixed(1)}%` : 'new';
  const count = (value: number) => Math.round(value).toLocaleString('en-US');
  const line = (name: string, one: ScenarioReport['total'], other: ScenarioReport['total']) =>
    `${name.padEnd(24)} answered/s ${count(one.answeredPerSecond)} → ${count(other.answeredPerSecond)} (${change(one.answeredPerSecond, other.answeredPerSecond)})` +
    `   p99 ${count(one.latencyUs.p99)} → ${count(other.latencyUs.p99)} µs (${change(one.latencyUs.p99, other.latencyUs.p99)})` +
    `   lost ${count(one.lost)} → ${count(other.lost)}`;
  const windows = before.windows.flatMap((window) => {
    const other = after.windows.find(({ phase }) => phase === window.phase);
    return other ? [line(window.phase, window, other)] : [];
  });
  return [
    `${before.scenario.name} (${before.startedAt}) → ${after.scenario.name} (${after.startedAt})`,
    ...windows,
    line('all', before.total, after.total),
    ...(before.knee && after.knee
      ? [`knee: ${before.knee.statement} → ${after.knee.statement}`]
      : []),
    ...[before, after]
      .filter(({ generator }) => generator.isBottleneck)
      .map(({ startedAt, generator }) => `${startedAt}: ${generator.statement}`),
    '',
  ].join('\n');
}

async function writeText(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new LoadtestError('BCHF_LOADTEST_SCENARIO', (cause as Error).message, { cause });
  }
}

async function reportingErrors(
  environment: ScenarioEnvironment,
  action: () => Promise<void>,
): Promise<void> {
  try {
    await action();
  } catch (error) {
    const code = error instanceof LoadtestError ? `${error.code}: ` : '';
    environment.tell(`${code}${error instanceof Error ? error.message : error}\n`);
    process.exitCode = EXIT_FAILED;
  }
}
