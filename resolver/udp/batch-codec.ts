// The codec of the UDP batch protocol, whole: what a server or a client of it imports.

export * from './batch-explain-codec.ts';
export * from './batch-format-codec.ts';
export * from './batch-request-codec.ts';
export * from './batch-response-codec.ts';
