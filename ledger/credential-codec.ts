// The credential of a terminal: what it signs so that a network may read its user data.
//
//     0    1    2          10       13            19          35                 99
//     ┌────┬────┬──────────┬────────┬─────────────┬───────────┬──────────────────┐
//     │ ver│kind│ number   │ PLMN   │ time, ms    │ nonce     │ signature        │
//     │ 1  │    │ key      │ 3      │ since 1970  │ 16 bytes  │ 64 bytes         │
//     │    │    │ u64      │ octets │ u48         │           │ ed25519          │
//     └────┴────┴──────────┴────────┴─────────────┴───────────┴──────────────────┘
//      ◄───────────────────── claims ────────────►
//
// Integers are little-endian. `kind` is the place of the identity kind in IDENTITIES. The number key has
// a 1 in front of the digits, so that leading zeros and the length count (number.ts). The PLMN is that of
// the network which serves the terminal, as the air interface writes it (3GPP TS 24.008 clause
// 10.5.1.3): BCD, an MNC of two digits filled up with F, so that 26-2 digits and 26-3 digits differ.
//
// The terminal signs  "bchf credential 1" ‖ 0 ‖ claims  by the rule of ed25519.ts, and a signature
// counts for nothing else. One credential has one byte form and one text form: base64url without
// padding (RFC 4648 section 5), 132 characters, in the header `bchf-credential` of a request.
//
// That a credential is used only once needs memory, which whoever checks it has; this file has none.

import type { KeyObject } from 'node:crypto';
import { isSignedBy, SIGNATURE_BYTES, signMessage } from './ed25519.ts';
import { IDENTITIES, isNumberKey, type UeId } from './number.ts';
import { MCC_PATTERN, MNC_PATTERN, type Plmn } from './route.ts';

/** The request header that carries a credential, over HTTP/1.1 and HTTP/2 alike. */
export const CREDENTIAL_HEADER = 'bchf-credential';
export const NONCE_BYTES = 16;
export const CREDENTIAL_TEXT_LENGTH = 132;
/** How far the time of a credential may be from the checker's clock, unless it is told otherwise. */
export const CREDENTIAL_WINDOW_MS = 30_000;

const VERSION = 1;
const KEY_AT = 2;
const PLMN_AT = 10;
const TIME_AT = 13;
const NONCE_AT = 19;
const CLAIMS_BYTES = NONCE_AT + NONCE_BYTES;
export const CREDENTIAL_BYTES = CLAIMS_BYTES + SIGNATURE_BYTES;
const TIME_MS_MAX = 2 ** 48 - 1;
const DOMAIN = Buffer.from('bchf credential 1\0', 'latin1');
const FILLER = 0xf;

/** What a terminal says. */
export interface CredentialClaims {
  ueId: UeId;
  /** The network that serves the terminal, and may use the credential. */
  servingNetwork: Plmn;
  /** When it was made, milliseconds since 1970; 0 to 2^48 − 1. */
  timeMs: number;
  /** 16 bytes, drawn anew for each credential. */
  nonce: Uint8Array;
}

/** A credential that is well-formed; nothing of it is believed yet. */
export interface Credential extends CredentialClaims {
  /** Its byte form. */
  bytes: Uint8Array;
  /** What is signed. */
  message: Uint8Array;
  /** 64 bytes. */
  signature: Uint8Array;
}

/** Why a credential does not count. Each is also the `cause` of the refusal. */
export const CREDENTIAL_FAULTS = {
  CREDENTIAL_MALFORMED: 'The credential is not 132 characters of base64url that mean one.',
  CREDENTIAL_NUMBER_MISMATCH: 'The credential is of another number than the one asked for.',
  CREDENTIAL_NETWORK_MISMATCH: 'The credential is for another serving network than the requester.',
  CREDENTIAL_EXPIRED: 'The time of the credential is too far in the past.',
  CREDENTIAL_NOT_YET_VALID: 'The time of the credential is too far in the future.',
  CREDENTIAL_KEY_UNKNOWN: 'The ledger has no public key for the terminal of this number.',
  CREDENTIAL_SIGNATURE_INVALID: "The terminal's key on the ledger did not sign the credential.",
  CREDENTIAL_REPLAYED: 'The credential was used before.',
} as const;
export type CredentialFault = keyof typeof CREDENTIAL_FAULTS;

/** What a credential must be of to count for a request. */
export interface CredentialExpectation {
  /** The number that is asked for. */
  ueId: UeId;
  /** The networks that the requester stands for; a credential for none of them is refused. */
  networks: readonly Plmn[];
  /** Milliseconds since 1970. */
  nowMs: number;
  /** How far the time of the credential may be from `nowMs`, either way. */
  windowMs: number;
}

/**
 * Signs claims and gives the credential as text. Throws a `RangeError` for claims that have no byte
 * form.
 *
 * @param privateKey ed25519
 */
export function makeCredential(claims: CredentialClaims, privateKey: KeyObject): string {
  const message = messageOf(claims);
  const signature = signMessage(message, privateKey);
  return Buffer.concat([message.subarray(DOMAIN.length), signature]).toString('base64url');
}

/** Reads the text of a credential; `undefined` where it is none, or not in its one form. */
export function parseCredential(text: string): Credential | undefined {
  if (text.length !== CREDENTIAL_TEXT_LENGTH) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  // Node skips what is no base64url, and takes that of the other alphabet too.
  return bytes.toString('base64url') === text ? parseCredentialBytes(bytes) : undefined;
}

/** Reads the byte form; `undefined` where the bytes are none. The fields are views of the bytes. */
export function parseCredentialBytes(view: Uint8Array): Credential | undefined {
  if (view.length !== CREDENTIAL_BYTES) return undefined;
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.length);
  const identity = IDENTITIES[bytes[1]!];
  const key = Number(bytes.readBigUInt64LE(KEY_AT));
  const servingNetwork = plmnOf(bytes.subarray(PLMN_AT, TIME_AT));
  if (bytes[0] !== VERSION || !identity || !isNumberKey(key) || !servingNetwork) return undefined;
  return {
    ueId: { identity, key },
    servingNetwork,
    timeMs: bytes.readUIntLE(TIME_AT, 6),
    nonce: bytes.subarray(NONCE_AT, CLAIMS_BYTES),
    bytes,
    message: Buffer.concat([DOMAIN, bytes.subarray(0, CLAIMS_BYTES)]),
    signature: bytes.subarray(CLAIMS_BYTES),
  };
}

/** What is wrong with the claims for a request, before any signature is looked at. */
export function claimsFault(
  { ueId, servingNetwork, timeMs }: CredentialClaims,
  { ueId: asked, networks, nowMs, windowMs }: CredentialExpectation,
): CredentialFault | undefined {
  if (ueId.identity !== asked.identity || ueId.key !== asked.key) {
    return 'CREDENTIAL_NUMBER_MISMATCH';
  }
  const { mcc, mnc } = servingNetwork;
  if (!networks.some((one) => one.mcc === mcc && one.mnc === mnc)) {
    return 'CREDENTIAL_NETWORK_MISMATCH';
  }
  if (timeMs < nowMs - windowMs) return 'CREDENTIAL_EXPIRED';
  if (timeMs > nowMs + windowMs) return 'CREDENTIAL_NOT_YET_VALID';
  return undefined;
}

/**
 * Checks everything that needs no memory: form, claims, signature; in this order, and the first fault
 * is told. A good credential must still be refused where its nonce was seen before: see the file.
 *
 * @param publicKey what the ledger has for the number's terminal, 32 bytes; `undefined`: nothing
 */
export function checkCredential(
  text: string,
  expected: CredentialExpectation,
  publicKey: Uint8Array | undefined,
): { credential: Credential; fault?: undefined } | { fault: CredentialFault } {
  const credential = parseCredential(text);
  if (!credential) return { fault: 'CREDENTIAL_MALFORMED' };
  const fault = claimsFault(credential, expected);
  if (fault) return { fault };
  if (!publicKey) return { fault: 'CREDENTIAL_KEY_UNKNOWN' };
  if (!isSignedBy(publicKey, credential.message, credential.signature)) {
    return { fault: 'CREDENTIAL_SIGNATURE_INVALID' };
  }
  return { credential };
}

function messageOf({ ueId, servingNetwork, timeMs, nonce }: CredentialClaims): Uint8Array {
  if (!isNumberKey(ueId.key)) throw new RangeError('a credential is of one number');
  if (!Number.isInteger(timeMs) || timeMs < 0 || timeMs > TIME_MS_MAX) {
    throw new RangeError('the time of a credential is an integer of 0 to 2^48 − 1');
  }
  if (nonce.length !== NONCE_BYTES) throw new RangeError(`a nonce has ${NONCE_BYTES} bytes`);
  const message = Buffer.alloc(DOMAIN.length + CLAIMS_BYTES);
  DOMAIN.copy(message);
  const claims = message.subarray(DOMAIN.length);
  claims[0] = VERSION;
  claims[1] = IDENTITIES.indexOf(ueId.identity);
  claims.writeBigUInt64LE(BigInt(ueId.key), KEY_AT);
  claims.set(plmnOctets(servingNetwork), PLMN_AT);
  claims.writeUIntLE(timeMs, TIME_AT, 6);
  claims.set(nonce, NONCE_AT);
  return message;
}

/** 3GPP TS 24.008 clause 10.5.1.3: the low half of each octet comes first. */
function plmnOctets({ mcc, mnc }: Plmn): Uint8Array {
  if (!MCC_PATTERN.test(mcc) || !MNC_PATTERN.test(mnc)) {
    throw new RangeError('a PLMN has an MCC of 3 digits and an MNC of 2 or 3');
  }
  const [c1, c2, c3] = [...mcc].map(Number) as [number, number, number];
  const [n1, n2, n3 = FILLER] = [...mnc].map(Number) as [number, number, number?];
  return Uint8Array.of(c1 | (c2 << 4), c3 | (n3 << 4), n1 | (n2 << 4));
}

function plmnOf(octets: Uint8Array): Plmn | undefined {
  const halves = [...octets].flatMap((octet) => [octet & 0xf, octet >> 4]);
  const [c1, c2, c3, n3, n1, n2] = halves as [number, number, number, number, number, number];
  if ([c1, c2, c3, n1, n2].some((digit) => digit > 9) || (n3 > 9 && n3 !== FILLER))
    return undefined;
  return { mcc: `${c1}${c2}${c3}`, mnc: `${n1}${n2}${n3 === FILLER ? '' : n3}` };
}
