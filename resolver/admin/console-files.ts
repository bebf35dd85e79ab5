// The files of the console, as vite has built them into dist/console, and how they are served: from
// memory, with a policy under which a page runs nothing and asks nobody but what came from here.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { HttpAnswer } from '../http/http-answer.ts';

export interface ConsoleFiles {
  /** The file of a path; `undefined` where it is none of the console's. */
  answer(path: string, ifNoneMatch: string | undefined): HttpAnswer | undefined;
}

const BUILT = new URL('../../console/', import.meta.url);

const CONTENT_TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Everything from this origin or not at all, no inline script or style, and no page of others around
 * it. uPlot and Preact set styles through the object model, which needs no exception.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const SECURITY_HEADERS: (readonly [string, string])[] = [
  ['content-security-policy', POLICY],
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
];

/** Reads the files; without them, there is no console and nothing else is the matter. */
export function readConsoleFiles(folder = BUILT): ConsoleFiles {
  const files = new Map<string, { answer: HttpAnswer; tag: string }>();
  for (const name of builtNames(folder)) {
    const body = readFileSync(new URL(name, folder));
    const tag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    const contentType = CONTENT_TYPES[extname(name)];
    if (contentType === undefined) continue;
    // The names of scripts and styles have a hash of their content.
    const isNamedByContent = name.startsWith('assets/');
    const caching = isNamedByContent ? 'public, max-age=31536000, immutable' : 'no-cache';
    const headers = [...SECURITY_HEADERS, ['cache-control', caching], ['etag', tag]] as const;
    files.set(name === 'index.html' ? '/' : `/${name}`, {
      tag,
      answer: { status: 200, contentType, body, headers: headers as HttpAnswer['headers'] },
    });
  }
  return {
    answer(path, ifNoneMatch) {
      const file = files.get(path);
      if (!file) return undefined;
      if (ifNoneMatch !== file.tag) return file.answer;
      return { ...file.answer, status: 304, body: '' };
    },
  };
}

function builtNames(folder: URL): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const inside = (entry.parentPath ?? entry.path).replaceAll('\\', '/');
        return inside.endsWith('/assets') ? `assets/${entry.name}` : entry.name;
      });
  } catch {
    return [];
  }
}
