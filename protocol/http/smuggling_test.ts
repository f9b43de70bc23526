/**
 * Requests that servers and proxies have read differently, so that one was smuggled past the other.
 * Each must be refused, or be read exactly as llhttp, the parser of Node, reads it.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { compareWithLLHTTP, type Difference } from "../../testing/fixtures/http_verdicts.ts";
import { publishedRequests } from "../../testing/fixtures/smuggling_corpus.ts";

const START = "POST / HTTP/1.1\r\nHost: a\r\n";
const CHUNKED = `${START}Transfer-Encoding: chunked\r\n\r\n`;
const NEXT = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

/** A request that must be refused: where the attack is published, its text, and the status. */
type Attack = readonly [source: string, text: string, status?: number];

const ATTACKS: readonly Attack[] = [
  // Two lengths.
  [
    "PortSwigger, HTTP Desync Attacks, CL.TE",
    `${START}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG`,
  ],
  [
    "PortSwigger, HTTP Desync Attacks, TE.CL",
    `${START}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n12\r\nGPOST / HTTP/1.1\r\n\r\n\r\n0\r\n\r\n`,
  ],
  ["RFC 9112, 6.3", `${START}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef`],
  ["RFC 9112, 6.3, equal", `${START}Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde`],
  ["RFC 9110, 8.6, list", `${START}Content-Length: 5, 5\r\n\r\nabcde`],
  ["defparam/smuggler, doubled", `${START}Content-Length: 5\r\ncontent-length: 0\r\n\r\nabcde`],
  // Lengths that are no numbers.
  ["CVE-2022-24801 (Twisted), sign", `${START}Content-Length: +5\r\n\r\nabcde`],
  ["RFC 9110, 8.6, negative", `${START}Content-Length: -1\r\n\r\n`],
  ["CVE-2018-7159 (Node), spaces", `${START}Content-Length: 1 2\r\n\r\nab`],
  ["RFC 9110, 8.6, hexadecimal", `${START}Content-Length: 0x5\r\n\r\nabcde`],
  ["RFC 9110, 8.6, empty", `${START}Content-Length:\r\n\r\n`],
  ["RFC 9110, 8.6, underscore", `${START}Content-Length: 1_0\r\n\r\n0123456789`],
  ["RFC 9110, 8.6, fraction", `${START}Content-Length: 5.0\r\n\r\nabcde`],
  ["RFC 9110, 8.6, overflow", `${START}Content-Length: 18446744073709551621\r\n\r\nabcde`],
  // Transfer codings that one side does not recognize.
  ["PortSwigger, TE.TE, unknown", `${START}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
  [
    "PortSwigger, TE.TE, doubled",
    `${START}Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n`,
  ],
  [
    "CVE-2022-32215 (llhttp)",
    `${START}Transfer-Encoding: chunked\r\n , identity\r\n\r\n0\r\n\r\n`,
  ],
  ["CVE-2022-32213 (llhttp)", `${START}Transfer-Encoding: chunkedchunked\r\n\r\n0\r\n\r\n`],
  ["RFC 9112, 6.1, not the last", `${START}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`],
  ["RFC 9112, 6.1, twice", `${START}Transfer-Encoding: chunked, chunked\r\n\r\n`, 501],
  ["RFC 9112, 6.1, unsupported", `${START}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501],
  ["RFC 9112, 6.1, identity", `${START}Transfer-Encoding: identity\r\n\r\n`],
  ["RFC 9112, 6.1, empty", `${START}Transfer-Encoding:\r\n\r\n`],
  ["defparam/smuggler, quoted", `${START}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n`],
  ["defparam/smuggler, parameter", `${START}Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n`],
  [
    "RFC 9112, 6.1, HTTP/1.0",
    "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  // Fields that one side does not see.
  ["CVE-2019-16869 (Netty)", `${START}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`],
  ["CVE-2021-22959 (llhttp)", `${START}Content-Length : 5\r\n\r\nabcde`],
  ["CVE-2024-27982 (Node)", `${START} Content-Length: 5\r\n\r\nabcde`],
  ["RFC 9112, 2.2, space first", "POST / HTTP/1.1\r\n Host: a\r\nHost: b\r\n\r\n"],
  ["RFC 9112, 5.2, obs-fold", `${START}X: a\r\n\tContent-Length: 5\r\n\r\nabcde`],
  ["CVE-2022-32214 (llhttp)", `${START}X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ["CVE-2022-35256 (llhttp)", `${START}X: a\r\n\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ["CVE-2023-30589 (llhttp)", `${START}X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ["RFC 9112, 2.2, bare LF", "GET / HTTP/1.1\nHost: a\n\n"],
  ["RFC 9112, 2.2, bare CR", "GET / HTTP/1.1\rHost: a\r\r"],
  ["RFC 9110, 5.5, NUL", `${START}X: a\0b\r\n\r\n`],
  ["RFC 9110, 5.1, empty name", `${START}: chunked\r\n\r\n`],
  ["RFC 9112, 5, no colon", `${START}Transfer-Encoding\r\n\r\n`],
  // Sizes of chunks.
  ["CVE-2022-24801 (Twisted), prefix", `${CHUNKED}0x3\r\nabc\r\n0\r\n\r\n`],
  ["RFC 9112, 7.1, sign", `${CHUNKED}+3\r\nabc\r\n0\r\n\r\n`],
  ["RFC 9112, 7.1, negative", `${CHUNKED}-1\r\nabc\r\n0\r\n\r\n`],
  ["RFC 9112, 7.1, space first", `${CHUNKED} 3\r\nabc\r\n0\r\n\r\n`],
  ["RFC 9112, 7.1, space after", `${CHUNKED}3 \r\nabc\r\n0\r\n\r\n`],
  ["RFC 9112, 7.1, empty", `${CHUNKED}\r\nabc\r\n0\r\n\r\n`],
  ["RFC 9112, 7.1, overflow", `${CHUNKED}10000000000000003\r\nabc\r\n0\r\n\r\n`],
  ["RFC 9112, 7.1, bare LF", `${CHUNKED}3\nabc\r\n0\r\n\r\n`],
  ["RFC 9112, 7.1, bare CR", `${CHUNKED}3\rabc\r\n0\r\n\r\n`],
  ["CVE-2021-22960 (llhttp)", `${CHUNKED}3;a\nabc\r\n0\r\n\r\n`],
  ["RFC 9112, 7.1.1, CR", `${CHUNKED}3;a\rb\r\nabc\r\n0\r\n\r\n`],
  ["CVE-2025-43859 (h11)", `${CHUNKED}3\r\nabcXX0\r\n\r\n`],
  ["RFC 9112, 7.1, LF after a chunk", `${CHUNKED}3\r\nabc\n0\r\n\r\n`],
  ["RFC 9112, 7.1, long chunk", `${CHUNKED}3\r\nabcd\r\n0\r\n\r\n`],
  ["RFC 9112, 7.1.2, bare LF", `${CHUNKED}0\r\nX: a\n\r\n`],
  ["RFC 9112, 7.1.2, obs-fold", `${CHUNKED}0\r\nX: a\r\n b\r\n\r\n`],
  // Request lines.
  ["RFC 9112, 3.2, no Host", "GET / HTTP/1.1\r\n\r\n"],
  ["RFC 9112, 3.2, two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"],
  ["RFC 9112, 3, two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["RFC 9112, 3, tab", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["RFC 9112, 3, space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["RFC 9112, 3, space at the end", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"],
  ["RFC 9112, 3, HTTP/0.9", "GET /\r\n\r\n"],
  ["RFC 9112, 2.3, lower case", "GET / http/1.1\r\nHost: a\r\n\r\n"],
  ["RFC 9112, 2.3, digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n"],
  ["RFC 9112, 2.3, version", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505],
  ["RFC 9113, 3.4, preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  ["RFC 9110, 10.1.1", `${START}Expect: 200-ok\r\nContent-Length: 1\r\n\r\nx`, 417],
  ["WHATWG Fetch, methods", "get / HTTP/1.1\r\nHost: a\r\n\r\n", 501],
];

/**
 * Why requests are refused that llhttp accepts, by the reason of the refusal. llhttp leaves most
 * rules about fields to its user.
 */
const STRICTER: Record<string, string> = {
  "no Host field": "RFC 9112, 3.2, requires it.",
  "an invalid host": "The handler would see another host than the one that was sent.",
  "an invalid request target": "A fragment is never sent, and a target is ASCII (RFC 9112, 3.2).",
  "an unknown version of HTTP": "llhttp also parses RTSP and ICE.",
  "the method CONNECT": "A Request cannot have it (WHATWG Fetch).",
  "a transfer coding other than chunked": "Handlers would get the encoded body.",
  "two Transfer-Encoding fields": "Programs differ in which of them they read.",
  "Transfer-Encoding in HTTP/1.0": "Its framing is faulty (RFC 9112, 6.1).",
  "an unknown expectation": "It cannot be met (RFC 9110, 10.1.1).",
};

/** Published requests that llhttp refuses because of a list of methods. Any token is one. */
const OTHER_METHODS = [
  "invalid.md, HTTP protocol and ANNOUNCE method",
  "invalid.md, Invalid method",
];

/** Fails if a request is accepted that llhttp refuses, or reads otherwise. */
function checkAgainstLLHTTP(text: string): void {
  const { difference, oracle } = compareWithLLHTTP(text);
  // llhttp knows a list of methods, and refuses all others.
  if (oracle.error === "Invalid method encountered") return;
  assert(difference === "none" || difference === "stricter", JSON.stringify(text));
}

Deno.test("RequestDecoder reads published requests as llhttp does, or refuses them with a reason", () => {
  const requests = publishedRequests();
  assert(requests.length > 7000);
  const counts: Record<Difference, number> = { none: 0, stricter: 0, laxer: 0, other: 0 };
  const reasons = new Set<string>();
  const laxer = new Set<string>();
  for (const { name, text } of requests) {
    const { difference, error } = compareWithLLHTTP(text);
    counts[difference]++;
    if (difference === "stricter") reasons.add(error?.reason ?? "");
    if (difference === "laxer") laxer.add(name);
    assert(difference !== "other", `${name}: ${JSON.stringify(text)}`);
  }
  assertEquals([...reasons].sort(), Object.keys(STRICTER).sort());
  assertEquals([...laxer].sort(), OTHER_METHODS);
  assert(counts.none > 0.95 * requests.length);
});

for (const [source, text, status = 400] of ATTACKS) {
  Deno.test(`RequestDecoder refuses a smuggled request: ${source}`, () => {
    const { requests, error } = compareWithLLHTTP(text + NEXT);
    assertEquals([requests, error?.status], [[], status]);
  });
}

Deno.test("RequestDecoder reads a field with any byte in any place as llhttp does, or refuses it", () => {
  const places: ((byte: string) => string)[] = [
    (byte) => `${byte}Transfer-Encoding: chunked`,
    (byte) => `Transfer${byte}Encoding: chunked`,
    (byte) => `Transfer-Encoding${byte}: chunked`,
    (byte) => `Transfer-Encoding:${byte}chunked`,
    (byte) => `Transfer-Encoding: ${byte}chunked`,
    (byte) => `Transfer-Encoding: chunked${byte}`,
    (byte) => `Transfer-Encoding: chunk${byte}ed`,
    (byte) => `X: a${byte}Transfer-Encoding: chunked`,
    (byte) => `X: a\r\n${byte}\r\nTransfer-Encoding: chunked`,
    (byte) => `Content-Length:${byte}5`,
    (byte) => `Content-Length: 5${byte}`,
    (byte) => `Content${byte}Length: 5`,
  ];
  for (const place of places) {
    for (let code = 0; code < 256; code++) {
      const line = place(String.fromCharCode(code));
      checkAgainstLLHTTP(`${START}${line}\r\n\r\n0\r\n\r\n${NEXT}`);
    }
  }
});

Deno.test("RequestDecoder reads a chunk with any byte in any place as llhttp does, or refuses it", () => {
  const places: ((byte: string) => string)[] = [
    (byte) => `${byte}3\r\nabc\r\n0\r\n\r\n`,
    (byte) => `3${byte}\r\nabc\r\n0\r\n\r\n`,
    (byte) => `3\r${byte}abc\r\n0\r\n\r\n`,
    (byte) => `3${byte}\nabc\r\n0\r\n\r\n`,
    (byte) => `3;${byte}\r\nabc\r\n0\r\n\r\n`,
    (byte) => `3;a=${byte}\r\nabc\r\n0\r\n\r\n`,
    (byte) => `3;a="${byte}"\r\nabc\r\n0\r\n\r\n`,
    (byte) => `3;a="\\${byte}"\r\nabc\r\n0\r\n\r\n`,
    (byte) => `3\r\nabc${byte}\n0\r\n\r\n`,
    (byte) => `3\r\nabc\r${byte}0\r\n\r\n`,
    (byte) => `3\r\nabc\r\n${byte}0\r\n\r\n`,
    (byte) => `3\r\nabc\r\n0${byte}\r\n\r\n`,
    (byte) => `3\r\nabc\r\n0\r\n${byte}\r\n`,
    (byte) => `3\r\nabc\r\n0\r\n\r${byte}`,
    (byte) => `3\r\nabc\r\n0\r\nX${byte}: y\r\n\r\n`,
  ];
  for (const place of places) {
    for (let code = 0; code < 256; code++) {
      checkAgainstLLHTTP(CHUNKED + place(String.fromCharCode(code)) + NEXT);
    }
  }
});

Deno.test("RequestDecoder reads random input as llhttp does, or refuses it", () => {
  const words = [
    ...["GET ", "POST ", "/ ", "HTTP/1.1\r\n", "HTTP/1.0\r\n", "Host: a\r\n", "X: y\r\n", "\r\n"],
    ...["Content-Length: ", "Transfer-Encoding: ", "chunked\r\n", "0", "3", "5\r\n", ";a=b", "abc"],
    ...["\r", "\n", " ", "\t", ":", ",", "\0", "\x7f", "\xff", "-", "Connection: close\r\n"],
  ];
  const text = fc.array(fc.constantFrom(...words), { maxLength: 12 });
  const request = fc.tuple(fc.constantFrom(START, CHUNKED, "GET / HTTP/1.1\r\nHost: a\r\n"), text);
  fc.assert(
    fc.property(request, text, ([start, first], second) => {
      checkAgainstLLHTTP([start, ...first, "\r\n\r\n", ...second].join(""));
    }),
    { numRuns: 5000, seed: 20_260_101 },
  );
});

Deno.test("RequestDecoder accepts what llhttp accepts of ordinary clients", () => {
  const accepted = [
    `${START}Content-Length: 3\r\n\r\nabc`,
    `${START}Content-Length: 0\r\n\r\n`,
    `${CHUNKED}3\r\nabc\r\n0\r\n\r\n`,
    `${CHUNKED}003;a;b=c;d="e f"\r\nabc\r\n000\r\nX: y\r\n\r\n`,
    'GET /a?b={c}|d HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nCookie: a=b; c="d"\r\n\r\n',
    "GET / HTTP/1.0\r\n\r\n",
    "\r\nGET / HTTP/1.1\r\nHost:a\r\n\r\n",
  ];
  for (const text of accepted) {
    const { requests, difference } = compareWithLLHTTP(text);
    assertEquals([requests.length, difference], [1, "none"], text);
  }
});
