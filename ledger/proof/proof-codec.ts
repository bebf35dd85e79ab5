// The file of a proof: JSON in one line, with one form for one proof.
//
//     {"format": "bchf-proof-1",
//      "number": "msisdn-8613912345678",
//      "header": "<base64>",            header N + 1, protobuf as in CometBFT's block
//      "commit": "<base64>",            the commit that proves it, protobuf
//      "state": ["<base64>", …],        the bytes behind the app hash of N, in the order of the searches:
//                                       the state's inner bytes, those of routing, nodes and leaves
//      "claim": {…}}                    what follows from it (number-claim), for people
//
// Everything but `claim` is evidence; a claim that does not follow from it makes the proof wrong.

import { z } from 'zod';
import type { NumberClaim } from './number-claim.ts';

const FORMAT = 'bchf-proof-1';

/** Most characters of a proof's file. */
export const PROOF_CHARACTERS_MAX = 2_097_152;
/** Most nodes and leaves of a proof. */
export const PROOF_STATE_MAX = 1_024;

export interface Proof {
  number: string;
  /** Bytes of header N + 1. */
  header: Uint8Array;
  /** Bytes of its commit. */
  commit: Uint8Array;
  /** Bytes whose hashes lead from the app hash to the entry, or to where it would be. */
  state: Uint8Array[];
  claim: NumberClaim;
}

const base64 = z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64')));

const proofSchema = z.strictObject({
  format: z.literal(FORMAT),
  number: z.string().max(32),
  header: base64,
  commit: base64,
  state: z.array(base64).max(PROOF_STATE_MAX),
  claim: z.unknown(),
});

export function encodeProof({ number, header, commit, state, claim }: Proof): string {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const fields = {
    format: FORMAT,
    number,
    header: text(header),
    commit: text(commit),
    state: state.map(text),
    claim,
  };
  return `${JSON.stringify(fields)}\n`;
}

/** Reads a proof, whose claim is not looked at; `undefined` where the text is none. */
export function decodeProof(text: string): (Omit<Proof, 'claim'> & { claim: unknown }) | undefined {
  if (text.length > PROOF_CHARACTERS_MAX) return undefined;
  try {
    const { format: _, claim, ...evidence } = proofSchema.parse(JSON.parse(text));
    return { ...evidence, claim };
  } catch {
    return undefined;
  }
}
