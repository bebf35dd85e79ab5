// Functions of the AssemblyScript sources that the product's module does not export, for tests: a
// module of its own, compiled when a test asks for it. It only reads, so it may lie over the memory
// of any index.

import { readFileSync } from 'node:fs';

/** The part of the compiler's interface that is used: its own types change those of `console`. */
interface Compiler {
  main(
    options: readonly string[],
    api: {
      readFile(name: string): string | null;
      writeFile(name: string, contents: Uint8Array | string): void;
      listFiles(): string[];
    },
  ): Promise<{ error: Error | null; stderr: { toString(): string } }>;
}

// Not a literal, so that the types are not loaded.
const COMPILER: string = 'assemblyscript/asc';
const ROOT = new URL('../../../', import.meta.url);
const ENTRY = 'wasm/assembly/entry-of-a-test.ts';
const OUTPUT = 'entry-of-a-test.wasm';

/**
 * Compiles a module that exports what `source`, a file beside the other assembly sources, does; `rewrite`
 * may make another text of each of these.
 */
export async function compileAssembly(
  source: string,
  rewrite = (_name: string, text: string): string => text,
): Promise<WebAssembly.Module> {
  const compiler = (await import(COMPILER)) as Compiler;
  let binary: Uint8Array | undefined;
  const options =
    '--runtime stub --importMemory --sharedMemory --initialMemory 80 --noExportMemory';
  const { error, stderr } = await compiler.main(
    [
      ENTRY,
      ...['--config', 'none', '--outFile', OUTPUT, '--maximumMemory', '65536', '--use', 'abort='],
      ...['--enable', 'threads', '--enable', 'simd', '--enable', 'bulk-memory'],
      ...options.split(' '),
    ],
    {
      readFile(name) {
        if (name === ENTRY) return source;
        try {
          return rewrite(name, readFileSync(new URL(name, ROOT), 'utf8'));
        } catch {
          return null;
        }
      },
      writeFile(name, contents) {
        if (name === OUTPUT && typeof contents !== 'string') binary = contents;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || binary === undefined) throw new Error(stderr.toString(), { cause: error });
  return new WebAssembly.Module(binary);
}
