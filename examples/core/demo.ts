// What `bchf demo` does: starts a consortium and a core, plays flows, and stops it all or leaves it
// running.

import { ResolverError } from '../../resolver/resolver-error.ts';
import { type Consortium, startConsortium } from './consortium.ts';
import { Core } from './core.ts';
import { imsiOf, NETWORKS, poolOf } from './country.ts';
import type { Flow } from './flow.ts';
import { FlowRunner } from './flow-runner.ts';
import { flowsOf } from './flows.ts';
import type { GenerationName } from './forms.ts';
import { GENERATION } from './generation.ts';
import { plmnText } from './plmn-codec.ts';
import { formatSequence } from './sequence.ts';
import type { TraceEvent } from './trace.ts';

export interface DemoOptions {
  generation: GenerationName;
  /** See `chooseFlows`. */
  flow: string | undefined;
  keep: boolean;
  write: (text: string) => void;
  signal: AbortSignal;
  onFailure: (error: Error) => void;
}

export interface Demo {
  /** Whether every flow went as it is written. */
  isAsWritten: boolean;
  /** What is left running. */
  running: { stop(): Promise<void> } | undefined;
}

/** Throws BCHF_CONFIG_INVALID where no flow fits. */
export async function playDemo(options: DemoOptions): Promise<Demo> {
  const { generation, flow, keep, write, signal, onFailure } = options;
  const flows = chooseFlows(generation, flow);
  const consortium = await startConsortium({ signal, onFailure });
  if (!consortium) return { isAsWritten: true, running: undefined };
  const events: TraceEvent[] = [];
  let core: Core | undefined;
  const stop = async () => {
    await core?.stop();
    await consortium.stop();
  };
  let isAsWritten = true;
  try {
    core = await Core.start(generation, (event) => events.push(event));
    await consortium.commit([...poolOf(generation, core.addresses)]);
    write(describeCore(generation, core, consortium));
    const runner = new FlowRunner(core, consortium, events);
    for (const one of flows) {
      if (signal.aborted) break;
      const played = await runner.play(one);
      const differences = runner.differences(one, played);
      if (differences.length > 0) isAsWritten = false;
      write(`\n${formatSequence(one, played, differences)}`);
    }
    if (!signal.aborted) {
      const verdict = isAsWritten ? 'all as written' : 'not all as written';
      const count = flows.length === 1 ? '1 flow' : `${flows.length} flows`;
      write(`\n${count} in ${GENERATION[generation].title} names: ${verdict}.\n`);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  if (keep && !signal.aborted) {
    write(describeRunning(generation, core, consortium));
    return { isAsWritten, running: { stop } };
  }
  await stop();
  return { isAsWritten, running: undefined };
}

/**
 * The flows that a word chooses: `all`, a figure's number, or words of titles; those that tell the story
 * where there is none. Throws BCHF_CONFIG_INVALID where none fits.
 */
export function chooseFlows(generation: GenerationName, word: string | undefined): Flow[] {
  const flows = flowsOf(generation);
  if (word === 'all') return flows;
  const chosen = flows.filter(({ figure, title, isStory }) =>
    word === undefined
      ? isStory
      : String(figure) === word || title.toLowerCase().includes(word.toLowerCase()),
  );
  if (chosen.length > 0) return chosen;
  throw new ResolverError('BCHF_CONFIG_INVALID', `--flow: no flow has ${JSON.stringify(word)}`);
}

function describeCore(generation: GenerationName, core: Core, { bchf }: Consortium): string {
  const rows = core.elements.map(({ name, address, pid }) => [name, address, `process ${pid}`]);
  const { host, ports } = bchf;
  const all = [
    [
      'BCHF',
      `${host}:${ports.http}`,
      `HTTP; SBI ${ports.sbi}, UDP ${ports.batch}, ENUM ${ports.enum}`,
    ],
    ...rows,
  ];
  const lines = all.map(
    ([name, address, what]) => `  ${name!.padEnd(22)}${address!.padEnd(17)}${what}`,
  );
  return `A core in ${GENERATION[generation].title} names:\n\n${lines.join('\n')}\n`;
}

function describeRunning(generation: GenerationName, core: Core, { bchf }: Consortium): string {
  const imsi = imsiOf(generation, 101);
  const { host, ports } = bchf;
  const network = encodeURIComponent(JSON.stringify(NETWORKS.home.plmn));
  const udm = core.element('other', 'data').address;
  const ask =
    generation === '5g'
      ? `\n  curl --http2-prior-knowledge 'http://${udm}/nudm-sdm/v2/imsi-${imsi}/am-data?plmn-id=${network}'`
      : '';
  return (
    `\nThe core goes on running. Ctrl-C stops it.\n\n` +
    `  curl -H '3gpp-Sbi-Originating-Network-Id: ${plmnText(NETWORKS.home.plmn)}' 'http://${host}:${ports.http}/nbchf-routing/v1/routing-info/imsi-${imsi}?explain=true'${ask}\n`
  );
}
