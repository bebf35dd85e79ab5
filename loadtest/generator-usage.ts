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
