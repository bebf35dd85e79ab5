// Reading what load tests are given as files: scenarios, and the reports of other runs.

import { readFile } from 'node:fs/promises';
import { LoadtestError } from '../load-options.ts';
import { REPORT_FORMAT, type ScenarioReport } from './scenario-report.ts';

/** Throws BCHF_LOADTEST_SCENARIO. */
export async function readReport(file: string): Promise<ScenarioReport> {
  let report: ScenarioReport | undefined;
  try {
    report = JSON.parse(await readText(file));
  } catch (cause) {
    if (cause instanceof LoadtestError) throw cause;
  }
  if (report?.format === REPORT_FORMAT) return report;
  throw new LoadtestError('BCHF_LOADTEST_SCENARIO', `${file} is no report of a load test`);
}

/** Throws BCHF_LOADTEST_SCENARIO. */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new LoadtestError('BCHF_LOADTEST_SCENARIO', (cause as Error).message, { cause });
  }
}
