// A capacity plan for people.

import type { InterfacePlan, Plan } from './plan.ts';
import { formatBytes, formatCount, formatTimeUs } from './quantity.ts';

export function formatPlan(plan: Plan): string {
  const { wish, machines, perMachine, memory, extrapolations, assumptions } = plan;
  const percent = (share: number) => `${Math.round(share * 100)}%`;
  const interfaceLine = (one: InterfacePlan) =>
    `  ${one.interface.padEnd(6)} ${percent(one.share).padStart(4)} of the lookups; alone, a machine takes ` +
    `${formatCount(one.cautiousPerSecond)}/s (likely ${formatCount(one.likelyPerSecond)}/s), limited by ` +
    `${one.limitedBy === 'percentile' ? 'the percentile' : 'the highest load measured'}; ` +
    `taken to be wrong by a factor of ${one.errorFactor.toFixed(2)}, from ${one.fit.pointCount} points`;
  const processorLines = ({ interface: name, processorLimit }: InterfacePlan) =>
    processorLimit === null
      ? []
      : [
          `         over ${name} the generator ended first; the machine's processors would at ${formatCount(processorLimit.perSecond)}/s (${formatCount(processorLimit.perSecondMin)} to ${formatCount(processorLimit.perSecondMax)})`,
        ];
  const likely =
    machines.forLoadLikely === machines.forLoad ? '' : ` (likely ${machines.forLoadLikely})`;
  return [
    `${formatCount(wish.lookupsPerSecond)} lookups/s, ${formatCount(wish.entries)} entries, 99th percentile ${formatTimeUs(wish.p99Us)}, availability ${wish.availability.text}`,
    '',
    `machines   ${machines.total}: ${machines.forLoad} for the load${likely}, ${machines.total - machines.forLoad} more for availability`,
    `memory     ${formatBytes(memory.neededBytes)} each: ${formatBytes(memory.residentBytes)} resident, the entries once more during a swap, a quarter for the system`,
    `load       ${formatCount(perMachine.cautiousPerSecond)} lookups/s a machine at most (likely ${formatCount(perMachine.likelyPerSecond)}); used ${percent(machines.utilisation)} with all machines, ${percent(machines.utilisationAtLeast)} with ${machines.forLoad}`,
    '',
    ...plan.interfaces.flatMap((one) => [interfaceLine(one), ...processorLines(one)]),
    `  memory ${memory.bytesPerEntry.toFixed(1)} bytes an entry${memory.error === null ? ', from two sizes' : `, within ${percent(memory.error)} of each size measured`}`,
    '',
    ...(extrapolations.length > 0
      ? [
          'OUTSIDE OF WHAT WAS MEASURED',
          ...extrapolations.map(({ statement }) => `  - ${statement}`),
          '',
        ]
      : []),
    'Assumed',
    ...assumptions.map((assumption) => `  - ${assumption}`),
    '',
  ].join('\n');
}
