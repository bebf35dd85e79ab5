// The transport over real sockets, with more messages than the quick suite sends.

process.env.BCHF_TEST_ROUNDS ??= '4';
await import('./libp2p-transport.test.ts');
