/**
 * A client of memcached, a cache server: {@linkcode MemCacheProtocol}, and its
 * {@linkcode MemCacheDecoder} for programs that have a connection of their own.
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
