/**
 * A client of memcached, a cache server, in its text protocol.
 *
 * - {@linkcode MemCacheProtocol} is a connection: get and store values, count, change values.
 * - {@linkcode MemCacheDecoder} decodes the answers, without I/O.
 *
 * The names are those of `twisted.protocols.memcache`. The protocol is that of memcached's
 * `doc/protocol.txt`, with its meta commands.
 *
 * No library is used for the protocol. The clients of npm, `memjs` 1.3, `memcached` 2.2, `memcache`
 * 1.10 and `memcache-client` 1.0, open sockets of `node:net` themselves. The parser of the last
 * one, `memcache-parser` 1.0, has no socket, but is not used: it allocates any length that the
 * server announces for a value, and drops a line of more than 2000 bytes without an error.
 *
 * @example
 * ```ts no-eval
 * import { connectProtocol, reactor, TCP4ClientEndpoint } from "@torsion/reactor";
 * import { DEFAULT_PORT, MemCacheProtocol } from "@torsion/reactor/memcache";
 *
 * reactor.callWhenRunning(async () => {
 *   const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", DEFAULT_PORT);
 *   const client = await connectProtocol(endpoint, new MemCacheProtocol());
 *   await client.set("visits", "0");
 *   console.log(await client.increment("visits")); // 1n
 *   reactor.stop();
 * });
 * await reactor.run();
 * ```
 *
 * @module
 */

export { ClientError, InvalidMemCacheAnswer, NoSuchCommand, ServerError } from "./errors.ts";
export type {
  MemCacheAnswer,
  MemCacheFailure,
  MemCacheMetaAnswer,
  MemCacheMetaCode,
  MemCacheNumber,
  MemCacheStatistic,
  MemCacheStatus,
  MemCacheValue,
  MemCacheVersion,
  MemCacheWord,
} from "./memcache_answers.ts";
export { MemCacheDecoder, type MemCacheDecoderOptions } from "./memcache_decoder.ts";
export type {
  MemCacheFlushOptions,
  MemCacheItem,
  MemCacheMetaCommand,
  MemCacheMetaOptions,
  MemCacheOptions,
  MemCacheStorageOptions,
} from "./memcache_options.ts";
export { DEFAULT_PORT, MemCacheProtocol } from "./memcache_protocol.ts";
