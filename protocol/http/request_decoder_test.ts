import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeEverySplit, latin1Bytes } from "../../testing/fixtures/split_input.ts";
import {
  type HTTPMessage,
  HTTPMessageDecoder,
  TEST_LIMITS,
} from "../../testing/fixtures/http_messages.ts";
import { BODY_END, type HTTPLimits, HTTPSyntaxError, RequestDecoder, RequestHead } from "./mod.ts";

/** Decodes text in every split, and returns the requests, and the error as a text. */
function decode(text: string, limits: Partial<HTTPLimits> = {}): unknown[] {
  const make = () => new HTTPMessageDecoder({ ...TEST_LIMITS, ...limits });
  return decodeEverySplit(make, latin1Bytes(text));
}

/** Decodes the head of one request. */
function decodeOne(text: string): HTTPMessage {
  const decoder = new HTTPMessageDecoder();
  decoder.push(latin1Bytes(text));
  const message = decoder.next();
  assert(message !== null, "The request is incomplete");
  return message;
}

function statusOf(text: string, limits: Partial<HTTPLimits> = {}): number {
  const decoder = new HTTPMessageDecoder({ ...TEST_LIMITS, ...limits });
  decoder.push(latin1Bytes(text));
  return assertThrows(() => decoder.next(), HTTPSyntaxError).status;
}

const GET: HTTPMessage = {
  method: "GET",
  target: "/",
  host: "a",
  minorVersion: 1,
  fields: [["Host", "a"]],
  keepAlive: true,
  expectsContinue: false,
  upgrade: "",
  body: "",
};

Deno.test("RequestDecoder decodes a request and its fields, whatever their split", () => {
  const text = "GET /a?b=%20 HTTP/1.1\r\nHost: example.org:8080\r\nX-A:  b \t c \t\r\nx-e:\r\n\r\n";
  assertEquals(decode(text), [{
    ...GET,
    target: "/a?b=%20",
    host: "example.org:8080",
    fields: [["Host", "example.org:8080"], ["X-A", "b \t c"], ["x-e", ""]],
  }]);
});

Deno.test("RequestDecoder decodes pipelined requests with bodies of both kinds", () => {
  const length = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n" +
    '3;x;y=z;q="a\\"b"\r\nabc\r\n0A\r\n0123456789\r\n0\r\nDigest: x\r\nB: c\r\n\r\n';
  const get = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const post = { ...GET, method: "POST" };
  assertEquals(decode(length + chunked + get), [
    { ...post, fields: [["Host", "a"], ["Content-Length", "3"]], body: "abc" },
    { ...post, fields: [["Host", "a"], ["Transfer-Encoding", "Chunked"]], body: "abc0123456789" },
    GET,
  ]);
});

Deno.test("RequestDecoder passes on each piece of a body as it arrives", () => {
  const decoder = new RequestDecoder(TEST_LIMITS);
  decoder.push(latin1Bytes("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab"));
  decoder.next();
  assertEquals([decoder.next(), decoder.next()], [latin1Bytes("ab"), null]);
  decoder.push(latin1Bytes("cdGET"));
  assertEquals([decoder.next(), decoder.next(), decoder.next()], [
    latin1Bytes("cd"),
    BODY_END,
    null,
  ]);
  assertEquals(decoder.takeRest(), latin1Bytes("GET"));
});

Deno.test("RequestDecoder reads what the connection does next", () => {
  const facts = (lines: string, version = "1.1"): unknown => {
    const message = decodeOne(`GET / HTTP/${version}\r\nHost: a\r\n${lines}\r\n`);
    return [message.keepAlive, message.upgrade, message.expectsContinue];
  };
  assertEquals(facts(""), [true, "", false]);
  assertEquals(facts("Connection: Close\r\n"), [false, "", false]);
  assertEquals(facts("Connection: x, close\r\n"), [false, "", false]);
  assertEquals(facts("Connection: x\r\nConnection: close\r\n"), [false, "", false]);
  assertEquals(facts("Connection: closed\r\n"), [true, "", false]);
  assertEquals(facts("", "1.0"), [false, "", false]);
  assertEquals(facts("Connection: keep-alive\r\n", "1.0"), [true, "", false]);
  assertEquals(facts("Connection: Upgrade\r\nUpgrade: websocket\r\n"), [true, "websocket", false]);
  assertEquals(facts("Upgrade: websocket\r\n"), [true, "", false]);
  assertEquals(facts("Connection: upgrade\r\nUpgrade: x\r\n", "1.0"), [false, "", false]);
  assertEquals(facts("Expect: 100-continue\r\nContent-Length: 0\r\n"), [true, "", false]);
  const post = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx";
  assertEquals(decodeOne(post).expectsContinue, true);
});

Deno.test("RequestDecoder accepts the four forms of a request target", () => {
  const target = (line: string): unknown => {
    const { target, host } = decodeOne(`${line} HTTP/1.1\r\nHost: a\r\n\r\n`);
    return [target, host];
  };
  assertEquals(target("GET /x"), ["/x", "a"]);
  assertEquals(target("OPTIONS *"), ["*", "a"]);
  assertEquals(target("GET http://b:81/x?y"), ["/x?y", "b:81"]);
  assertEquals(target("GET HTTPS://b?y"), ["/?y", "b"]);
  assertEquals(statusOf("CONNECT b:1 HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
  for (const line of ["GET *", "GET b:1", "GET x", "GET ftp://b/", "GET http:///x", "GET ?x"]) {
    assertEquals(statusOf(`${line} HTTP/1.1\r\nHost: a\r\n\r\n`), 400, line);
  }
});

Deno.test("RequestDecoder refuses a host that a URL cannot have", () => {
  for (const host of ["a b", "a/b", "a@b", "a?b", "a#b", "a:b", "[::1", "a,b", "%61"]) {
    assertEquals(statusOf(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`), 400, host);
  }
  for (const host of ["", "a.b", "127.0.0.1:80", "[::1]:80", "a:", "xn--a_b"]) {
    assertEquals(decodeOne(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`).host, host);
  }
});

Deno.test("RequestDecoder names the status for each limit", () => {
  const limits = { maxHeadSize: 60, maxFields: 2, maxBodySize: 3 };
  const start = "POST / HTTP/1.1\r\nHost: a\r\n";
  const cases: [string, number][] = [
    [`GET /${"a".repeat(60)} HTTP/1.1\r\n`, 414],
    [`GET / HTTP/1.1\r\nA: ${"a".repeat(60)}`, 431],
    [`${start}a: b\r\nc: d\r\n\r\n`, 431],
    [`${start}Content-Length: 4\r\n\r\n`, 413],
    [`${start}Transfer-Encoding: chunked\r\n\r\n4\r\n`, 413],
    [`${start}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\n`, 413],
    [`${start}Transfer-Encoding: chunked\r\n\r\n0\r\nA: ${"a".repeat(60)}`, 431],
    [`${start}Transfer-Encoding: chunked\r\n\r\n1${";a".repeat(600)}`, 400],
  ];
  for (const [text, status] of cases) {
    assertEquals(statusOf(text, limits), status, text);
    decode(text, limits);
  }
});

Deno.test("RequestDecoder limits the extensions of all chunks together", () => {
  const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const chunk = `1;${"a".repeat(1000)}\r\nx\r\n`;
  assertEquals(decodeOne(`${head}${chunk.repeat(16)}0\r\n\r\n`).body, "x".repeat(16));
  assertEquals(statusOf(`${head}${chunk.repeat(17)}0\r\n\r\n`), 400);
});

Deno.test("RequestDecoder.finish() reports a request that is incomplete", () => {
  assertEquals(decode("GET / HTTP/1.1\r\nHost"), [
    "IncompleteFrameError: Cannot complete a request: the input ends after 20 of its bytes " +
    "(at byte 0 of the input)",
  ]);
});

Deno.test("RequestDecoder.takeRest() removes the incomplete head", () => {
  const decoder = new RequestDecoder(TEST_LIMITS);
  decoder.push(latin1Bytes("GET / HT"));
  assertEquals(decoder.next(), null);
  assertEquals(decoder.takeRest(), latin1Bytes("GET / HT"));
  decoder.push(latin1Bytes("PUT / HTTP/1.1\r\nHost: a\r\n\r\n"));
  const head = decoder.next();
  assert(head instanceof RequestHead);
  assertEquals(head.method, "PUT");
});
