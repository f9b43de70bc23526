import { assert, assertEquals, assertMatch } from "@std/assert";
import { SlowPeerGuard } from "../policies/slow_peer_guard.ts";
import { Protocol } from "../protocol.ts";
import { Clock } from "../../task/mod.ts";
import {
  connectedServerAndClient,
  LoggedErrors,
  StringTransport,
  TestPeer,
} from "../../testing/mod.ts";
import { nextMacrotask } from "../../testing/next_macrotask.ts";
import { HTTPFactory, type HTTPHandler, type HTTPOptions, type HTTPRequestInfo } from "./mod.ts";

const DATE = /date: [^\r]+ GMT\r\n/g;
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: a\r\n";

/** A server on a connection in memory, with a client that the test controls. */
class Server implements Disposable {
  readonly clock = new Clock();
  readonly pair;

  constructor(
    handler: HTTPHandler,
    options: HTTPOptions = {},
    capacity: number | undefined = undefined,
  ) {
    this.pair = connectedServerAndClient(new HTTPFactory(handler, options), TestPeer, {
      clock: this.clock,
      capacity,
    });
  }

  /** Sends text, and returns what the client has received in answer, without the dates. */
  async send(text: string): Promise<string> {
    this.pair.client.send(text);
    return await this.received();
  }

  /** Returns what the client has received since the last call, without the dates. */
  async received(): Promise<string> {
    await this.pair.pump.pumpUntilIdle();
    return this.pair.client.take().replaceAll(DATE, "");
  }

  /** Moves the clock, and returns what the client has received. */
  async advance(seconds: number): Promise<string> {
    this.pair.pump.advance(seconds);
    return await this.received();
  }

  /** Whether the connection is open. */
  get isOpen(): boolean {
    return this.pair.serverReason === null && this.pair.client.reason === null;
  }

  [Symbol.dispose](): void {
    this.pair[Symbol.dispose]();
  }
}

/** Returns an answer of a string, as it is sent. */
function answer(body: string, more = ""): string {
  return `HTTP/1.1 200 OK\r\ncontent-type: text/plain;charset=UTF-8\r\n` +
    `content-length: ${body.length}\r\n${more}\r\n${body}`;
}

const CLOSE = "connection: close\r\n";

function errorAnswer(status: string, body: string): string {
  return `HTTP/1.1 ${status}\r\ncontent-type: text/plain;charset=UTF-8\r\n` +
    `content-length: ${body.length}\r\n${CLOSE}\r\n${body}`;
}

/** A response whose body the test writes. */
class Stream {
  controller: ReadableStreamDefaultController<unknown> | null = null;
  pulls = 0;
  cancelled: unknown = undefined;
  readonly stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => {
      this.controller = controller;
    },
    pull: () => {
      this.pulls++;
    },
    cancel: (reason) => {
      this.cancelled = reason;
    },
  }, { highWaterMark: 0 });

  write(text: string): void {
    this.controller?.enqueue(new TextEncoder().encode(text));
  }
}

Deno.test("HTTPChannel answers requests of a connection in their order", async () => {
  const waits: PromiseWithResolvers<Response>[] = [];
  using server = new Server(() => {
    const wait = Promise.withResolvers<Response>();
    waits.push(wait);
    return wait.promise;
  });
  assertEquals(await server.send(GET + GET), "");
  assertEquals(waits.length, 1);
  waits[0]?.resolve(new Response("one"));
  assertEquals(await server.received(), answer("one"));
  waits[1]?.resolve(new Response("two"));
  assertEquals(await server.received(), answer("two"));
  assert(server.isOpen);
});

Deno.test("HTTPChannel sends small writes immediately", () => {
  using server = new Server(() => new Response("ok"));
  assert(server.pair.serverTransport.getTcpNoDelay());
});

Deno.test("HTTPChannel answers pipelined requests whose handlers return at once", async () => {
  using server = new Server((request) => new Response(request.url));
  const requests = ["/a", "/b", "/c"].map((path) => GET.replace("/", path)).join("");
  const expected = ["/a", "/b", "/c"].map((path) => answer(`http://a${path}`)).join("");
  assertEquals(await server.send(requests), expected);
});

Deno.test("HTTPChannel passes the request to the handler", async () => {
  const seen: unknown[] = [];
  using server = new Server(async (request, info) => {
    seen.push(request.method, request.url, [...request.headers], await request.text());
    seen.push(`${info.peer}`, `${info.host}`, info.httpVersion, info.target);
    return new Response();
  });
  await server.send("PUT /x?y HTTP/1.0\r\nB: 1\r\nA: 2\r\nContent-Length: 2\r\n\r\nhi");
  assertEquals(seen, [
    "PUT",
    "http://192.0.2.1:1111/x?y",
    [["a", "2"], ["b", "1"], ["content-length", "2"]],
    "hi",
    "192.0.2.2:2222",
    "192.0.2.1:1111",
    "1.0",
    "/x?y",
  ]);
});

Deno.test("HTTPChannel closes the connection when the client asks for it", async () => {
  using server = new Server(() => new Response("x"));
  const request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  assertEquals(await server.send(request), answer("x", CLOSE));
  assert(!server.isOpen);
  using sending = new Server(() => new Response("x"));
  assertEquals(await sending.send(request + GET), answer("x", CLOSE));
  // A client that is still sending would get a reset before it has read the answer.
  assertEquals(sending.pair.serverReason, null);
  sending.pair.client.close();
  await sending.received();
  assert(!sending.isOpen);
});

Deno.test("HTTPChannel closes after a response that says so, and after maxRequests", async () => {
  using first = new Server(() => new Response("x", { headers: { connection: "close" } }));
  assertEquals(await first.send(GET), answer("x", CLOSE));
  assert(!first.isOpen);
  using second = new Server(() => new Response("x"), { maxRequests: 2 });
  assertEquals(await second.send(GET), answer("x"));
  assertEquals(await second.send(GET), answer("x", CLOSE));
  assert(!second.isOpen);
});

Deno.test("HTTPChannel keeps a connection of HTTP/1.0 open only on request", async () => {
  using server = new Server(() => new Response("x"));
  const keep = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  assertEquals(await server.send(keep), answer("x", "connection: keep-alive\r\n"));
  assertEquals(await server.send("GET / HTTP/1.0\r\n\r\n"), answer("x", CLOSE));
  assert(!server.isOpen);
});

Deno.test("HTTPChannel sends bodies of strings, bytes, and none", async () => {
  const responses = [
    new Response("é"),
    new Response(new Uint8Array([65, 66])),
    new Response(null, { status: 404, statusText: "Nothing here" }),
    new Response("x".repeat(5000)),
    new Response("é".repeat(5000)),
    new Response("x", { headers: { date: "then", "x-a": "\u00e9", "content-length": "7" } }),
    new Response(null, { status: 204 }),
    new Response(null, { status: 304, headers: { "content-length": "9" } }),
  ];
  using server = new Server(() => responses.shift() ?? new Response());
  const type = "content-type: text/plain;charset=UTF-8\r\n";
  const ok = "HTTP/1.1 200 OK\r\n";
  const expected = [
    `${ok}${type}content-length: 2\r\n\r\né`,
    `${ok}content-length: 2\r\n\r\nAB`,
    "HTTP/1.1 404 Nothing here\r\ncontent-length: 0\r\n\r\n",
    `${ok}${type}content-length: 5000\r\n\r\n${"x".repeat(5000)}`,
    `${ok}${type}content-length: 10000\r\n\r\n${"é".repeat(5000)}`,
    `${ok}${type}date: then\r\nx-a: \ufffd\r\ncontent-length: 1\r\n\r\nx`,
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n",
  ];
  for (const text of expected) assertEquals(await server.send(GET), text);
});

Deno.test("HTTPChannel sends the fields of each response, whichever the last one had", async () => {
  const lists: [string, string][][] = [
    [["a", "1"]],
    [["a", "1"]],
    [["a", "2"]],
    [["b", "2"]],
    [["b", "2"], ["b", "3"]],
    [["b", "2"]],
  ];
  const bodies = ["x", "yz", "yz", "é".repeat(100), "z".repeat(100), "z".repeat(100)];
  let i = 0;
  const handler = () => new Response(bodies[i], { headers: lists[i++] ?? [], status: 200 + i % 2 });
  using server = new Server(handler);
  const encoder = new TextEncoder();
  for (const [j, body] of bodies.entries()) {
    const [name = "", value = ""] = lists[j]?.[0] ?? [];
    const joined = lists[j]?.map(([, value]) => value).join(", ") ?? value;
    const status = j % 2 === 0 ? "201 Created" : "200 OK";
    assertEquals(
      await server.send(GET),
      `HTTP/1.1 ${status}\r\n${name}: ${joined}\r\ncontent-type: text/plain;charset=UTF-8\r\n` +
        `content-length: ${encoder.encode(body).length}\r\n\r\n${body}`,
    );
  }
});

Deno.test("HTTPChannel sends each Set-Cookie field in a line of its own", async () => {
  const headers = new Headers([["set-cookie", "a=1, x"], ["set-cookie", "b=2"]]);
  using server = new Server(() => new Response(null, { headers }));
  assertEquals(
    await server.send(GET),
    "HTTP/1.1 200 OK\r\nset-cookie: a=1, x\r\nset-cookie: b=2\r\ncontent-length: 0\r\n\r\n",
  );
});

Deno.test("HTTPChannel sends no body in answer to HEAD, and no handler gets one of GET", async () => {
  const stream = new Stream();
  const responses = [
    new Response("xyz"),
    new Response(null, { headers: { "content-length": "5" } }),
    new Response(stream.stream),
  ];
  using server = new Server((request) => responses.shift() ?? new Response(`${request.body}`));
  const head = GET.replace("GET", "HEAD");
  const ok = "HTTP/1.1 200 OK\r\n";
  const type = "content-type: text/plain;charset=UTF-8\r\n";
  assertEquals(await server.send(head), `${ok}${type}content-length: 3\r\n\r\n`);
  assertEquals(await server.send(head), `${ok}content-length: 5\r\n\r\n`);
  assertEquals(await server.send(head), `${ok}\r\n`);
  assertEquals(stream.cancelled, undefined);
  assertEquals(stream.pulls, 0);
  const get = "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  assertEquals(await server.send(get + get), answer("null") + answer("null"));
});

Deno.test("HTTPChannel sends a stream in chunks, as it is written", async () => {
  const body = new Stream();
  using server = new Server(() => new Response(body.stream));
  const head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  assertEquals(await server.send(GET), head);
  body.write("hello");
  assertEquals(await server.received(), "5\r\nhello\r\n");
  body.write("");
  body.write("y".repeat(5000));
  assertEquals(await server.received(), `1388\r\n${"y".repeat(5000)}\r\n`);
  body.controller?.close();
  assertEquals(await server.received(), "0\r\n\r\n");
  assert(server.isOpen);
});

Deno.test("HTTPChannel sends a stream with its Content-Length, or up to the end of HTTP/1.0", async () => {
  const bodies = [new Stream(), new Stream()];
  const headers = { "content-length": "2" };
  const responses = [
    new Response(bodies[0]?.stream, { headers }),
    new Response(bodies[1]?.stream),
  ];
  using server = new Server(() => responses.shift() ?? new Response());
  assertEquals(await server.send(GET), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n");
  bodies[0]?.write("ab");
  bodies[0]?.controller?.close();
  assertEquals(await server.received(), "ab");
  const old = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  assertEquals(await server.send(old), `HTTP/1.1 200 OK\r\n${CLOSE}\r\n`);
  bodies[1]?.write("abc");
  bodies[1]?.controller?.close();
  assertEquals(await server.received(), "abc");
  assert(!server.isOpen);
});

Deno.test("HTTPChannel reads a response's stream only as fast as the client reads", async () => {
  const chunk = new Uint8Array(65_536);
  let pulls = 0;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => {
      pulls++;
      controller.enqueue(chunk.slice());
    },
  }, { highWaterMark: 0 });
  using server = new Server(() => new Response(stream), {}, 1000);
  server.pair.client.pause();
  await server.send(GET);
  const first = pulls;
  assert(first < 5, `${first} chunks`);
  server.pair.client.resume();
  for (let i = 0; i < 300; i++) server.pair.pump.pump();
  await Promise.resolve();
  assert(pulls > first);
});

Deno.test("HTTPChannel handles no further request while the client reads no responses", async () => {
  let count = 0;
  const handler: HTTPHandler = () => {
    count++;
    return new Response(new Uint8Array(50_000));
  };
  using server = new Server(handler, {}, 1000);
  server.pair.client.pause();
  await server.send(GET.repeat(20));
  assert(count < 4, `${count} requests`);
  server.pair.client.resume();
  await server.received();
  assertEquals(count, 20);
});

Deno.test("HTTPChannel does not hold back loseConnection() of other code while it is idle", async () => {
  using server = new Server(() => new Response("x".repeat(100_000)));
  await server.send(GET);
  server.pair.serverTransport.loseConnection();
  await server.received();
  assertEquals(server.pair.serverReason?.name, "ConnectionDone");
});

Deno.test("HTTPChannel passes on a response of fetch(), whose body was decoded", async () => {
  const gzip = new Blob(["hello"]).stream().pipeThrough(new CompressionStream("gzip"));
  const body = await new Response(gzip).bytes();
  const headers = { "content-encoding": "gzip", "content-length": `${body.length}` };
  await using upstream = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => new Response(body, { headers }),
  );
  const url = `http://127.0.0.1:${upstream.addr.port}/`;
  const fetched = await fetch(url);
  using server = new Server((request) => {
    return request.url.endsWith("/fetched") ? fetched : new Response(body, { headers });
  });
  let text = await server.send(GET.replace("/", "/fetched"));
  while (!text.endsWith("\r\n0\r\n\r\n")) {
    await nextMacrotask();
    text += await server.received();
  }
  const head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  assertEquals(text, `${head}5\r\nhello\r\n0\r\n\r\n`);
  const encoded = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n";
  assert((await server.send(GET)).startsWith(`${encoded}content-length: ${body.length}\r\n\r\n`));
});

Deno.test("HTTPChannel refuses to send a response twice", async () => {
  using errors = new LoggedErrors();
  const response = new Response("x");
  using server = new Server(() => response);
  assertEquals(await server.send(GET), answer("x"));
  const failure = errorAnswer("500 Internal Server Error", "Internal Server Error\n");
  assertEquals(await server.send(GET), failure);
  assertEquals(errors.take(TypeError).length, 1);
});

Deno.test("HTTPChannel aborts a client that does not read for sendTimeout", async () => {
  const body = new Stream();
  using server = new Server(() => new Response(body.stream), { sendTimeout: 10 }, 1000);
  server.pair.client.pause();
  await server.send(GET);
  body.write("x".repeat(200_000));
  await server.received();
  await server.advance(9);
  assert(server.isOpen);
  await server.advance(2);
  assertMatch(
    `${server.pair.serverReason?.cause}`,
    /the client has not read what was sent within 10 s/,
  );
  assertMatch(`${body.cancelled}`, /ConnectionAborted/);
});

for (const kind of ["string", "stream"]) {
  Deno.test(`HTTPChannel gives a slow client sendTimeout for each part of a large ${kind}`, async () => {
    const text = "~".repeat(400_000);
    const stream = (): ReadableStream => ReadableStream.from([new TextEncoder().encode(text)]);
    const handler = (): Response => new Response(kind === "string" ? text : stream());
    using server = new Server(handler, { sendTimeout: 12 }, 20_000);
    const { client, pump } = server.pair;
    client.send(GET);
    let received = 0;
    for (let rounds = 0; rounds < 20 && server.isOpen; rounds++) {
      client.resume();
      for (let i = 0; i < 3; i++) {
        pump.pump();
        await nextMacrotask();
      }
      received += client.take().replaceAll(/[^~]/g, "").length;
      client.pause();
      pump.advance(5);
    }
    assertEquals([received, server.isOpen], [text.length, true]);
  });
}

Deno.test("HTTPChannel aborts the connection when a body fails, and logs it", async () => {
  using errors = new LoggedErrors();
  const body = new Stream();
  using server = new Server(() => new Response(body.stream));
  await server.send(GET);
  body.controller?.error(new Error("disk"));
  assertEquals(await server.received(), "");
  assertEquals(server.pair.serverReason?.name, "ConnectionAborted");
  assertEquals(errors.take().map(({ message }) => message), ["disk"]);
});

for (const text of ["abc", "abcdef"]) {
  Deno.test(`HTTPChannel aborts when ${text.length} bytes follow a Content-Length of 5`, async () => {
    using errors = new LoggedErrors();
    const body = new Stream();
    using server = new Server(() =>
      new Response(body.stream, { headers: { "content-length": "5" } })
    );
    await server.send(GET);
    body.write(text);
    body.controller?.close();
    await server.received();
    assertEquals(server.pair.serverReason?.name, "ConnectionAborted");
    assertEquals(errors.take(RangeError).length, 1);
  });
}

Deno.test("HTTPChannel aborts when a chunk of a body is not bytes", async () => {
  using errors = new LoggedErrors();
  const body = new Stream();
  using server = new Server(() => new Response(body.stream));
  await server.send(GET);
  body.controller?.enqueue("text");
  await server.received();
  assertEquals(server.pair.serverReason?.name, "ConnectionAborted");
  assertMatch(`${errors.take(TypeError)}`, /each chunk must be bytes, got "text"/);
});

Deno.test("HTTPChannel answers 500 when a handler fails, and logs the error without the query", async () => {
  using errors = new LoggedErrors();
  const failures: (() => Response | Promise<Response>)[] = [
    () => {
      throw new Error("sync");
    },
    () => Promise.reject(new Error("async")),
    // A program in JavaScript may return anything.
    () => "text" as unknown as Response,
    () => new Response(null, { headers: { "content-length": "x" } }),
    () => Response.error(),
  ];
  for (const failure of failures) {
    using server = new Server(() => failure());
    const request = GET.replace("/", "/p?secret=1");
    const expected = errorAnswer("500 Internal Server Error", "Internal Server Error\n");
    assertEquals(await server.send(request), expected);
    assert(!server.isOpen);
  }
  const lines = errors.takeEvents().map(({ message }) => message);
  assertEquals(lines.length, 5);
  for (const line of lines) {
    assertMatch(`${line}`, /Error while handling GET \/p/);
    assert(!`${line}`.includes("secret"));
  }
});

Deno.test("HTTPChannel sends 100 Continue when the handler reads the body", async () => {
  const request = `${POST}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`;
  using reading = new Server(async (request) => new Response(await request.text()));
  assertEquals(await reading.send(request), "HTTP/1.1 100 Continue\r\n\r\n");
  assertEquals(await reading.send("hi"), answer("hi"));
  assert(reading.isOpen);
  using refusing = new Server(() => new Response("no"));
  assertEquals(await refusing.send(request), answer("no", CLOSE));
  using streaming = new Server((request) => new Response(request.body));
  const start =
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  assertEquals(await streaming.send(request), start);
  assertEquals(await streaming.send("hi"), "2\r\nhi\r\n0\r\n\r\n");
});

Deno.test("HTTPChannel pauses the client while the handler does not read the body", async () => {
  const read = Promise.withResolvers<void>();
  const sizes: number[] = [];
  const handler: HTTPHandler = async (request) => {
    await read.promise;
    for await (const chunk of request.body ?? []) sizes.push(chunk.length);
    return new Response("done");
  };
  using server = new Server(handler, { bodyHighWater: 100 }, 50);
  const answered = await server.send(`${POST}Content-Length: 1000\r\n\r\n${"x".repeat(1000)}`);
  assertEquals(answered, "");
  // 100 bytes in the body, a chunk held by the connection, and 50 bytes in transit.
  read.resolve();
  assertEquals(await server.received(), answer("done"));
  assertEquals(sizes.reduce((sum, size) => sum + size, 0), 1000);
});

Deno.test("HTTPChannel passes on bytes of a body that a handler may transfer", async () => {
  using server = new Server(async (request) => {
    for await (const { buffer } of request.body ?? []) {
      structuredClone(buffer, { transfer: [buffer] });
    }
    return new Response(request.headers.get("x"));
  });
  const first = `${POST}X: 1\r\nContent-Length: 2\r\n\r\nab`;
  const received = await server.send(`${first}GET / HTTP/1.1\r\nHost: a\r\nX: 2\r\n\r\n`);
  assertEquals(received, answer("1") + answer("2"));
});

Deno.test("HTTPChannel drops a body that was not read, unless it is long", async () => {
  using server = new Server(() => new Response("x"));
  assertEquals(
    await server.send(`${POST}Content-Length: 5\r\n\r\nabcde${GET}`),
    answer("x").repeat(2),
  );
  await server.send(`${POST}Content-Length: 100000\r\n\r\n${"x".repeat(50_000)}`);
  assert(server.isOpen);
  await server.send("x".repeat(40_000));
  server.pair.client.closeWrite();
  await server.received();
  assert(!server.isOpen);
});

Deno.test("HTTPChannel answers a malformed request with 400, and reads on until the client ends", async () => {
  using server = new Server(() => new Response("x"));
  const expected = answer("x") + errorAnswer("400 Bad Request", "Bad Request\n");
  assertEquals(await server.send(`${GET}GET /\r\n\r\n`), expected);
  assertEquals(server.pair.serverReason, null);
  assertEquals(await server.send("more".repeat(100)), "");
  server.pair.client.close();
  await server.received();
  assert(!server.isOpen);
});

Deno.test("HTTPChannel closes 5 s after a malformed request if the client does not", async () => {
  using server = new Server(() => new Response("x"));
  await server.send("nonsense\r\n\r\n");
  await server.advance(4);
  assertEquals(server.pair.serverReason, null);
  await server.advance(2);
  assertEquals(server.pair.serverReason?.name, "ConnectionDone");
});

Deno.test("HTTPChannel answers the statuses of limits", async () => {
  const cases: [string, string][] = [
    [`${POST}Content-Length: 11\r\n\r\n`, "413 Content Too Large"],
    [`GET / HTTP/1.1\r\nHost: ${"a".repeat(100)}\r\n\r\n`, "431 Request Header Fields Too Large"],
    [`GET /${"a".repeat(100)} HTTP/1.1\r\n`, "414 URI Too Long"],
    ["GET / HTTP/1.3\r\n\r\n", "505 HTTP Version Not Supported"],
    ["GET / HTTP/1.1\r\nHost: 1.2.3.999\r\n\r\n", "400 Bad Request"],
  ];
  for (const [request, status] of cases) {
    using server = new Server(() => new Response("x"), { maxBodySize: 10, maxHeadSize: 100 });
    assertEquals(await server.send(request), errorAnswer(status, `${status.slice(4)}\n`));
  }
});

Deno.test("HTTPChannel fails a body that exceeds maxBodySize or is malformed, and answers so", async () => {
  const chunked = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
  const handler: HTTPHandler = async (request) => new Response(await request.text());
  using large = new Server(handler, { maxBodySize: 3 });
  const tooLarge = errorAnswer("413 Content Too Large", "Content Too Large\n");
  assertEquals(await large.send(`${chunked}2\r\nab\r\n2\r\n`), tooLarge);
  using malformed = new Server(handler);
  const bad = errorAnswer("400 Bad Request", "Bad Request\n");
  assertEquals(await malformed.send(`${chunked}2\r\nabc`), bad);
  using ended = new Server(handler);
  await ended.send(`${chunked}2\r\nab`);
  ended.pair.client.closeWrite();
  assertEquals(await ended.received(), bad);
});

Deno.test("HTTPChannel aborts the signal of a request whose client closes the connection", async () => {
  const signals: AbortSignal[] = [];
  const wait = Promise.withResolvers<Response>();
  using server = new Server((request) => {
    signals.push(request.signal);
    return wait.promise;
  });
  await server.send(GET);
  assertEquals(signals[0]?.aborted, false);
  server.pair.client.abort();
  await server.received();
  assertEquals(signals[0]?.aborted, true);
  assertEquals(signals[0]?.reason.name, "AbortError");
  wait.resolve(new Response("late"));
  await server.received();
});

Deno.test("HTTPChannel answers a client that has ended its side, and then closes", async () => {
  const waits: PromiseWithResolvers<Response>[] = [];
  using server = new Server(() => {
    const wait = Promise.withResolvers<Response>();
    waits.push(wait);
    return wait.promise;
  });
  server.pair.client.send(GET + GET);
  server.pair.client.closeWrite();
  await server.received();
  waits[0]?.resolve(new Response("one"));
  assertEquals(await server.received(), answer("one"));
  waits[1]?.resolve(new Response("two"));
  assertEquals(await server.received(), answer("two"));
  assert(!server.isOpen);
});

Deno.test("HTTPChannel cancels the stream of a response when the client is gone", async () => {
  const body = new Stream();
  using server = new Server(() => new Response(body.stream));
  await server.send(GET);
  server.pair.client.abort();
  await server.received();
  assertMatch(`${body.cancelled}`, /Connection/);
});

Deno.test("HTTPChannel does not log a handler that passes on the loss of its client", async () => {
  using errors = new LoggedErrors();
  using server = new Server(async (request) => new Response(await request.text()));
  await server.send(`${POST}Content-Length: 5\r\n\r\nab`);
  server.pair.client.abort();
  await server.received();
  assertEquals(errors.take(), []);
});

Deno.test("HTTPChannel.drainRequested() lets the next response be the last one", async () => {
  using server = new Server(() => new Response("x"));
  assertEquals(await server.send(GET), answer("x"));
  server.pair.server.drainRequested();
  await server.received();
  assert(server.isOpen);
  assertEquals(await server.send(GET), answer("x", CLOSE));
  assert(!server.isOpen);
});

Deno.test("HTTPChannel closes an idle connection after keepAliveTimeout", async () => {
  using server = new Server(() => new Response("x"), { keepAliveTimeout: 10, headTimeout: 3 });
  await server.advance(2);
  await server.send(GET);
  await server.advance(9);
  await server.send(GET);
  await server.advance(9);
  assert(server.isOpen);
  assertEquals(await server.advance(2), "");
  assertEquals(server.pair.serverReason?.name, "ConnectionDone");
});

Deno.test("HTTPChannel answers 408 to a head that is not complete within headTimeout", async () => {
  using server = new Server(() => new Response("x"), { headTimeout: 10 });
  await server.send(GET);
  await server.advance(20);
  await server.send("GET / HT");
  await server.advance(6);
  await server.send("TP/1.1\r\n");
  await server.advance(3);
  const expected = errorAnswer("408 Request Timeout", "Request Timeout\n");
  assertEquals(await server.advance(2), expected);
});

Deno.test("HTTPChannel closes a connection without a first request after headTimeout", async () => {
  using server = new Server(() => new Response("x"), { headTimeout: 10 });
  await server.advance(9);
  assert(server.isOpen);
  assertEquals(await server.advance(2), "");
  assert(!server.isOpen);
});

Deno.test("HTTPChannel answers 408 when no byte of a body arrives for bodyTimeout", async () => {
  const handler: HTTPHandler = async (request) => new Response(await request.text());
  using server = new Server(handler, { bodyTimeout: 10 });
  await server.send(`${POST}Content-Length: 5\r\n\r\nab`);
  await server.advance(9);
  await server.send("c");
  await server.advance(9);
  assert(server.isOpen);
  const expected = errorAnswer("408 Request Timeout", "Request Timeout\n");
  assertEquals(await server.advance(2), expected);
});

Deno.test("HTTPChannel buffers pipelined requests up to maxPipelined, and then pauses", async () => {
  const waits: PromiseWithResolvers<Response>[] = [];
  const handler: HTTPHandler = () => {
    const wait = Promise.withResolvers<Response>();
    waits.push(wait);
    return wait.promise;
  };
  using server = new Server(handler, { maxPipelined: 50 }, 30);
  server.pair.client.send(GET.repeat(20));
  for (let i = 0; i < 20; i++) {
    await server.received();
    assertEquals(waits.length, i + 1);
    waits[i]?.resolve(new Response(`${i}`));
  }
  assertMatch(await server.received(), /19$/);
});

Deno.test("HTTPChannel.isReceiving lets a SlowPeerGuard measure only clients that send", async () => {
  const wait = Promise.withResolvers<Response>();
  const handler: HTTPHandler = async (request) => {
    if (request.url.endsWith("/wait")) return await wait.promise;
    return new Response(await request.text());
  };
  const guard = new SlowPeerGuard(new HTTPFactory(handler), {
    minRate: 100,
    window: 5,
    isWaiting: (channel) => !channel.isReceiving,
  });
  using pair = connectedServerAndClient(guard, TestPeer);
  const receive = async (): Promise<string> => {
    await pair.pump.pumpUntilIdle();
    return pair.client.take().replaceAll(DATE, "");
  };
  pair.client.send(GET.replace("/", "/wait"));
  await receive();
  pair.pump.advance(20);
  wait.resolve(new Response("x"));
  assertEquals(await receive(), answer("x"));
  pair.pump.advance(20);
  pair.client.send(`${POST}Content-Length: 1000\r\n\r\n`);
  await receive();
  pair.client.send("a");
  await receive();
  pair.pump.advance(11);
  await receive();
  assertEquals(pair.serverReason?.name, "SlowPeerTimeout");
});

/** A protocol that takes over a connection. */
class Shout extends Protocol {
  readonly received: string[] = [];

  override connectionMade(): void {
    this.transport.write("hello\n");
  }

  override dataReceived(data: Uint8Array): void {
    this.transport.write(new TextDecoder().decode(data).toUpperCase());
  }

  override connectionLost(reason: Error): void {
    this.received.push(reason.name);
  }
}

const UPGRADE = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n";
const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\n";

for (const isLate of [false, true]) {
  const when = isLate ? "later" : "at once";
  Deno.test(`HTTPRequestInfo.upgrade() passes the connection on ${when}, with the bytes after the head`, async () => {
    const shout = new Shout();
    const handler = (_request: Request, info: HTTPRequestInfo) => {
      assertEquals(info.offeredUpgrade, "shout");
      const response = info.upgrade(shout, { "x-a": "b" });
      return isLate ? Promise.resolve(response) : response;
    };
    using server = new Server(handler, { keepAliveTimeout: 1, headTimeout: 1 });
    assertEquals(
      await server.send(`${UPGRADE}more`),
      `${SWITCHING}connection: Upgrade\r\nupgrade: shout\r\nx-a: b\r\n\r\nhello\nMORE`,
    );
    await server.advance(10);
    assertEquals(await server.send("again"), "AGAIN");
    server.pair.client.close();
    await server.received();
    assertEquals(shout.received, ["ConnectionDone"]);
  });
}

Deno.test("HTTPRequestInfo.upgrade() leaves a protocol that pauses the connection paused", async () => {
  class Paused extends Shout {
    override connectionMade(): void {
      this.transport.pauseProducing();
    }
  }
  const paused = new Paused();
  const agreed = Promise.withResolvers<void>();
  const handler = async (_request: Request, info: HTTPRequestInfo) => {
    await agreed.promise;
    return info.upgrade(paused);
  };
  using server = new Server(handler, { maxPipelined: 3 });
  await server.send(`${UPGRADE}more`); // more than maxPipelined, so the channel pauses
  agreed.resolve();
  assertMatch(await server.received(), /\r\n\r\nMORE$/);
  assertEquals(await server.send("x"), "");
  paused.transport.resumeProducing();
  assertEquals(await server.received(), "X");
});

Deno.test("HTTPRequestInfo.takeOver() passes on the request as it was sent, and the bytes after it", async () => {
  using server = new Server((_request, info) => info.takeOver(new Shout()));
  assertEquals(
    await server.send(`${GET}more`),
    "hello\nGET / HTTP/1.1\r\nHOST: A\r\n\r\nMORE",
  );
  assertEquals(await server.send("again"), "AGAIN");
});

Deno.test("HTTPRequestInfo.upgrade() closes the connection of a client that has ended its side", async () => {
  const late = Promise.withResolvers<void>();
  using server = new Server(async (_request, info) => {
    await late.promise;
    return info.upgrade(new Shout());
  });
  await server.send(UPGRADE);
  server.pair.client.closeWrite();
  await server.received();
  late.resolve();
  assertEquals(await server.received(), "");
  assert(!server.isOpen);
});

Deno.test("HTTPRequestInfo.upgrade() has no effect if another response is returned", async () => {
  const handler = (_request: Request, info: HTTPRequestInfo): Response => {
    info.upgrade(new Shout());
    return new Response("no");
  };
  using server = new Server(handler);
  assertEquals(await server.send(UPGRADE), answer("no"));
});

Deno.test("HTTPRequestInfo.upgrade() refuses a request that does not offer it", async () => {
  using errors = new LoggedErrors();
  using server = new Server((_request, info) => info.upgrade(new Shout()));
  await server.send(GET);
  assertEquals(
    errors.take(TypeError).map(({ message }) => message),
    ["Cannot upgrade the connection of a GET request: the client does not offer it"],
  );
});

Deno.test("HTTPChannel has no timeouts on a transport without a clock", () => {
  const transport = new StringTransport();
  const channel = new HTTPFactory(() => new Response("x")).buildProtocol(transport.getPeer());
  channel.makeConnection(transport);
  channel.dataReceived(new TextEncoder().encode(GET));
  assertEquals(transport.text().replaceAll(DATE, ""), answer("x"));
});
