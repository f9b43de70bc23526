import { assert, assertEquals, assertThrows } from "@std/assert";
import { addObserver } from "../../log/mod.ts";
import { Clock } from "../../task/mod.ts";
import { LoggedErrors } from "../../testing/mod.ts";
import { connectProtocol, type ProtocolFixture } from "../../testing/fixtures/protocol_fixture.ts";
import { frame } from "../../testing/fixtures/websocket_frames.ts";
import type { IProtocol } from "../../reactor/interfaces/mod.ts";
import { IPv4Address } from "../../reactor/addresses.ts";
import {
  HTTPAnswer,
  type WebSocketAccept,
  WebSocketFactory,
  type WebSocketFactoryOptions,
  WebSocketProtocol,
  type WebSocketRequest,
} from "./mod.ts";

class Echo extends WebSocketProtocol {
  override messageReceived(data: string | Uint8Array): void {
    this.send(data);
  }
}

const FIELDS = {
  Host: "example.org",
  Upgrade: "websocket",
  Connection: "keep-alive, Upgrade",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version": "13",
};

type Fields = Record<string, string | undefined>;

/** Returns a request whose fields differ from a valid one. */
function request(changes: Fields = {}, start = "GET /chat?x=1 HTTP/1.1"): string {
  const fields = Object.entries({ ...FIELDS, ...changes }).filter(([, value]) =>
    value !== undefined
  );
  return `${start}\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

/** A server, and a client that the test moves. */
function serve(
  accept?: WebSocketAccept,
  options?: WebSocketFactoryOptions,
): ProtocolFixture<IProtocol> {
  const factory = new WebSocketFactory(accept ?? (() => new Echo()), options);
  return connectProtocol(factory.buildProtocol(new IPv4Address("TCP", "192.0.2.7", 5000)));
}

/** Sends text to a server, and returns the first line and the body of its answer. */
async function ask(
  text: string,
  accept?: WebSocketAccept,
  options?: WebSocketFactoryOptions,
): Promise<string> {
  using fixture = serve(accept, options);
  fixture.peer.transport.write(text);
  await fixture.settle();
  return fixture.peer.text.split("\r\n")[0] ?? "";
}

const OPENED = "HTTP/1.1 101 Switching Protocols";

Deno.test("WebSocketFactory answers the request of RFC 6455, section 1.3", () => {
  using fixture = serve(undefined, { subprotocols: ["superchat", "chat"], allowedOrigins: "any" });
  fixture.peer.transport.write(request({
    Origin: "http://example.com",
    "Sec-WebSocket-Protocol": "chat, superchat",
  }));
  fixture.flush();
  assertEquals(
    fixture.peer.text,
    `${OPENED}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
      "Sec-WebSocket-Protocol: superchat\r\n\r\n",
  );
});

Deno.test("WebSocketFactory passes frames behind the request to the protocol, however split", () => {
  const bytes = new Uint8Array([
    ...new TextEncoder().encode(request()),
    ...frame({ payload: "hello" }),
  ]);
  for (let at = 1; at < bytes.length; at++) {
    using fixture = serve();
    fixture.peer.transport.write(bytes.slice(0, at));
    fixture.flush();
    fixture.peer.transport.write(bytes.slice(at));
    fixture.flush();
    assert(fixture.peer.text.endsWith("\r\n\r\n\ufffd\x05hello"), `cut at ${at}`);
  }
});

Deno.test("WebSocketFactory calls accept with the request", async () => {
  let seen: WebSocketRequest | null = null;
  const protocol = new Echo();
  const fields = { "X-A": "b\xe9", "Sec-WebSocket-Protocol": "a,b", Cookie: "a=1\r\nCookie: b=2" };
  await ask(request(fields), (request) => {
    seen = request;
    return protocol;
  });
  assertEquals(seen, protocol.request);
  assertEquals(
    [protocol.url?.href, protocol.request?.origin, protocol.request?.subprotocols],
    ["ws://example.org/chat?x=1", null, ["a", "b"]],
  );
  assertEquals(protocol.request?.headers.get("cookie"), "a=1; b=2");
  assertEquals([protocol.role, protocol.subprotocol], ["server", ""]);
  assert(protocol.factory instanceof WebSocketFactory);
});

Deno.test("WebSocketFactory sends the refusals of accept, which may be asynchronous", async () => {
  const late = <T>(value: T): Promise<T> => Promise.resolve(value);
  assertEquals(await ask(request(), () => null), "HTTP/1.1 404 Not Found");
  assertEquals(await ask(request(), () => late(null)), "HTTP/1.1 404 Not Found");
  assertEquals(
    await ask(request(), () => new HTTPAnswer(401)),
    "HTTP/1.1 401 Unauthorized",
  );
  assertEquals(await ask(request(), () => late(new Echo())), OPENED);
});

Deno.test("WebSocketFactory logs errors of accept and answer, and sends 500", async () => {
  const errors = new LoggedErrors();
  const fail = (): never => {
    throw new Error("boom");
  };
  const failed = "HTTP/1.1 500 Internal Server Error";
  assertEquals(await ask(request(), fail), failed);
  assertEquals(await ask(request(), () => Promise.reject(new Error("boom"))), failed);
  assertEquals(await ask(request({ Upgrade: undefined }), undefined, { answer: fail }), failed);
  // Untyped callers may return anything.
  assertEquals(await ask(request(), () => "yes" as never), failed);
  assertEquals(errors.take().map(({ message }) => message), [
    "boom",
    "boom",
    "boom",
    'accept() must return a WebSocketProtocol, an HTTPAnswer or null, got "yes"',
  ]);
  errors[Symbol.dispose]();
});

Deno.test("WebSocketFactory refuses a protocol that already has a connection", async () => {
  using errors = new LoggedErrors();
  const echo = new Echo();
  assertEquals(await ask(request(), () => echo), OPENED);
  assertEquals(await ask(request(), () => echo), "HTTP/1.1 500 Internal Server Error");
  assertEquals(errors.take().map(({ message }) => message), [
    "Cannot open a WebSocket with Echo: it already has, or had, a connection; each connection " +
    "needs a new protocol",
  ]);
});

Deno.test("WebSocketFactory logs an error of a protocol that accept has promised", async () => {
  using errors = new LoggedErrors();
  class Broken extends WebSocketProtocol {
    override connectionMade(): void {
      throw new Error("boom");
    }
  }
  using fixture = serve(() => Promise.resolve(new Broken()));
  fixture.peer.transport.write(request());
  await fixture.settle();
  assertEquals(errors.take().map(({ message }) => message), ["boom"]);
  assertEquals(fixture.connection.connected, false);
});

Deno.test("WebSocketFactory drops a decision about a connection that is lost", async () => {
  const decision = Promise.withResolvers<WebSocketProtocol>();
  const protocol = new Echo();
  using fixture = serve(() => decision.promise);
  fixture.peer.transport.write(request());
  await fixture.settle();
  fixture.peer.transport.loseConnection();
  await fixture.settle();
  decision.resolve(protocol);
  await fixture.settle();
  assertEquals([protocol.connected, fixture.peer.text], [false, ""]);
});

Deno.test("WebSocketFactory answers other requests with answer, and by default with 426", async () => {
  const plain = { Upgrade: undefined, Connection: undefined };
  assertEquals(await ask(request(plain)), "HTTP/1.1 426 Upgrade Required");
  const page: WebSocketFactoryOptions = {
    answer: ({ url }) => url.pathname === "/" ? new HTTPAnswer(200, { body: "page" }) : null,
  };
  assertEquals(await ask(request(plain), undefined, page), "HTTP/1.1 426 Upgrade Required");
  for (const method of ["GET", "HEAD"]) {
    using fixture = serve(undefined, page);
    fixture.peer.transport.write(request(plain, `${method} / HTTP/1.1`));
    fixture.flush();
    assertEquals(
      fixture.peer.text,
      "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n" +
        `content-type: text/plain; charset=utf-8\r\n\r\n${method === "GET" ? "page" : ""}`,
    );
    assertEquals(fixture.peer.ending, "closed");
  }
});

Deno.test("WebSocketFactory refuses pages of other origins, unless allowedOrigins has them", async () => {
  const from = (Origin: string, options?: WebSocketFactoryOptions, Host = "example.org") =>
    ask(request({ Origin, Host }), undefined, options);
  const refused = "HTTP/1.1 403 Forbidden";
  for (const origin of ["http://example.org", "https://example.org", "https://EXAMPLE.org"]) {
    assertEquals(await from(origin), OPENED, origin);
  }
  for (const origin of ["http://example.com", "https://example.org:444", "null", "x", ""]) {
    assertEquals(await from(origin), refused, origin);
  }
  assertEquals(await from("http://example.org", {}, "example.org:80"), OPENED);
  assertEquals(await from("http://[::1]:2000", {}, "[::1]:2000"), OPENED);
  const allowedOrigins = ["https://app.example"];
  assertEquals(await from("https://app.example", { allowedOrigins }), OPENED);
  assertEquals(await from("http://example.org", { allowedOrigins }), refused);
  assertEquals(await from("https://evil.example", { allowedOrigins: "any" }), OPENED);
});

Deno.test("WebSocketFactory refuses requests that are not valid", async () => {
  const bad = "HTTP/1.1 400 Bad Request";
  const cases: [string, string][] = [
    [request({}, "GET /chat HTTP/1.0"), "HTTP/1.1 505 HTTP Version Not Supported"],
    [request({}, "POST / HTTP/1.1"), "HTTP/1.1 405 Method Not Allowed"],
    [request({}, "HEAD / HTTP/1.1"), "HTTP/1.1 405 Method Not Allowed"],
    [request({}, "GET  / HTTP/1.1"), bad],
    [request({}, "GET example.org HTTP/1.1"), bad],
    [request({}, "GET http://a@example.org/ HTTP/1.1"), bad],
    [request({}, "GET http://example.org:99999/ HTTP/1.1"), bad],
    [request({}, "GET ws://example.org/ HTTP/1.1"), bad],
    [request({}, "GET /chat#fragment HTTP/1.1"), bad],
    [request({}, "OPTIONS * HTTP/1.1"), "HTTP/1.1 405 Method Not Allowed"],
    [request({ Host: "1.2.3.999" }), bad],
    [request({ Host: "[::x]" }), bad],
    [request({ X: "a\r\n folded" }), bad],
    [request({ Origin: "http://a\r\nOrigin: http://a" }), bad],
    [request({ "Sec-WebSocket-Version": "13\r\nSec-WebSocket-Version: 13" }), bad],
    [request({ Upgrade: "websocket/13" }), "HTTP/1.1 426 Upgrade Required"],
    [request({ Expect: "something" }), "HTTP/1.1 417 Expectation Failed"],
    [request().replaceAll("\r", ""), bad],
    [request({ Host: "" }), bad],
    [request({}, "GET / HTTP/1.1\r\n continued"), bad],
    [request({ Host: undefined }), bad],
    [request({ Host: "a/b" }), bad],
    [request({ Host: "a@b" }), bad],
    [request({ Host: "example.org\r\nHost: example.com" }), bad],
    [request({ "Sec-WebSocket-Key": undefined }), bad],
    [request({ "Sec-WebSocket-Key": "dGhlIHNhbXBsZQ==" }), bad],
    [
      request({ "Sec-WebSocket-Key": `${FIELDS["Sec-WebSocket-Key"]}\r\nSec-WebSocket-Key: x` }),
      bad,
    ],
    [request({ "Sec-WebSocket-Version": "8" }), "HTTP/1.1 426 Upgrade Required"],
    [request({ Connection: "keep-alive" }), "HTTP/1.1 426 Upgrade Required"],
    [request({ "Transfer-Encoding": "chunked" }), bad],
    [request({ "Content-Length": "3" }), bad],
    [request({ "X ": "y" }), bad],
    [request({ X: "a\x01b" }), bad],
    [request({ X: "a\nY: b" }), bad],
    [request({ X: "x".repeat(17_000) }), "HTTP/1.1 431 Request Header Fields Too Large"],
    [request({ X: "x\r\nY: y".repeat(101) }), "HTTP/1.1 431 Request Header Fields Too Large"],
    ["G".repeat(17_000), "HTTP/1.1 431 Request Header Fields Too Large"],
  ];
  for (const [text, expected] of cases) assertEquals(await ask(text), expected, text.slice(0, 200));
});

Deno.test("WebSocketFactory refuses invalid extensions before accept, if it compresses", async () => {
  const fields = { "Sec-WebSocket-Extensions": 'x; a="b, permessage-deflate, c"' };
  const accept = (): never => {
    throw new Error("The request was accepted");
  };
  const refused = await ask(request(fields), accept, { compression: true });
  assertEquals(refused, "HTTP/1.1 400 Bad Request");
  assertEquals(await ask(request(fields)), OPENED);
});

Deno.test("WebSocketFactory accepts a whole URL as the target, whose host replaces the field", async () => {
  const text = (Origin: string): string =>
    request({ Host: "other.example", Origin }, "GET http://example.org:80/chat?x HTTP/1.1");
  const protocol = new Echo();
  assertEquals(await ask(text("http://example.org"), () => protocol), OPENED);
  assertEquals(protocol.url?.href, "ws://example.org/chat?x");
  assertEquals(await ask(text("http://other.example")), "HTTP/1.1 403 Forbidden");
});

Deno.test("WebSocketFactory refuses a TLS handshake at its first byte", () => {
  const lines: string[] = [];
  using _observing = addObserver(({ message }) => lines.push(String(message)), { replay: false });
  using fixture = serve();
  fixture.peer.transport.write(Uint8Array.of(0x16, 3, 1));
  fixture.flush();
  assertEquals(fixture.peer.text.split("\r\n")[0], "HTTP/1.1 400 Bad Request");
  assert(
    lines.some((line) => line.includes("its request is refused: a TLS handshake instead of HTTP")),
    lines.join(),
  );
});

Deno.test("WebSocketFactory sends the header fields that 405 and 426 require", () => {
  for (
    const [changes, start, field] of [
      [{ "Sec-WebSocket-Version": "8" }, "GET / HTTP/1.1", "sec-websocket-version: 13\r\n"],
      [{ "Sec-WebSocket-Version": "8" }, "GET / HTTP/1.1", "upgrade: websocket\r\n"],
      [{}, "PUT / HTTP/1.1", "allow: GET, HEAD\r\n"],
    ] as const
  ) {
    using fixture = serve();
    fixture.peer.transport.write(request(changes, start));
    fixture.flush();
    assert(fixture.peer.text.includes(`\r\n${field}`), fixture.peer.text);
  }
});

Deno.test("WebSocketFactory aborts a client that sends too much before the answer", async () => {
  using fixture = serve(() => new Promise(() => {}), { maxHeadLength: 300 });
  fixture.peer.transport.write(request());
  await fixture.settle();
  fixture.peer.transport.write(new Uint8Array(301));
  await fixture.settle();
  assertEquals(fixture.reason?.name, "ConnectionAborted");
});

Deno.test("WebSocketFactory refuses a request that takes longer than handshakeTimeout", () => {
  const clock = new Clock();
  using fixture = serve(undefined, { clock, handshakeTimeout: 3 });
  fixture.peer.transport.write("GET / HT");
  fixture.flush();
  clock.advance(3);
  fixture.flush();
  assert(fixture.peer.text.startsWith("HTTP/1.1 408 Request Timeout"));
  assertEquals(fixture.peer.ending, "closed");
});

Deno.test("WebSocketFactory ends the deadline with the handshake and with the connection", () => {
  const clock = new Clock();
  using open = serve(undefined, { clock });
  open.peer.transport.write(request());
  open.flush();
  using lost = serve(undefined, { clock });
  lost.peer.transport.loseConnection();
  lost.flush();
  assertEquals(clock.getDelayedCalls(), []);
});

Deno.test("WebSocketFactory checks its options", () => {
  const make = (options: WebSocketFactoryOptions) => () =>
    new WebSocketFactory(() => null, options);
  // Untyped callers may pass anything.
  assertThrows(() => new WebSocketFactory(3 as never), TypeError, "accept must be a function");
  assertThrows(make({ handshakeTimeout: -1 }), RangeError, "handshakeTimeout");
  assertThrows(make({ maxHeadLength: 0 }), RangeError, "maxHeadLength");
  assertThrows(make({ subprotocols: ["a b"] }), RangeError, 'subprotocol "a b"');
  assertThrows(
    make({ allowedOrigins: ["https://example.org/"] }),
    RangeError,
    'Cannot allow the origin "https://example.org/"',
  );
});
