/**
 * The answers of memcached, with small limits, and a client with requests of each kind.
 *
 * @module
 */

import { MemCacheDecoder, MemCacheProtocol } from "../../protocol/memcache/mod.ts";
import type { Deferred } from "../../defer/mod.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

const LIMITS = { maxValueLength: 16, maxLineLength: 40, maxItems: 3 };

/** Sends a request of each kind when it is connected, and ignores the results. */
class Client extends MemCacheProtocol {
  override connectionMade(): void {
    const requests: Deferred<unknown>[] = [
      this.get("k"),
      this.getMultiple(["k", "é"]),
      this.set("k", "v"),
      this.increment("k"),
      this.gets("k"),
      this.meta("mg", "k", ["v"]),
      this.stats(),
      this.version(),
    ];
    for (const request of requests) request.addErrback(() => {});
  }
}

export const MEMCACHE_TARGET: FuzzTarget = {
  name: "memcache_answer",
  sources: ["protocol/memcache/memcache_decoder.ts", "protocol/memcache/parse_line.ts"],
  // A line without its last byte, or the longest line and the value after it without its last byte.
  maxBuffered: 40 + 2 + 16 + 1,
  tokens: [
    "VALUE k 0 1\r\nv\r\n",
    "VALUE k 1 3 7\r\n\r\n\0\r\n",
    "VALUE k 0 17\r\n",
    "VALUE k 0 ",
    new Uint8Array([0xc3, 0xa9]),
    new Uint8Array([0xff]),
    "END\r\n",
    "STAT a b\r\n",
    "STAT ",
    "STORED\r\n",
    "NOT_FOUND\r\n",
    "VERSION 1\r\n",
    "4294967296",
    "18446744073709551615\r\n",
    "18446744073709551616\r\n",
    "VA 2 t1 k\r\nhi\r\n",
    "HD t1\r\n",
    "EN\r\n",
    "ERROR\r\n",
    "CLIENT_ERROR ",
    "SERVER_ERROR out of memory\r\n",
    "\r\n",
    " ",
    "x".repeat(40),
  ],
  makeDecoder: () => new MemCacheDecoder(LIMITS),
  makeProtocol: () => new Client(LIMITS),
};
