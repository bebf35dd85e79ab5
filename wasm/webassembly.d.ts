// The part of the WebAssembly JavaScript API that the project uses, because TypeScript declares it
// only together with the browser's DOM. Source: W3C, "WebAssembly JavaScript Interface", version 2.0.

declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
    static imports(module: Module): { module: string; name: string; kind: string }[];
  }

  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }

  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: boolean });
    /** For a shared memory a SharedArrayBuffer; a new, longer one after the memory grew. */
    readonly buffer: ArrayBufferLike;
    grow(pages: number): number;
  }

  class Global {
    readonly value: number;
  }

  class RuntimeError extends Error {}
}
