// `bchf ledger prove | verify-proof | validators`: what the ledger says, for people who have no ledger.

import type { Command } from 'commander';
import { formatUeId } from '../../ledger/number.ts';
import type { NumberClaim } from '../../ledger/proof/number-claim.ts';
import { decodeProof, encodeProof, PROOF_CHARACTERS_MAX } from '../../ledger/proof/proof-codec.ts';
import { decodeStateProof, encodeStateProof } from '../../ledger/proof/state-proof.ts';
import { openProver, openProverAt, type Prover } from '../../ledger/proof/stored-proof.ts';
import { verifyProof } from '../../ledger/proof/verify-proof.ts';
import { encodeTrust } from '../../ledger/trust-codec.ts';
import { NodeClient } from '../node-client.ts';
import { ResolverError } from '../resolver-error.ts';
import {
  inStore,
  type OpenStore,
  printFields,
  readTextAtMost,
  readTrust,
  trustOf,
  wholeNumberOf,
  withLedgerOptions,
  writeText,
} from './ledger-store.ts';
import { readNumber } from './lookup.ts';

export function addLedgerProofCommands(ledger: Command): void {
  withLedgerOptions(
    ledger
      .command('prove')
      .description(
        'Write a proof of what the state says about a number: who has it and where it is routed, or ' +
          'that nothing is known of it.',
      )
      .argument('<NUMBER>', 'msisdn-…, imsi-…, or an MSISDN with or without +')
      .option(
        '--height <H>',
        'the state after this block (default: the last one but one, the newest that is vouched for)',
        wholeNumberOf('--height'),
      )
      .option('--node <URL>', 'ask the ledger port of a running node in place of --data')
      .option('--out <FILE>', 'where to write it (default: standard output)'),
  ).action(async (text: string, { data, node, height, out, json }) => {
    const ueId = readNumber(text);
    refuseHeight(node, height);
    const encoded = node
      ? await new NodeClient(node).proof(formatUeId(ueId))
      : encodeProof(
          await inStore(data, async (open) => (await proverOf(open, height)).number(ueId)),
        );
    await writeText(out, encoded);
    if (out === undefined) return;
    const claim = decodeProof(encoded)?.claim;
    printFields(
      { out, bytes: encoded.length, ...(claim ? describe(claim as NumberClaim) : {}) },
      json,
    );
  });

  withLedgerOptions(
    ledger
      .command('prove-state')
      .description(
        'Write a proof that the chain vouches for a state: what `bchf snapshot verify --proof` takes.',
      )
      .option('--height <H>', 'as for prove', wholeNumberOf('--height'))
      .option('--node <URL>', 'ask the ledger port of a running node in place of --data')
      .option('--out <FILE>', 'where to write it (default: standard output)'),
  ).action(async ({ data, node, height: wanted, out, json }) => {
    refuseHeight(node, wanted);
    const encoded = node
      ? await new NodeClient(node).proof('state')
      : encodeStateProof(
          await inStore(data, async (open) => (await proverOf(open, wanted)).state()),
        );
    await writeText(out, encoded);
    if (out === undefined) return;
    const height = decodeStateProof(encoded).proof?.before.height;
    printFields({ out, bytes: encoded.length, height }, json);
  });

  ledger
    .command('verify-proof')
    .description(
      'Check a proof with nothing but the validators: commit, header, state, entry. Needs no ledger.',
    )
    .argument('<FILE>', 'the proof')
    .requiredOption('--validators <FILE>', 'whom to trust (bchf ledger validators prints it)')
    .option('--json', 'print the result as JSON')
    .action(async (file: string, { validators, json }) => {
      const { chainId, validators: set } = await readTrust(validators);
      const text = await readTextAtMost(file, PROOF_CHARACTERS_MAX);
      const verdict = verifyProof(text, set, chainId);
      if (!verdict.claim) {
        throw Object.assign(new Error(`${file} proves nothing`), { code: verdict.fault });
      }
      const { claim, height, header } = verdict;
      const time = new Date(header.time.seconds * 1_000).toISOString();
      printFields(
        json
          ? { isProven: true, chainId, height, claim }
          : { proven: `after block ${height} of ${chainId}, before ${time}`, ...describe(claim) },
        json,
      );
    });

  withLedgerOptions(
    ledger
      .command('validators')
      .description(
        'Print chain id, authority and validators of the ledger, as --validators takes it.',
      )
      .option('--out <FILE>', 'where to write it (default: standard output)'),
  ).action(async ({ data, out }) => {
    await writeText(out, encodeTrust(await inStore(data, (open) => trustOf(open, undefined))));
  });
}

/** A running node has one state that is vouched for. */
function refuseHeight(node: string | undefined, height: number | undefined): void {
  if (node !== undefined && height !== undefined) {
    throw new ResolverError('BCHF_CONFIG_INVALID', '--height does not go with --node');
  }
}

/** What proves by the newest state that is vouched for, or by that after a block. */
async function proverOf(open: OpenStore, height: number | undefined): Promise<Prover> {
  if (height === undefined) return openProver(open.store);
  return openProverAt(open.store, height, await trustOf(open, undefined));
}

function describe({ number, entry, holder }: NumberClaim): Record<string, unknown> {
  const range = entry && (entry.from === entry.to ? entry.from : `${entry.from} to ${entry.to}`);
  let holds = 'nobody';
  if (holder) holds = 'member' in holder ? holder.member : `the pool, from ${holder.injectedBy}`;
  return {
    number,
    entry: entry ? `${entry.kind} ${range}` : 'none',
    route: entry ? `${entry.route.id} (${entry.route.fqdn})` : 'none',
    holder: holds,
  };
}
