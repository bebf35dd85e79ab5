// OAuth 2.0 access tokens of a 5G core (3GPP TS 33.501 clause 13.4.1, TS 29.510 clause 6.3): signed
// JSON (RFC 7515) with the claims of AccessTokenClaims. The NRF issues them; producers verify them.

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import type { Plmn } from '../../ledger/route.ts';

/** A key for signatures of tokens; without the private half it only verifies. */
export interface TokenKeys {
  privateKey: KeyObject | undefined;
  publicKey: KeyObject;
}

export const TOKEN_BYTES_MAX = 4096;
export const TOKEN_LIFETIME_S = 3600;
/** How far clocks of issuer and producer may differ. */
const CLOCK_TOLERANCE_S = 5;

/** Signatures that a key of a kind may have made; the first is what it makes here. */
const ALGORITHMS: Record<string, readonly [string, ...string[]]> = {
  ec: ['ES256', 'ES384', 'ES512'],
  rsa: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ed25519: ['EdDSA'],
};

export function generateTokenKeys(): TokenKeys {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/**
 * Keys from PEM: a private key (PKCS #8, PKCS #1, SEC 1), which issues and verifies, or a public key
 * or certificate, which verifies. Throws where it is none, or of a kind that signs no tokens here: EC
 * on P-256, RSA of 2048 bits or more, Ed25519.
 */
export function readTokenKeys(pem: string): TokenKeys {
  const privateKey = pem.includes('PRIVATE KEY') ? createPrivateKey(pem) : undefined;
  const publicKey = createPublicKey(privateKey ?? pem);
  const { asymmetricKeyType: type = '', asymmetricKeyDetails: details } = publicKey;
  const isUsable =
    (type === 'ec' && (!privateKey || details?.namedCurve === 'prime256v1')) ||
    (type === 'rsa' && (details?.modulusLength ?? 0) >= 2048) ||
    type === 'ed25519';
  if (!isUsable) throw new TypeError('the key must be EC on P-256, RSA of 2048 bits, or Ed25519');
  return { privateKey, publicKey };
}

/** The form in which a thread is given the public key. */
export function publicPemOf({ publicKey }: TokenKeys): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

export interface TokenClaims {
  /** NF instance id of the NRF. */
  issuer: string;
  /** NF instance id of the consumer. */
  subject: string;
  /** An NF type, or NF instance ids. */
  audience: string | string[];
  /** Service names with spaces between. */
  scope: string;
  consumerPlmnId?: { mcc: string; mnc: string } | undefined;
}

/** A token that is valid from now on for {@link TOKEN_LIFETIME_S}. */
export async function issueToken(
  privateKey: KeyObject,
  { issuer, subject, audience, scope, consumerPlmnId }: TokenClaims,
  nowMs: number,
): Promise<string> {
  const { SignJWT } = await import('jose');
  const [alg] = ALGORITHMS[privateKey.asymmetricKeyType ?? ''] ?? [];
  const nowS = Math.floor(nowMs / 1000);
  return new SignJWT({ scope, ...(consumerPlmnId && { consumerPlmnId }) })
    .setProtectedHeader({ alg: alg as string, typ: 'JWT' })
    .setIssuer(issuer)
    .setSubject(subject)
    .setAudience(audience)
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + TOKEN_LIFETIME_S)
    .sign(privateKey);
}

/** Loaded with the first token: most serving threads never see one. */
const tokenModules = () => Promise.all([import('jose'), import('../../ledger/route-schema.ts')]);

/** What a valid token allows. */
export interface VerifiedToken {
  subject: string;
  audience: readonly string[];
  scopes: ReadonlySet<string>;
  expiresMs: number;
  /** The consumer's network, where the token has it (`consumerPlmnId`). */
  network: Plmn | undefined;
}

/** Verifies signature, times and presence of claims; `undefined` where anything is amiss. */
export async function verifyToken(
  token: string,
  publicKey: KeyObject,
  nowMs: number,
): Promise<VerifiedToken | undefined> {
  if (token.length > TOKEN_BYTES_MAX) return undefined;
  const [{ jwtVerify }, { plmnSchema }] = await tokenModules();
  try {
    const { payload } = await jwtVerify(token, publicKey, {
      algorithms: [...(ALGORITHMS[publicKey.asymmetricKeyType ?? ''] ?? [])],
      requiredClaims: ['iss', 'sub', 'aud', 'scope', 'exp'],
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(nowMs),
    });
    const { sub, aud, scope, exp, consumerPlmnId } = payload;
    // The library looks at the types of times only.
    if (typeof scope !== 'string' || typeof sub !== 'string' || exp === undefined) return undefined;
    const network = plmnSchema.optional().safeParse(consumerPlmnId);
    if (!network.success) return undefined;
    return {
      subject: sub,
      audience: typeof aud === 'string' ? [aud] : (aud ?? []),
      scopes: new Set(scope.split(' ')),
      expiresMs: exp * 1000,
      network: network.data,
    };
  } catch {
    return undefined;
  }
}
