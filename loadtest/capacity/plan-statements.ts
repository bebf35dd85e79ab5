// What a plan says besides its numbers: where the wish lies outside of what was measured, and what was taken
// for granted. Pure.

import { type Curves, servedWell } from './curves.ts';
import { ENTRIES_PER_KIND_MAX } from './machines.ts';
import type { Extrapolation, InterfacePlan, PlanWish } from './plan.ts';
import { formatCount, formatTimeUs } from './quantity.ts';

/** Each wish that lies outside of what was measured, and by how much. */
export function extrapolationsOf(
  curves: Curves,
  wish: PlanWish,
  interfaces: readonly InterfacePlan[],
): Extrapolation[] {
  const found: Extrapolation[] = [];
  const note = (
    quantity: Extrapolation['quantity'],
    asked: number,
    measured: readonly number[],
    statement: (factor: string, bound: number) => string,
  ) => {
    const [measuredMin, measuredMax] = [Math.min(...measured), Math.max(...measured)];
    if (asked >= measuredMin && asked <= measuredMax) return;
    const [factor, bound] =
      asked > measuredMax ? [asked / measuredMax, measuredMax] : [measuredMin / asked, measuredMin];
    const text = statement(`${+factor.toPrecision(3)} times`, bound);
    found.push({ quantity, asked, measuredMin, measuredMax, statement: text });
  };
  const { entries, cores = curves.machine.cores } = wish;
  const speedSizes = interfaces.map((one) => one.entriesMeasured);
  if (entries > Math.min(...speedSizes)) {
    note(
      'entries',
      entries,
      [0, Math.min(...speedSizes)],
      (factor, bound) =>
        `speed with ${formatCount(entries)} entries: ${factor} the largest index measured (${formatCount(bound)}); a larger index misses the processor's caches more, which a plan from these curves does not know`,
    );
  }
  note(
    'entries',
    entries,
    curves.memory.map((one) => one.entries),
    (factor, bound) =>
      `memory with ${formatCount(entries)} entries: ${factor} ${entries > bound ? 'the largest' : 'below the smallest'} size measured (${formatCount(bound)}), along a line`,
  );
  note(
    'cores',
    cores,
    [curves.machine.cores],
    (factor, bound) =>
      `${cores} cores: ${factor} ${cores > bound ? 'as many as' : 'fewer than'} measured (${bound}); load is taken to grow with cores evenly`,
  );
  for (const { interface: name, fit } of interfaces) {
    const measured = servedWell(curves.curves.filter((curve) => curve.interface === name)).map(
      (point) => point.p99Us,
    );
    if (wish.p99Us >= Math.min(...measured)) continue;
    note(
      'p99',
      wish.p99Us,
      measured,
      (factor, bound) =>
        `${formatTimeUs(wish.p99Us)} over ${name}: ${factor} below the least 99th percentile measured (${formatTimeUs(bound)}); the model's own least is ${formatTimeUs(fit.floorUs + fit.waitUs)}`,
    );
  }
  return found;
}

/** What a plan takes for granted, as whole sentences. */
export function assumptionsOf(
  curves: Curves,
  { availability, machineAvailability, mix }: PlanWish,
  interfaces: readonly InterfacePlan[],
): string[] {
  const limited = interfaces.filter((one) => one.isGeneratorLimit).map((one) => one.interface);
  return [
    `Machines are like the one measured: ${curves.machine.cpu}, ${curves.machine.cores === 1 ? '1 core' : `${curves.machine.cores} cores`}, Node ${curves.machine.node}. ${curves.machine.note}`.trim(),
    'The 99th percentile is that of the middle second of a measured load: seconds in which the machine stood still do not count.',
    'The 99th percentile follows floor + wait / (1 - load / limit), the form of M/M/1, fitted to what was measured; the cautious figure keeps the wanted percentile even where the model is wrong by the factor above.',
    'The load comes as evenly as in the measurement; the peak is what is asked for, not the mean of a day. The kinds of number are mixed as they were measured.',
    'Load is spread evenly over the machines, and those that are left take over the load of one that fails.',
    ...(availability.form === 'probability'
      ? [`Machines fail independently; each is up ${machineAvailability * 100}% of the time.`]
      : []),
    ...(Object.values(mix).filter((share) => share > 0).length > 1
      ? ['Interfaces on one machine share its processors and nothing else slows them.']
      : []),
    'Every machine holds every entry. Memory grows with entries along a line; a swap of snapshots needs the entries twice, and a quarter is left for the system.',
    `One kind of number (IMSI, MSISDN) has at most ${formatCount(ENTRIES_PER_KIND_MAX)} entries.`,
    ...(limited.length > 0
      ? [
          `The generator was the limit over ${limited.join(', ')}: the machine can do more than was measured, so the plan errs to more machines. What its processors would take follows from their time at lower loads along a line, which says nothing of latency.`,
        ]
      : []),
  ];
}
