import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Deferred } from "../../defer/mod.ts";
import type { ITypedProtocolFactory } from "../../reactor/interfaces/endpoint.ts";
import { ConnectingCancelledError, ConnectTimeoutError } from "../../reactor/errors.ts";
import { Clock } from "../../task/mod.ts";
import { IOPump, ManualEndpoint, successResultOf } from "../../testing/mod.ts";
import { failureResultOf } from "../../testing/results.ts";
import { chunksOfSize } from "../../testing/fixtures/split_input.ts";
import { frame, joined } from "../../testing/fixtures/websocket_frames.ts";
import { Factory } from "../factory.ts";
import { WrappingFactory } from "../policies/wrapping_factory.ts";
import { Protocol } from "../protocol.ts";
import { acceptKey } from "./accept_key.ts";
import {
  WebSocketClientEndpoint,
  type WebSocketClientOptions,
  WebSocketHandshakeError,
  WebSocketProtocol,
} from "./mod.ts";

class Recorder extends WebSocketProtocol {
  readonly received: unknown[] = [];
  closings = 0;

  override messageReceived(data: string | Uint8Array): void {
    this.received.push(data);
  }

  override webSocketClosed(): void {
    this.closings++;
  }
}

/** A server that the test moves, and an attempt to open a connection to it. */
class Setup {
  readonly clock = new Clock();
  readonly endpoint = new ManualEndpoint({ pump: new IOPump({ clock: this.clock }) });
  readonly connecting: Deferred<Recorder>;

  constructor(
    options?: WebSocketClientOptions,
    url = "ws://example.org:8080/chat?x=1",
    factory: ITypedProtocolFactory<Recorder> = Factory.forProtocol(Recorder),
  ) {
    const endpoint = new WebSocketClientEndpoint(this.endpoint, url, options);
    this.connecting = endpoint.connect(factory);
    this.endpoint.attempt().succeed();
    this.endpoint.pump.flush();
  }

  get request(): string {
    return this.endpoint.attempt().peer?.text ?? "";
  }

  /** Answers with the fields of a valid answer and changes to them. */
  answer(
    changes: Record<string, string | undefined> = {},
    start = "101 Switching Protocols",
  ): void {
    const [, key = ""] = /Sec-WebSocket-Key: (.*)\r\n/.exec(this.request) ?? [];
    const fields = Object.entries({
      Upgrade: "WebSocket",
      Connection: "upgrade",
      "Sec-WebSocket-Accept": acceptKey(key),
      ...changes,
    }).filter(([, value]) => value !== undefined);
    const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    this.send(`HTTP/1.1 ${start}\r\n${head}\r\n`);
  }

  send(data: string | Uint8Array): void {
    this.endpoint.attempt().peer?.transport.write(data);
    this.endpoint.pump.flush();
  }
}

Deno.test("WebSocketClientEndpoint sends a request, and passes on frames behind the answer", () => {
  const setup = new Setup({ subprotocols: ["a", "b"], headers: { Origin: "https://example.org" } });
  assertEquals(
    setup.request.replace(/Key: [\w+/]{22}==/, "Key: …"),
    "GET /chat?x=1 HTTP/1.1\r\nHost: example.org:8080\r\nUpgrade: websocket\r\n" +
      "Connection: Upgrade\r\nSec-WebSocket-Key: …\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Protocol: a, b\r\norigin: https://example.org\r\n\r\n",
  );
  setup.answer({ "Sec-WebSocket-Protocol": "b" });
  const protocol = successResultOf(setup.connecting);
  assertEquals([protocol.role, protocol.subprotocol], ["client", "b"]);
  setup.send(frame({ payload: "hello", masked: false }));
  assertEquals(protocol.received, ["hello"]);
});

Deno.test("WebSocketClientEndpoint fails with the reason for which an answer is refused", () => {
  const refusals: [Record<string, string | undefined>, string, WebSocketClientOptions?][] = [
    [{ Upgrade: "h2c" }, "the answer has no Upgrade: websocket"],
    [{ Upgrade: "h2c, websocket" }, "the answer has no Upgrade: websocket"],
    [{ Upgrade: "websocket\r\nUpgrade: websocket" }, "the answer has no Upgrade: websocket"],
    [{ Connection: undefined }, "the answer has no Connection: Upgrade"],
    [{ "Sec-WebSocket-Accept": "x" }, "the Sec-WebSocket-Accept of the answer does not fit"],
    [
      { "Sec-WebSocket-Extensions": "permessage-deflate" },
      'the answer has the extension "permessage-deflate", which does not fit what was offered',
    ],
    [{ "Sec-WebSocket-Extensions": "permessage-deflate" }, "the extension", { compression: true }],
    [{ "Sec-WebSocket-Extensions": "" }, 'the extension ""', { compression: true }],
    [{ "Sec-WebSocket-Protocol": "a" }, 'the server chose "a", which was not offered'],
    [{}, "the server chose none of the subprotocols", { subprotocols: ["a"] }],
  ];
  for (const [changes, reason, options] of refusals) {
    const setup = new Setup(options);
    setup.answer(changes);
    const error = failureResultOf(setup.connecting, WebSocketHandshakeError);
    assert(
      error.message.startsWith("Cannot open a WebSocket to example.org:8080: "),
      error.message,
    );
    assert(error.message.includes(reason), error.message);
    assertEquals(error.status, 101);
  }
});

Deno.test("WebSocketClientEndpoint fails with the status and the header of another answer", () => {
  const setup = new Setup();
  setup.answer({ "WWW-Authenticate": "Bearer" }, "401 Unauthorized");
  const error = failureResultOf(setup.connecting, WebSocketHandshakeError);
  assertEquals([error.status, error.headers?.get("www-authenticate")], [401, "Bearer"]);
});

Deno.test("WebSocketClientEndpoint reads the status of an answer in HTTP/1.0", () => {
  const setup = new Setup();
  setup.send("HTTP/1.0 404 File not found\r\nServer: SimpleHTTP/0.6\r\n\r\n");
  const error = failureResultOf(setup.connecting, WebSocketHandshakeError);
  assertEquals(error.status, 404);
});

Deno.test("WebSocketClientEndpoint fails at the first byte of a server that speaks TLS", () => {
  const setup = new Setup();
  setup.send(Uint8Array.of(0x15, 3, 3, 0, 2, 2, 10));
  const error = failureResultOf(setup.connecting, WebSocketHandshakeError);
  assert(error.message.endsWith("the answer is not valid: TLS instead of HTTP"), error.message);
});

Deno.test("WebSocketClientEndpoint refuses a protocol that has a connection, and keeps that", () => {
  const first = new Setup();
  first.answer();
  const protocol = successResultOf(first.connecting);
  const factory = new Factory<Recorder>();
  factory.buildProtocol = () => protocol;
  const second = new Setup(undefined, undefined, factory);
  second.answer();
  const error = failureResultOf(second.connecting, Error);
  assert(error.message.startsWith("Cannot open a WebSocket with Recorder: it already has"));
  second.endpoint.pump.flush();
  first.send(frame({ payload: "still here", masked: false }));
  assertEquals([protocol.received, protocol.closings], [["still here"], 0]);
});

Deno.test("WebSocketClientEndpoint skips informational answers", () => {
  const setup = new Setup();
  setup.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
  setup.answer();
  assertEquals(successResultOf(setup.connecting).connected, true);
  const hinting = new Setup({ maxHeadLength: 100 });
  hinting.send("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(50));
  const error = failureResultOf(hinting.connecting, WebSocketHandshakeError);
  assert(error.message.endsWith("its informational answers have more than 100 bytes"));
});

Deno.test("WebSocketClientEndpoint opens a connection, however the answer is split", () => {
  const hint = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
  const hello = frame({ payload: "hello", masked: false });
  for (let size = 1; size < 60; size++) {
    const setup = new Setup();
    const [, key = ""] = /Sec-WebSocket-Key: (.*)\r\n/.exec(setup.request) ?? [];
    const head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" +
      `Connection: Upgrade\r\nSec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`;
    const answer = joined([new TextEncoder().encode(hint + head), hello, hello]);
    for (const chunk of chunksOfSize(answer, size)) setup.send(chunk);
    assertEquals(successResultOf(setup.connecting).received, ["hello", "hello"]);
  }
});

Deno.test("WebSocketClientEndpoint fails if the answer is not HTTP, too long or missing", () => {
  const invalid = [
    "SSH-2.0-x\r\n\r\n",
    "HTTP/1.0 101 OK\r\n\r\n",
    "x".repeat(20_000),
    `HTTP/1.1 101 ${"x".repeat(20_000)}`,
    "HTTP/1.1 101 OK\nUpgrade: websocket\n\n",
    "HTTP/1.1 100 Continue\n\nHTTP/1.1 101 OK\r\n\r\n",
    "HTTP/1.1 101 OK\r\nX: a\r\n folded\r\n\r\n",
    `HTTP/1.1 101 OK\r\n${"X: y\r\n".repeat(101)}\r\n`,
  ];
  for (const text of invalid) {
    const setup = new Setup();
    setup.send(text);
    failureResultOf(setup.connecting, WebSocketHandshakeError);
  }
  const closed = new Setup();
  closed.endpoint.attempt().peer?.transport.loseConnection();
  closed.endpoint.pump.flush();
  const error = failureResultOf(closed.connecting, WebSocketHandshakeError);
  assert(error.message.endsWith("the server closed the connection"));
});

Deno.test("WebSocketClientEndpoint limits the time of the handshake, and can be cancelled", () => {
  const slow = new Setup({ handshakeTimeout: 3 });
  slow.clock.advance(3);
  failureResultOf(slow.connecting, ConnectTimeoutError);
  const cancelled = new Setup();
  cancelled.connecting.cancel();
  failureResultOf(cancelled.connecting, ConnectingCancelledError);
  for (const { endpoint, clock } of [slow, cancelled]) {
    endpoint.pump.flush();
    assert(endpoint.attempt().peer?.ending !== "");
    assertEquals(clock.getDelayedCalls(), []);
  }
});

Deno.test("WebSocketClientEndpoint connects a protocol behind the wrappers of policies", () => {
  const server = new ManualEndpoint();
  const endpoint = new WebSocketClientEndpoint(server, "ws://example.org/");
  const recorder = new Recorder();
  const factory = new WrappingFactory(Factory.forProtocol(() => recorder));
  endpoint.connect(new WrappingFactory(factory));
  server.attempt().succeed();
  server.pump.flush();
  const { peer } = server.attempt();
  const [, key = ""] = /Key: (.*)\r\n/.exec(peer?.text ?? "") ?? [];
  peer?.transport.write(
    "HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`,
  );
  peer?.transport.write(frame({ payload: "hello", masked: false }));
  server.pump.flush();
  assertEquals([recorder.role, recorder.received], ["client", ["hello"]]);
});

Deno.test("WebSocketClientEndpoint requires a factory of WebSocketProtocols", () => {
  const server = new ManualEndpoint();
  const endpoint = new WebSocketClientEndpoint(server, "ws://example.org/");
  const connecting = endpoint.connect(Factory.forProtocol(Protocol));
  server.attempt().succeed();
  server.pump.flush();
  const { peer } = server.attempt();
  const [, key = ""] = /Key: (.*)\r\n/.exec(peer?.text ?? "") ?? [];
  peer?.transport.write(
    "HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`,
  );
  server.pump.flush();
  const error = failureResultOf(connecting, WebSocketHandshakeError);
  assert(error.message.endsWith("the factory must build a WebSocketProtocol"));
});

Deno.test("WebSocketClientEndpoint checks the URL and the options", () => {
  const server = new ManualEndpoint();
  const make = (url: string, options?: WebSocketClientOptions) => () =>
    new WebSocketClientEndpoint(server, url, options);
  for (
    const [url, reason] of [
      [
        "ftp://example.org/",
        'Cannot connect to "ftp://example.org/": it must be a URL that begins',
      ],
      ["example.org", "it must be a URL"],
      ["ws://example.org/#a", "a WebSocket URL has no fragment"],
      ["ws://ada:secret@example.org/", 'Cannot connect to "ws://…@example.org/": credentials'],
    ] as const
  ) {
    const { message } = assertThrows(make(url), RangeError, reason);
    assert(!message.includes("secret"));
  }
  const url = "https://example.org/a?token=secret";
  assert(String(make(url)()).startsWith("wss://example.org/a over "));
  assertThrows(make(url, { headers: { Host: "x" } }), RangeError, "the header field host");
  assertThrows(make(url, { headers: { "X-A": "a\r\nb" } }), TypeError);
  assertThrows(make(url, { subprotocols: ["a,b"] }), RangeError, 'subprotocol "a,b"');
  assertThrows(make(url, { handshakeTimeout: NaN }), RangeError, "handshakeTimeout");
});
