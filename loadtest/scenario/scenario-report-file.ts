// Reading what load tests are given as files: scenarios, and the reports of other runs.

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { LoadtestError } from '../load-options.ts';
import { createLoadCounts } from '../load-report.ts';
import { INTERFACES, scenarioSchema } from './scenario.ts';
import { REPORT_FORMAT, type ScenarioReport } from './scenario-report.ts';

/** Problems of a file that are told; of a report without its seconds there would be thousands. */
const PROBLEMS_TOLD_MAX = 20;

const number = z.number();
const pointShape = {
  offeredPerSecond: number,
  answeredPerSecond: number,
  lost: number,
  failed: number,
  latencyUs: z.object({ p50: number, p90: number, p99: number, p99_9: number, max: number }),
};
const pointSchema = z.object(pointShape);
const windowSchema = z.object({
  ...pointShape,
  phase: z.string(),
  fromSecond: number,
  toSecond: number,
  warmUp: z.boolean(),
});
const usageShape = { second: number, cpuPercent: number, residentBytes: number };
const countNames = Object.keys(createLoadCounts()) as (keyof ReturnType<typeof createLoadCounts>)[];

/** ScenarioReport as it comes back from a file that anybody may have written. */
const reportSchema: z.ZodType<ScenarioReport> = z.object({
  format: z.literal(REPORT_FORMAT),
  scenario: scenarioSchema,
  startedAt: z.string(),
  machine: z.object({ cpu: z.string(), cores: number, node: z.string() }),
  verdict: z.enum(['ok', 'wrong-answers', 'losses']),
  stoppedBy: z.string().nullable(),
  total: pointSchema,
  windows: z.array(windowSchema),
  knee: z
    .object({
      at: windowSchema.nullable(),
      beyond: windowSchema.nullable(),
      statement: z.string(),
    })
    .nullable(),
  streams: z.array(
    z.object({
      name: z.string(),
      interface: z.enum(INTERFACES),
      counts: z.record(z.enum(countNames), number),
      total: pointSchema,
      seconds: z.array(pointSchema),
      examples: z.array(z.string()),
    }),
  ),
  actions: z.array(
    z.object({
      name: z.string(),
      atSeconds: number,
      tookMs: number,
      isDone: z.boolean(),
      output: z.string(),
    }),
  ),
  server: z.array(
    z.object({ ...usageShape, ledgerHeight: number.nullable(), lagMs: number.nullable() }),
  ),
  generator: z.object({
    cpuPercent: number,
    sendDelayP99Us: number,
    isBottleneck: z.boolean(),
    statement: z.string(),
    samples: z.array(z.object(usageShape)),
  }),
});

/** Throws BCHF_LOADTEST_SCENARIO. */
export async function readReport(file: string): Promise<ScenarioReport> {
  let content: unknown;
  try {
    content = JSON.parse(await readText(file));
  } catch (cause) {
    if (cause instanceof LoadtestError) throw cause;
  }
  if ((content as Partial<ScenarioReport> | undefined)?.format !== REPORT_FORMAT) {
    throw new LoadtestError('BCHF_LOADTEST_SCENARIO', `${file} is no report of a load test`);
  }
  const parsed = reportSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .slice(0, PROBLEMS_TOLD_MAX)
    .map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new LoadtestError('BCHF_LOADTEST_SCENARIO', `${file}:\n${problems.join('\n')}`);
}

/** Throws BCHF_LOADTEST_SCENARIO. */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new LoadtestError('BCHF_LOADTEST_SCENARIO', (cause as Error).message, { cause });
  }
}
