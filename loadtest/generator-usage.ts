// How busy the generator itself was: its processor time, and the time in which it did not wait.
//
// The two differ where the processor is shared. A generator that wanted to run all the time and got
// half of a processor has used half of one, and was the bottleneck all the same.

export interface GeneratorUsage {
  /** Processor time of this process, all threads together. */
  cpuMs: number;
  /** Time in which the event loop had work, whether or not the system let it run. */
  busyMs: number;
}

/** Begins to measure; the function that it returns gives the usage since then. */
export function measureUsage(): () => GeneratorUsage {
  const cpuBefore = process.cpuUsage();
  const loopBefore = performance.eventLoopUtilization();
  return () => {
    const cpu = process.cpuUsage(cpuBefore);
    const { active } = performance.eventLoopUtilization(loopBefore);
    return { cpuMs: (cpu.user + cpu.system) / 1000, busyMs: active };
  };
}

/** One look at this process. */
export interface GeneratorSample {
  /** After the begin of the run. */
  second: number;
  /** Of one processor, all threads together, since the sample before. */
  cpuPercent: number;
  residentBytes: number;
}

const SAMPLE_MS = 1000;

/** Looks at this process each second until it is stopped. */
export function sampleGenerator(
  startMs: number,
  nowMs: () => number,
): { samples: GeneratorSample[]; stop(): void } {
  const samples: GeneratorSample[] = [];
  let [cpu, atMs] = [process.cpuUsage(), nowMs()];
  const timer = setInterval(() => {
    const [used, sinceMs] = [process.cpuUsage(cpu), nowMs() - atMs];
    [cpu, atMs] = [process.cpuUsage(), atMs + sinceMs];
    samples.push({
      second: (atMs - startMs) / 1000,
      cpuPercent: (used.user + used.system) / (sinceMs * 10),
      residentBytes: process.memoryUsage.rss(),
    });
  }, SAMPLE_MS);
  return { samples, stop: () => clearInterval(timer) };
}
