// The stand-alone verifier of proofs: whoever has the chain's id and its validators needs nothing else.
//
//     commit → header N + 1 → app hash of N → roots of the tables → nodes → leaf → entry
//
// Every byte of evidence is bound: the commit's by signatures, the header's by its hash, the state's by
// hashes from the app hash down. Bytes that the searches do not ask for are refused, so that one claim
// has one form.

import { decodeCommit, decodeHeader } from '../block/block-codec.ts';
import { BlockError, type BlockErrorCode } from '../block/block-error.ts';
import { type CommitFault, verifyCommit } from '../block/commit.ts';
import type { Header } from '../block/types.ts';
import type { ValidatorSet } from '../block/validator-set.ts';
import { parseUeId, type UeId } from '../number.ts';
import { sha256 } from '../sha256.ts';
import { rootsOf } from '../state/commitment.ts';
import { type NumberClaim, searchNumber } from './number-claim.ts';
import { decodeProof, encodeProof, PROOF_CHARACTERS_MAX } from './proof-codec.ts';
import { nameOf, type Place, readTreeItem, type TreeItem } from './tree-search.ts';

/** Why a proof proves nothing. */
export type ProofFault =
  | CommitFault
  | BlockErrorCode
  /** More characters than a proof has. */
  | 'BCHF_PROOF_TOO_LARGE'
  /** Not the one form of a proof. */
  | 'BCHF_PROOF_MALFORMED'
  /** Bytes are missing, do not have the hash that leads to them, or are too many. */
  | 'BCHF_PROOF_BROKEN'
  /** The claim does not follow from the evidence. */
  | 'BCHF_PROOF_WRONG_CLAIM';

export type ProofVerdict =
  | { claim: NumberClaim; height: number; header: Header; fault?: undefined }
  | { fault: ProofFault; claim?: undefined };

/**
 * Checks a proof's file: what it claims was so after the block of `height`. Never throws.
 *
 * @param text The file, as `encodeProof` gives it
 */
export function verifyProof(text: string, validators: ValidatorSet, chainId: string): ProofVerdict {
  if (text.length > PROOF_CHARACTERS_MAX) return { fault: 'BCHF_PROOF_TOO_LARGE' };
  const proof = decodeProof(text);
  const ueId = proof && parseUeId(proof.number);
  if (!proof || !ueId) return { fault: 'BCHF_PROOF_MALFORMED' };
  let header: Header;
  try {
    header = decodeHeader(proof.header);
    const fault = verifyCommit(header, decodeCommit(proof.commit), validators, chainId);
    if (fault) return { fault };
  } catch (error) {
    if (error instanceof BlockError) return { fault: error.code };
    throw error;
  }
  const claim = concluded(ueId, header.appHash, proof.state);
  if (!claim) return { fault: 'BCHF_PROOF_BROKEN' };
  if (JSON.stringify(claim) !== JSON.stringify(proof.claim)) {
    return { fault: 'BCHF_PROOF_WRONG_CLAIM' };
  }
  if (encodeProof({ ...proof, claim }) !== text) return { fault: 'BCHF_PROOF_MALFORMED' };
  return { claim, height: header.height - 1, header };
}

/** What follows from the evidence about a number; `undefined` where it does not hold together. */
function concluded(
  ueId: UeId,
  appHash: Uint8Array,
  [stateBytes, routingBytes, ...evidence]: readonly Uint8Array[],
): NumberClaim | undefined {
  if (!stateBytes || !routingBytes) return undefined;
  if (Buffer.compare(sha256(stateBytes), appHash) !== 0) return undefined;
  const roots = rootsOf({ state: stateBytes, routing: routingBytes });
  if (!roots) return undefined;
  const opened = new Map<string, TreeItem>();
  let used = 0;
  const open = (place: Place): TreeItem | undefined => {
    const known = opened.get(nameOf(place));
    if (known) return known;
    const bytes = evidence[used++];
    if (!bytes || Buffer.compare(sha256(bytes), place.hash) !== 0) return undefined;
    const item = readTreeItem(bytes, place);
    if (item) opened.set(nameOf(place), item);
    return item;
  };
  try {
    const search = searchNumber(ueId, roots);
    let step = search.next();
    while (!step.done) {
      const item = open(step.value);
      if (!item) return undefined;
      step = search.next(item);
    }
    return used === evidence.length ? step.value : undefined;
  } catch {
    // Rows that are none: more than two thirds of the validators would have to have signed them.
    return undefined;
  }
}
