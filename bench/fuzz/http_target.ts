/**
 * The requests of HTTP/1.1, with small limits, and a server that reads each body.
 *
 * @module
 */

import { HTTPFactory } from "../../protocol/http/mod.ts";
import { UNIXAddress } from "../../reactor/mod.ts";
import { HTTPMessageDecoder } from "../../testing/fixtures/http_messages.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

const LIMITS = { maxHeadSize: 150, maxFields: 4, maxBodySize: 20 };
const TIMEOUTS = { headTimeout: Infinity, bodyTimeout: Infinity, keepAliveTimeout: Infinity };

export const HTTP_TARGET: FuzzTarget = {
  name: "http_request",
  sources: [
    "protocol/http/request_decoder.ts",
    "protocol/http/head_scanner.ts",
    "protocol/http/head_rules.ts",
    "protocol/http/chunk_header.ts",
  ],
  // The line before a chunk may be longer than a head.
  maxBuffered: 1024,
  tokens: [
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    "GET http://b/ HTTP/1.1\r\n",
    "OPTIONS * HTTP/1.0\r\n",
    "Host: a\r\n",
    "X: y \t \r\n",
    "Content-Length: ",
    "Transfer-Encoding: ",
    "chunked\r\n",
    "Connection: close\r\n",
    "Connection: upgrade\r\nUpgrade: x\r\n",
    "Expect: 100-continue\r\n",
    "3\r\nabc\r\n",
    '3;a=b;c="d"\r\nabc\r\n',
    "0\r\n\r\n",
    "0\r\nX: y\r\n\r\n",
    "\r\n",
    "\n",
    "\r",
    " ",
    ":",
    "x".repeat(40),
    new Uint8Array([0, 0x7f, 0x80, 0xff]),
  ],
  makeDecoder: () => new HTTPMessageDecoder(LIMITS),
  makeProtocol: () => {
    const options = { ...LIMITS, ...TIMEOUTS };
    const factory = new HTTPFactory((request) => new Response(request.body), options);
    return factory.buildProtocol(new UNIXAddress(""));
  },
};
