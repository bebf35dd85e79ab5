// The dependency rule: who may import whom, and what pure files must do without.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const FOLDERS = ['wasm', 'ledger', 'resolver', 'loadtest', 'examples'] as const;

/** Imports between folders that are allowed, as path patterns of importer and imported. */
const ALLOWED: [importer: RegExp, imported: RegExp][] = [
  [/^resolver\//, /^(wasm|ledger)\//],
  [/^loadtest\//, /^ledger\/(population\/|(number|entry|credential-codec)\.ts$)/],
  [/^loadtest\//, /^resolver\/.*-(codec|client)\.ts$/],
  // Elements of the example core use interfaces, as any network element would.
  [/^examples\/core\//, /^ledger\/(number|route|ed25519|credential-codec)\.ts$/],
  [/^examples\/core\//, /^resolver\/.*-(codec|client)\.ts$/],
  // What it is tried out with is a consortium, its transactions, and a command like the others.
  [/^examples\/core\/consortium\.ts$/, /^(ledger|resolver)\//],
  [/^examples\/core\/(country|load)\.ts$/, /^ledger\/transaction-body\.ts$/],
  // Its load is one of the load test's: clients, rates and report are that one's.
  [/^examples\/core\/(load|load-plan|load-process|demo-command)\.ts$/, /^loadtest\//],
  [/^examples\/core\/load-process\.ts$/, /^ledger\/population\/random\.ts$/],
  [/^examples\/core\/demo(-command)?\.ts$/, /^resolver\/(cli\/serving|log|resolver-error)\.ts$/],
  [/^examples\/core\/test\//, /^(ledger|resolver|loadtest)\//],
  // Benches of every folder report in one way.
  [/\/bench\//, /^wasm\/bench\/bench-report\.ts$/],
  // The load test makes its system calls as the server does.
  [/^loadtest\//, /^resolver\/udp\/(system-calls|mmsg-socket|socket-address)\.ts$/],
  // Tests and benches may set a peer up to talk to.
  [/^loadtest\/(test|bench)\//, /^(wasm|ledger|resolver)\//],
];

/** Files that decide and compute, and leave sockets, clocks, files and chance to others. */
const PURE =
  /(-codec\.ts|^ledger\/(number|route|entry|allocation|transaction-\w+)\.ts|^ledger\/(state|block)\/.*\.ts|^resolver\/(resolve|explain|route-table|freshness)\.ts|^resolver\/snapshot\/(canary|snapshot-diff)\.ts|^resolver\/access\/(access-(causes|gate|rules)|known-requesters|number-hash|quota-table|requester|(http|quick|sbi)-gate|audit-buffer)\.ts|^resolver\/forward\/(forward-handler|forwarder)\.ts|^resolver\/enum\/enum-(answer|records|settings|zone)\.ts|^resolver\/sbi\/(congestion|discovery-query|json-body|nf-discovery|nf-group-ids|nf-profile|np-status|route-groups|sbi-headers|sbi-message|sbi-router|sbi-schemas|search-answer|subscriber-identity|token-policy)\.ts|^resolver\/sbi\/nrf\/(json-patch|minimal-nrf|nf-registry|nrf-schemas|registered-discovery|token-request)\.ts|^resolver\/admin\/(alarm-conditions|alarm-rules|alert-files|console-model|interface-figures|number-space-counts)\.ts|^resolver\/http\/(change-streams|http-handler|http-router|kept-events|ledger-answers|ledger-lookups|openapi|openapi-operations|problem|query-parameters|ranges|routing-info|schemas)\.ts|^examples\/core\/(ask-in-order|directory|forms|generation|operations|subscriber-store|wire)\.ts|^wasm\/(number-index|reference-index)\.ts|^wasm\/assembly\/.*\.ts)$/;
const IMPURE_IMPORT =
  /^(node:(fs|net|dgram|http|http2|https|tls|dns|worker_threads|timers|child_process|os)(\/.*)?|classic-level|uWebSockets\.js)$/;
const IMPURE_CALL = /\b(Date\.now|Math\.random|performance\.now|new Date\(\))/;

interface SourceFile {
  path: string;
  text: string;
  imports: string[];
}

function sourceFiles(): SourceFile[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => {
        const file = join(entry.parentPath ?? entry.path, entry.name);
        const text = readFileSync(file, 'utf8');
        const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)];
        return {
          path: relative(root, file).split(sep).join('/'),
          text,
          imports: imports.map((match) => match[1] as string),
        };
      }),
  );
}

function folderOf(path: string): string {
  return path.split('/', 1)[0] as string;
}

test('every import between folders is one that the dependency rule allows', () => {
  const files = sourceFiles();
  assert.ok(files.length > 20, 'the sources were found');
  const broken: string[] = [];
  for (const { path, imports } of files) {
    for (const imported of imports.filter((name) => name.startsWith('.'))) {
      const target = normalize(join(dirname(path), imported))
        .split(sep)
        .join('/');
      if (folderOf(target) === folderOf(path)) continue;
      const isAllowed = ALLOWED.some(([from, to]) => from.test(path) && to.test(target));
      if (!isAllowed) broken.push(`${path} imports ${target}`);
    }
  }
  assert.deepEqual(broken, []);
});

test('the console shares shapes with the server, and runs nothing of it', () => {
  const folder = join(root, 'resolver', 'admin', 'console');
  const allowed =
    /^(\.\/[\w./-]+|\.\.\/console-model\.ts|preact(\/hooks)?|uplot(\/dist\/.*)?|vite|node:url)$/;
  const broken: string[] = [];
  for (const name of readdirSync(folder).filter((one) => /\.tsx?$/.test(one))) {
    const text = readFileSync(join(folder, name), 'utf8');
    // What is imported as a type is gone when the page is built.
    const code = text.replace(/import type [^;]*;/g, '');
    for (const [, imported] of code.matchAll(/^(?:import |.* from )['"]([^'"]+)['"];$/gm)) {
      const isOfBuild = name === 'vite.config.ts';
      if (!allowed.test(imported!) || (!isOfBuild && /^(vite|node:)/.test(imported!))) {
        broken.push(`${name} imports ${imported}`);
      }
    }
  }
  assert.deepEqual(broken, []);
});

test('pure files import no sockets, clocks, files or stores and ask nobody for time or chance', () => {
  const pure = sourceFiles().filter(({ path }) => PURE.test(path) && !path.includes('/test/'));
  assert.ok(pure.length > 10, 'pure files were found');
  const broken = pure.flatMap(({ path, text, imports }) => [
    ...imports.filter((name) => IMPURE_IMPORT.test(name)).map((name) => `${path} imports ${name}`),
    ...(IMPURE_CALL.test(text) ? [`${path} reads a clock or draws a random number`] : []),
  ]);
  assert.deepEqual(broken, []);
});
