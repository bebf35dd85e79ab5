// uWebSockets.js: the native build, or its slower JavaScript stand-in where no native build fits this Node.

import type { TemplatedApp } from 'uWebSockets.js';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { ResolverError } from '../resolver-error.ts';

type UWebSockets = typeof import('uWebSockets.js');

export interface LoadedLibrary {
  library: UWebSockets;
  isNative: boolean;
}

/** Paths of PEM files. */
export interface TlsFiles {
  certFile: string;
  keyFile: string;
}

let loaded: LoadedLibrary | undefined;

/** Loads the library; its warning about a missing native build is replaced by `isNative`. */
export function loadUWebSockets(): LoadedLibrary {
  if (loaded) return loaded;
  const warn = console.warn;
  console.warn = () => {};
  try {
    const library = createRequire(import.meta.url)('uWebSockets.js') as UWebSockets;
    // The stand-in has no TLS, and that is the plainest way to tell the two apart.
    loaded = { library, isNative: 'SSLApp' in library };
    return loaded;
  } finally {
    console.warn = warn;
  }
}

/** Makes an app. Throws BCHF_LISTEN_FAILED where it cannot have the TLS that is wanted. */
export function createApp(
  { library, isNative }: LoadedLibrary,
  tls: TlsFiles | undefined,
): TemplatedApp {
  if (!tls) return library.App({});
  if (!isNative) {
    throw new ResolverError('BCHF_LISTEN_FAILED', 'TLS over HTTP/1.1 needs native uWebSockets.js');
  }
  try {
    return library.SSLApp({ cert_file_name: tls.certFile, key_file_name: tls.keyFile });
  } catch (cause) {
    const message = `${tls.certFile} and ${tls.keyFile} are no certificate with its key`;
    throw new ResolverError('BCHF_LISTEN_FAILED', message, { cause });
  }
}

/**
 * Node's server under the stand-in, whose listen token is the object that has it. For each connection
 * the stand-in would leave a listener with the server, and the socket with that, for as long as the
 * server lives; all it does is to forget a socket that it never remembered.
 */
export function standInServer(token: unknown): Server {
  const { http } = token as { http: Server };
  const [, remembering] = http.listeners('connection');
  if (remembering) http.off('connection', remembering as () => void);
  return http;
}
