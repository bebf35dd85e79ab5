// Who may use the admin port: whoever reaches it on loopback, or whoever has the token, or a certificate.
//
// A browser on this machine reaches loopback for any page that it shows, and shows its certificate for any
// page. So without a token or a certificate a request must name this port by an address of loopback
// (against DNS rebinding), and without a token one that changes something must be JSON, which pages of
// other origins may not send, and must not be said to come from one.

import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { flagName, type ServingConfig } from '../config.ts';
import { ResolverError } from '../resolver-error.ts';

const TOKEN_BYTES_MIN = 16;
const TOKEN_BYTES_MAX = 4096;
/**
 * Against slips such as `aaaaaaaaaaaaaaaa` and `1234123412341234`. Of random tokens of 16 hex digits one in
 * 28,000 has fewer, and of longer ones next to none.
 */
const TOKEN_CHARACTERS_MIN = 6;

export interface AdminAccess {
  /** sha-256 of the token, where one is asked for. */
  tokenHash: Buffer | undefined;
  /** PEMs of TLS; with a `clientCa` every client must have a certificate of it. */
  tls: { cert: Buffer; key: Buffer; clientCa: Buffer | undefined } | undefined;
}

/**
 * Reads token and certificates. Errors: BCHF_CONFIG_INVALID; BCHF_ADMIN_UNPROTECTED where the port would
 * be reached from elsewhere and asks nobody who they are.
 */
export function readAdminAccess(config: ServingConfig): AdminAccess {
  const { adminHost, adminTokenFile, adminTlsCert, adminTlsKey, adminTlsClientCa } = config;
  if ((adminTlsCert === '') !== (adminTlsKey === '')) {
    throw invalid(`${flagName('adminTlsCert')} and ${flagName('adminTlsKey')} belong together`);
  }
  if (adminTlsClientCa !== '' && adminTlsCert === '') {
    throw invalid(`${flagName('adminTlsClientCa')} needs ${flagName('adminTlsCert')}`);
  }
  const tokenHash = adminTokenFile === '' ? undefined : hashOf(readToken(adminTokenFile));
  const tls =
    adminTlsCert === ''
      ? undefined
      : {
          cert: read(adminTlsCert),
          key: read(adminTlsKey),
          clientCa: adminTlsClientCa === '' ? undefined : read(adminTlsClientCa),
        };
  if (!tokenHash && !tls?.clientCa && !isLoopback(adminHost)) {
    const message =
      `${flagName('adminHost')} ${adminHost} is reached from elsewhere: it needs ` +
      `${flagName('adminTokenFile')} or ${flagName('adminTlsClientCa')}`;
    throw new ResolverError('BCHF_ADMIN_UNPROTECTED', message);
  }
  return { tokenHash, tls };
}

/** The token in a file, without the line end. Error: BCHF_CONFIG_INVALID, also for one easily guessed. */
export function readToken(path: string): string {
  const token = read(path).toString('utf8').trim();
  const bytes = Buffer.byteLength(token);
  if (bytes < TOKEN_BYTES_MIN || bytes > TOKEN_BYTES_MAX || /[^\x21-\x7e]/.test(token)) {
    throw invalid(
      `${path}: a token has ${TOKEN_BYTES_MIN} to ${TOKEN_BYTES_MAX} visible characters`,
    );
  }
  if (new Set(token).size < TOKEN_CHARACTERS_MIN) {
    const message = `a token has at least ${TOKEN_CHARACTERS_MIN} different characters`;
    throw invalid(
      `${path}: ${message}, or it is easily guessed: openssl rand -base64 32 makes one`,
    );
  }
  return token;
}

export type AccessVerdict =
  | 'granted'
  | 'no-token'
  | 'wrong-token'
  | 'foreign-host'
  | 'foreign-origin'
  | 'not-json';

/** What an admin request's head says of who sent it. */
export interface RequestOrigin {
  authorization: string | undefined;
  host: string | undefined;
  /** Which page a browser sends it for. */
  origin: string | undefined;
  contentType: string | undefined;
  /** Whether it may change something. */
  isChange: boolean;
}

export function judgeAccess(
  request: RequestOrigin,
  { tokenHash, tls }: AdminAccess,
): AccessVerdict {
  const { authorization, host, origin, contentType, isChange } = request;
  if (tokenHash) {
    const [, token] = /^bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
    if (token === undefined) return 'no-token';
    return timingSafeEqual(hashOf(token), tokenHash) ? 'granted' : 'wrong-token';
  }
  // TLS has seen the client's certificate before any request came. A browser shows it for any page, as it
  // reaches loopback for any page; what pages of others may not send tells these apart.
  if (!tls?.clientCa && !isLoopback(hostName(host ?? ''))) return 'foreign-host';
  if (isChange && origin !== undefined && !isOf(origin, host)) return 'foreign-origin';
  const [type = ''] = (contentType ?? '').toLowerCase().split(';', 1);
  return isChange && type.trim() !== 'application/json' ? 'not-json' : 'granted';
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function isOf(origin: string, host: string | undefined): boolean {
  return origin.replace(/^https?:\/\//, '').toLowerCase() === host?.toLowerCase();
}

function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, version === 6 ? 'ipv6' : 'ipv4');
}

/** The name in a Host header, without the port and the brackets of IPv6. */
function hostName(host: string): string {
  return host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw invalid(`${path}: ${(cause as Error).message}`);
  }
}

function invalid(message: string): ResolverError {
  return new ResolverError('BCHF_CONFIG_INVALID', message);
}
