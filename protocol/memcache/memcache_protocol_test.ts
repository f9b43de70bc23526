/**
 * Twisted's `test_memcache.py`, class by class: `CommandMixin` and `MemCacheTests` in the tests of
 * each command, `CommandFailureTests` in the test of a connection that has been lost.
 *
 * Different on purpose:
 *
 * - `get` fires with the value or `null`, and `gets` with an item; `getMultiple` leaves out keys
 *   without a value. Twisted's have tuples with `None` (`test_emptyGet`, `test_emptyGets`,
 *   `test_getMultipleWithEmpty`, `test_getsMultipleWithEmpty`). `increment` fires with a `bigint`.
 *   `flushAll` fires with nothing, and keys and statistics are strings.
 * - `test_errorAdd`, `test_errorReplace` and `test_errorDelete`: Twisted's tests answer `NOT
 *   STORED` and `NOT FOUND`. No server does: it is `NOT_STORED` and `NOT_FOUND`.
 * - `test_invalidGetResponse`, `test_invalidMultipleGetResponse` and `test_invalidEndResponse`:
 *   `dataReceived` does not throw. The connection is aborted, and the requests fail.
 * - `test_timeOut…`: the reason is a `ConnectionAborted` with the `TimeoutError` as its cause, and
 *   the requests fail with a `RequestLost`, whose cause is the reason. In
 *   `test_timeoutCleanDeferreds` and `CommandFailureTests`, later requests fail so, too, and not
 *   with a `RuntimeError`.
 * - `test_clientError`, `test_invalidCommand`: `CLIENT_ERROR` and `ERROR` also abort the connection
 *   if the request had a value, and nothing is logged. Each command is answered so; there is no
 *   method to send a command that does not exist.
 * - `test_unicodeKey`: keys are strings; other values are refused. `test_unicodeValue`: a string is
 *   a value, encoded as UTF-8.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { type Deferred, TimeoutError } from "../../defer/mod.ts";
import { ConnectionAborted, ConnectionDone } from "../../reactor/errors.ts";
import { Clock } from "../../task/mod.ts";
import {
  assertNoResult,
  cleanTest,
  connectedServerAndClient,
  failureResultOf,
  StringTransport,
  StringTransportWithDisconnection,
  successResultOf,
  TestPeer,
} from "../../testing/mod.ts";
import { connectProtocol } from "../../testing/fixtures/protocol_fixture.ts";
import {
  FrameTooLongError,
  RequestCancelled,
  RequestLost,
  RequestQueueFull,
  RequestSendFailed,
  RequestTimeout,
  UnexpectedAnswer,
} from "../mod.ts";
import {
  ClientError,
  DEFAULT_PORT,
  InvalidMemCacheAnswer,
  type MemCacheOptions,
  MemCacheProtocol,
  type MemCacheStorageOptions,
  NoSuchCommand,
  ServerError,
} from "./mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const bar = bytes("bar");

/** A client with a transport and a clock of the test. */
class Setup {
  readonly clock = new Clock();
  readonly client: MemCacheProtocol;
  readonly transport = new StringTransportWithDisconnection();
  /** The reason of the loss. */
  reason: Error | null = null;

  constructor(options: MemCacheOptions = {}) {
    this.client = new MemCacheProtocol({ clock: this.clock, ...options });
    this.transport.protocol = {
      connectionLost: (reason) => {
        this.reason = reason;
        this.client.connectionLost(reason);
      },
    };
    this.client.makeConnection(this.transport);
  }

  /** What the client has sent since the last call. */
  sent(): string {
    const text = this.transport.text();
    this.transport.clear();
    return text;
  }

  receive(text: string): void {
    this.client.dataReceived(bytes(text));
  }

  /** Checks that a request has failed with the reason of the loss. */
  assertLost(request: Deferred<unknown>, sent: boolean): void {
    const error = failureResultOf(request, RequestLost);
    assertStrictEquals(error.cause, this.reason);
    assertEquals(error.sent, sent);
  }

  /** Returns the error with which the client has aborted the connection. */
  abortCause(): unknown {
    assertInstanceOf(this.reason, ConnectionAborted);
    return this.reason.cause;
  }
}

/** A command, what is sent for it, the answer, and the result. */
type Row = readonly [
  name: string,
  call: (client: MemCacheProtocol) => Deferred<unknown>,
  sent: string,
  answer: string,
  result: unknown,
];

const COMMANDS: readonly Row[] = [
  ["get", (c) => c.get("foo"), "get foo\r\n", "VALUE foo 0 3\r\nbar\r\nEND\r\n", bar],
  ["get without a value", (c) => c.get("foo"), "get foo\r\n", "END\r\n", null],
  ["gets", (c) => c.gets("foo"), "gets foo\r\n", "VALUE foo 7 3 1234\r\nbar\r\nEND\r\n", {
    value: bar,
    flags: 7,
    cas: 1234n,
  }],
  ["gets without an item", (c) => c.gets("foo"), "gets foo\r\n", "END\r\n", null],
  [
    "getMultiple",
    (c) => c.getMultiple(["foo", "cow"]),
    "get foo cow\r\n",
    "VALUE foo 0 3\r\nbar\r\nVALUE cow 0 7\r\nchicken\r\nEND\r\n",
    new Map([["foo", bar], ["cow", bytes("chicken")]]),
  ],
  [
    "getMultiple with a key without a value",
    (c) => c.getMultiple(["foo", "cow"]),
    "get foo cow\r\n",
    "VALUE cow 1 3\r\nbar\r\nEND\r\n",
    new Map([["cow", bar]]),
  ],
  [
    "getMultiple with a repeated key",
    (c) => c.getMultiple(["foo", "foo"]),
    "get foo\r\n",
    "VALUE foo 0 3\r\nbar\r\nEND\r\n",
    new Map([["foo", bar]]),
  ],
  ["getMultiple without keys", (c) => c.getMultiple([]), "", "", new Map()],
  [
    "getsMultiple with any iterable",
    (c) => c.getsMultiple(new Set(["foo", "bar"])),
    "gets foo bar\r\n",
    "VALUE foo 0 3 1234\r\negg\r\nVALUE bar 0 4 2345\r\nspam\r\nEND\r\n",
    new Map([
      ["foo", { value: bytes("egg"), flags: 0, cas: 1234n }],
      ["bar", { value: bytes("spam"), flags: 0, cas: 2345n }],
    ]),
  ],
  ["set", (c) => c.set("foo", bar), "set foo 0 0 3\r\nbar\r\n", "STORED\r\n", true],
  [
    "set of text with flags and an expiration time",
    (c) => c.set("foo", "é", { flags: 9, expireTime: -1 }),
    "set foo 9 -1 2\r\né\r\n",
    "STORED\r\n",
    true,
  ],
  ["add", (c) => c.add("foo", bar), "add foo 0 0 3\r\nbar\r\n", "STORED\r\n", true],
  [
    "add of a key with a value",
    (c) => c.add("foo", bar),
    "add foo 0 0 3\r\nbar\r\n",
    "NOT_STORED\r\n",
    false,
  ],
  ["replace", (c) => c.replace("foo", bar), "replace foo 0 0 3\r\nbar\r\n", "STORED\r\n", true],
  [
    "replace of a key without a value",
    (c) => c.replace("foo", bar),
    "replace foo 0 0 3\r\nbar\r\n",
    "NOT_STORED\r\n",
    false,
  ],
  ["append", (c) => c.append("foo", bar), "append foo 0 0 3\r\nbar\r\n", "STORED\r\n", true],
  ["prepend", (c) => c.prepend("foo", bar), "prepend foo 0 0 3\r\nbar\r\n", "STORED\r\n", true],
  [
    "checkAndSet",
    (c) => c.checkAndSet("foo", bar, 1234n, { flags: 1, expireTime: 2 }),
    "cas foo 1 2 3 1234\r\nbar\r\n",
    "STORED\r\n",
    true,
  ],
  [
    "checkAndSet of a changed item",
    (c) => c.checkAndSet("foo", bar, 1234n),
    "cas foo 0 0 3 1234\r\nbar\r\n",
    "EXISTS\r\n",
    false,
  ],
  [
    "checkAndSet of a key without an item",
    (c) => c.checkAndSet("foo", bar, 1234n),
    "cas foo 0 0 3 1234\r\nbar\r\n",
    "NOT_FOUND\r\n",
    false,
  ],
  ["delete", (c) => c.delete("bar"), "delete bar\r\n", "DELETED\r\n", true],
  [
    "delete of a key without a value",
    (c) => c.delete("bar"),
    "delete bar\r\n",
    "NOT_FOUND\r\n",
    false,
  ],
  ["increment", (c) => c.increment("foo"), "incr foo 1\r\n", "4\r\n", 4n],
  ["increment by a number", (c) => c.increment("foo", 8), "incr foo 8\r\n", "4\r\n", 4n],
  [
    "increment by the greatest bigint",
    (c) => c.increment("foo", 2n ** 64n - 1n),
    "incr foo 18446744073709551615\r\n",
    "18446744073709551615\r\n",
    2n ** 64n - 1n,
  ],
  [
    "increment of a key without a value",
    (c) => c.increment("foo"),
    "incr foo 1\r\n",
    "NOT_FOUND\r\n",
    null,
  ],
  ["decrement", (c) => c.decrement("foo"), "decr foo 1\r\n", "5\r\n", 5n],
  ["decrement by a number", (c) => c.decrement("foo", 3), "decr foo 3\r\n", "5\r\n", 5n],
  ["touch", (c) => c.touch("foo", 60), "touch foo 60\r\n", "TOUCHED\r\n", true],
  [
    "touch of a key without a value",
    (c) => c.touch("foo", 60),
    "touch foo 60\r\n",
    "NOT_FOUND\r\n",
    false,
  ],
  [
    "stats",
    (c) => c.stats(),
    "stats\r\n",
    "STAT foo bar\r\nSTAT egg spam ham\r\nEND\r\n",
    new Map([["foo", "bar"], ["egg", "spam ham"]]),
  ],
  ["stats with an argument", (c) => c.stats("blah"), "stats blah\r\n", "END\r\n", new Map()],
  ["stats reset", (c) => c.stats("reset"), "stats reset\r\n", "RESET\r\n", new Map()],
  ["stats detail on", (c) => c.stats("detail on"), "stats detail on\r\n", "OK\r\n", new Map()],
  ["version", (c) => c.version(), "version\r\n", "VERSION 1.1\r\n", "1.1"],
  ["flushAll", (c) => c.flushAll(), "flush_all\r\n", "OK\r\n", undefined],
  [
    "flushAll with a delay",
    (c) => c.flushAll({ delay: 9 }),
    "flush_all 9\r\n",
    "OK\r\n",
    undefined,
  ],
  ["meta get", (c) => c.meta("mg", "foo", ["t", "v"]), "mg foo t v\r\n", "VA 3 t60\r\nbar\r\n", {
    type: "meta",
    code: "VA",
    flags: ["t60"],
    value: bar,
  }],
  ["meta get without a value", (c) => c.meta("mg", "foo"), "mg foo\r\n", "EN\r\n", {
    type: "meta",
    code: "EN",
    flags: [],
    value: null,
  }],
  [
    "meta set",
    (c) => c.meta("ms", "foo", ["T60", "F1"], { value: "hi" }),
    "ms foo 2 T60 F1\r\nhi\r\n",
    "HD\r\n",
    { type: "meta", code: "HD", flags: [], value: null },
  ],
  ["meta delete", (c) => c.meta("md", "foo", ["I"]), "md foo I\r\n", "NF\r\n", {
    type: "meta",
    code: "NF",
    flags: [],
    value: null,
  }],
  [
    "meta arithmetic",
    (c) => c.meta("ma", "foo", ["N0", "J1", "v"]),
    "ma foo N0 J1 v\r\n",
    "VA 1\r\n1\r\n",
    { type: "meta", code: "VA", flags: [], value: bytes("1") },
  ],
];

for (const [name, call, sent, answer, result] of COMMANDS) {
  cleanTest(`MemCacheProtocol: ${name}`, () => {
    const setup = new Setup();
    const deferred = call(setup.client);
    assertEquals(setup.sent(), sent);
    if (answer !== "") assertNoResult(deferred);
    // Byte by byte: the answers are the same for any split.
    for (const byte of bytes(answer)) setup.client.dataReceived(Uint8Array.of(byte));
    assertEquals(successResultOf(deferred), result);
    assertEquals([setup.client.inFlight, setup.transport.connected], [0, true]);
  });

  if (sent === "") continue;
  cleanTest(`MemCacheProtocol: ${name} fails after the connection has been lost`, () => {
    const setup = new Setup();
    setup.transport.loseConnection();
    assertInstanceOf(setup.reason, ConnectionDone);
    setup.assertLost(call(setup.client), false);
    assertEquals(setup.sent(), "");
  });

  cleanTest(`MemCacheProtocol: ${name} fails with the errors of the server`, () => {
    for (
      const [line, type] of [
        ["ERROR", NoSuchCommand],
        ["CLIENT_ERROR we don't like egg", ClientError],
        ["SERVER_ERROR zomg", ServerError],
      ] as const
    ) {
      const setup = new Setup();
      const deferred = call(setup.client);
      setup.receive(`${line}\r\n`);
      const error = failureResultOf(deferred);
      assert(error instanceof type, `${error}`);
      assertEquals(error.message.endsWith(line.replace(/^\w+ ?/, "")), true, error.message);
    }
  });
}

cleanTest("MemCacheProtocol names request and reason in the errors of the server", () => {
  const setup = new Setup();
  const errors = [
    "ERROR",
    "ERROR Too many open connections",
    "CLIENT_ERROR non-numeric\tvalue\x1b",
    "SERVER_ERROR out of memory",
  ]
    .map((line) => {
      const deferred = setup.client.increment("foo");
      setup.receive(`${line}\r\n`);
      return failureResultOf(deferred).message;
    });
  assertEquals(errors, [
    'Cannot carry out "incr foo 1": the server answered ERROR',
    'Cannot carry out "incr foo 1": the server answered ERROR Too many open connections',
    'Cannot carry out "incr foo 1": the server answered CLIENT_ERROR non-numeric\tvalue\\x1b',
    'Cannot carry out "incr foo 1": the server answered SERVER_ERROR out of memory',
  ]);
  assert(setup.transport.connected);
});

cleanTest("MemCacheProtocol shows line breaks of the server as escapes in its errors", () => {
  const setup = new Setup();
  const request = setup.client.increment("foo");
  setup.receive("SERVER_ERROR no\nroot logged in\r\n");
  assert(failureResultOf(request).message.endsWith("no\\nroot logged in"));
  setup.receive("VALUE a\nb 0 1\r\nx\r\n");
  const { message = "" } = setup.reason?.cause as Error;
  assert(message.startsWith("Cannot accept the answer VALUE a\\nb: "), message);
});

cleanTest("MemCacheProtocol aborts after CLIENT_ERROR or ERROR for a request with a value", () => {
  for (const line of ["CLIENT_ERROR bad command line format", "ERROR"]) {
    const setup = new Setup();
    const first = setup.client.set("foo", "flush_all\r\n");
    const second = setup.client.get("foo");
    setup.receive(`${line}\r\nOK\r\nERROR\r\n`);
    const error = failureResultOf(first);
    assertEquals(error.name, line === "ERROR" ? "NoSuchCommand" : "ClientError");
    assertStrictEquals(setup.abortCause(), error);
    setup.assertLost(second, true);
  }
});

cleanTest("MemCacheProtocol continues after SERVER_ERROR for a request with a value", () => {
  const setup = new Setup();
  const first = setup.client.set("foo", bar);
  const second = setup.client.get("foo");
  setup.receive("SERVER_ERROR object too large for cache\r\nEND\r\n");
  assertInstanceOf(failureResultOf(first), ServerError);
  assertEquals(successResultOf(second), null);
});

cleanTest("MemCacheProtocol fails a get whose answer ends with an error", () => {
  const setup = new Setup();
  const first = setup.client.getMultiple(["foo", "bar"]);
  const second = setup.client.get("foo");
  setup.receive("VALUE foo 0 3\r\nbar\r\nSERVER_ERROR out of memory\r\nEND\r\n");
  assertInstanceOf(failureResultOf(first), ServerError);
  assertEquals(successResultOf(second), null);
});

/** Answers that do not belong to the request. */
const UNEXPECTED: readonly [
  call: (client: MemCacheProtocol) => Deferred<unknown>,
  answer: string,
  message: string,
][] = [
  [
    (c) => c.get("foo"),
    "VALUE bar 0 7\r\nspamegg\r\nEND\r\n",
    'VALUE bar: the request was "get foo"',
  ],
  [
    (c) => c.get("foo"),
    "VALUE foo 0 1\r\na\r\nVALUE foo 0 1\r\nb\r\n",
    "VALUE foo",
  ],
  [(c) => c.gets("foo"), "VALUE foo 0 1\r\na\r\n", "VALUE foo"],
  [(c) => c.getMultiple(["foo", "bar"]), "VALUE egg 0 1\r\na\r\n", "VALUE egg"],
  [(c) => c.getMultiple(["foo", "bar"]), "VALUE foo 0 1\r\na\r\n".repeat(2), "VALUE foo"],
  [(c) => c.getsMultiple(["foo"]), "VALUE foo 0 1\r\na\r\n", "VALUE foo"],
  [(c) => c.set("key", "value"), "END\r\n", 'END: the request was "set key 0 0 5"'],
  [(c) => c.set("key", "value"), "EXISTS\r\n", "EXISTS"],
  [(c) => c.delete("key"), "STORED\r\n", "STORED"],
  [(c) => c.increment("key"), "VERSION 5\r\n", "VERSION 5"],
  [(c) => c.increment("key"), "OK\r\n", "OK"],
  [(c) => c.stats(), "STAT a b\r\nOK\r\n", "OK"],
  [(c) => c.stats(), "5\r\n", "5"],
  [(c) => c.version(), "STAT a b\r\n", "STAT a"],
  [(c) => c.flushAll(), "RESET\r\n", "RESET"],
  [(c) => c.meta("ms", "foo", [], { value: "x" }), "VA 1\r\nx\r\n", "VA"],
  [(c) => c.meta("mg", "foo"), "NF\r\n", "NF"],
  [(c) => c.meta("mg", "foo"), "END\r\n", "END"],
];

for (const [call, answer, message] of UNEXPECTED) {
  const name = JSON.stringify(answer);
  cleanTest(`MemCacheProtocol aborts the connection on an unexpected ${name}: ${message}`, () => {
    const setup = new Setup();
    const first = call(setup.client);
    const second = setup.client.get("later");
    setup.receive(answer);
    const error = setup.abortCause();
    assertInstanceOf(error, UnexpectedAnswer);
    assert(error.message.startsWith("Cannot accept the answer "), error.message);
    assert(error.message.includes(message), error.message);
    for (const request of [first, second]) setup.assertLost(request, true);
    setup.assertLost(setup.client.get("after"), false);
  });
}

cleanTest("MemCacheProtocol aborts the connection when an answer arrives without a request", () => {
  const setup = new Setup();
  setup.receive("ERROR Too many open connections\r\n");
  const cause = setup.reason?.cause;
  assertInstanceOf(cause, UnexpectedAnswer);
  assertEquals(
    cause.message,
    "Cannot accept the answer ERROR Too many open connections: no request is in flight",
  );
});

cleanTest("MemCacheProtocol aborts the connection on malformed and oversized answers", () => {
  const options = { maxValueLength: 5, maxLineLength: 30, maxItems: 2 };
  const item = (key: string): string => `VALUE ${key} 0 1\r\nx\r\n`;
  for (
    const [answer, type, message] of [
      ["HTTP/1.1 400 Bad Request\r\n", InvalidMemCacheAnswer, "it must begin with a known word"],
      ["VALUE foo 0 6\r\n", FrameTooLongError, "memcached value of 6 bytes"],
      ["x".repeat(32), FrameTooLongError, "line of a memcached answer of 31 bytes"],
      [item("a") + item("b") + item("c"), InvalidMemCacheAnswer, "maxItems"],
    ] as const
  ) {
    const setup = new Setup(options);
    const requests = [setup.client.getMultiple(["a", "b", "c"]), setup.client.version()];
    setup.receive(answer);
    const error = setup.abortCause();
    assert(error instanceof type, `${error}`);
    assert(error.message.includes(message), error.message);
    for (const request of requests) setup.assertLost(request, true);
  }
});

cleanTest(
  "MemCacheProtocol fails all requests when the connection is lost within an answer",
  () => {
    const setup = new Setup();
    const requests = [setup.client.get("foo"), setup.client.get("bar")];
    setup.receive("VALUE foo 0 10\r\n12345");
    setup.transport.loseConnection();
    assertInstanceOf(setup.reason, ConnectionDone);
    for (const request of requests) setup.assertLost(request, true);
  },
);

cleanTest("MemCacheProtocol fails a request that waits with sent: false when it is lost", () => {
  const setup = new Setup({ maxInFlight: 1 });
  const [sent, waiting] = [setup.client.increment("foo"), setup.client.increment("bar")];
  setup.transport.loseConnection();
  setup.assertLost(sent, true);
  setup.assertLost(waiting, false);
});

cleanTest("MemCacheProtocol sends requests at once, and matches the answers in order", () => {
  const setup = new Setup();
  const first = setup.client.get("foo");
  const second = setup.client.set("bar", "spamspamspam");
  const third = setup.client.get("egg");
  assertEquals(setup.sent(), "get foo\r\nset bar 0 0 12\r\nspamspamspam\r\nget egg\r\n");
  assertEquals(setup.client.inFlight, 3);
  setup.receive("VALUE foo 0 3\r\nbar\r\nEND\r\nSTORED\r\nVALUE egg 0 4\r\nspam\r\nEND\r\n");
  assertEquals(successResultOf(first), bar);
  assertEquals(successResultOf(second), true);
  assertEquals(successResultOf(third), bytes("spam"));
});

cleanTest("MemCacheProtocol sends the requests of one turn together", () => {
  const clock = new Clock();
  using pair = connectedServerAndClient(TestPeer, new MemCacheProtocol({ clock }));
  let chunks = 0;
  const { server, client, pump } = pair;
  const { dataReceived } = server;
  server.dataReceived = (data) => {
    chunks++;
    return dataReceived.call(server, data);
  };
  for (let i = 0; i < 10; i++) client.get(`key${i}`).addErrback(() => {});
  pump.flush();
  assertEquals([chunks, server.data.length], [1, 10 * "get key0\r\n".length]);
  pair.clientTransport.abortConnection();
  pump.flush();
});

cleanTest("MemCacheProtocol holds requests back, rather than exceed the writeBufferLimit", () => {
  const client = new MemCacheProtocol({ maxInFlightBytes: 12_000, maxWaitingBytes: 100_000 });
  using fixture = connectProtocol(client, { capacity: 100, writeBufferLimit: 13_000 });
  const value = "x".repeat(5000);
  const stored = Array.from({ length: 22 }, (_, i) => client.set(`key${i}`, value));
  assertEquals([fixture.reason, client.inFlight, client.waiting], [null, 2, 19]);
  const error = failureResultOf(stored.pop() ?? client.get("key"), RequestQueueFull);
  assertEquals(error.sent, false);
  assert(error.message.includes("maxWaitingBytes"), error.message);
  for (let i = 0; i < 21; i++) {
    fixture.flush();
    fixture.peer.send("STORED\r\n");
    fixture.flush();
  }
  assertEquals([new Set(stored.map(successResultOf)), fixture.reason], [new Set([true]), null]);
});

cleanTest("MemCacheProtocol queues the requests above maxInFlight", () => {
  const setup = new Setup({ maxInFlight: 1, maxWaiting: 1 });
  const requests = ["a", "b", "c"].map((key) => setup.client.get(key));
  assertEquals(setup.sent(), "get a\r\n");
  assertEquals([setup.client.inFlight, setup.client.waiting], [1, 1]);
  assertInstanceOf(requests[2] && failureResultOf(requests[2]), RequestQueueFull);
  setup.receive("END\r\n");
  assertEquals(setup.sent(), "get b\r\n");
  setup.receive("END\r\n");
  assertEquals(requests.slice(0, 2).map(successResultOf), [null, null]);
});

cleanTest("MemCacheProtocol.getMultiple() distributes keys over commands of 2048 bytes", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(
        fc.string({
          minLength: 1,
          maxLength: 80,
          size: "max",
          unit: fc.constantFrom("k", "é", "€"),
        }),
        { maxLength: 120, size: "max" },
      ),
      (keys) => {
        const setup = new Setup();
        const deferred = setup.client.getMultiple(keys);
        const lines = setup.sent().split("\r\n").slice(0, -1);
        for (const line of lines) assert(bytes(line).length + 2 <= 2048);
        assertEquals(lines.flatMap((line) => line.split(" ").slice(1)), keys);
        // No line could have taken the first key of the next one.
        for (const [i, line] of lines.slice(0, -1).entries()) {
          const next = lines[i + 1]?.split(" ")[1] ?? "";
          assert(bytes(`${line} ${next}`).length + 2 > 2048);
        }
        for (const line of lines) {
          for (const key of line.split(" ").slice(1)) setup.receive(`VALUE ${key} 0 1\r\nx\r\n`);
          setup.receive("END\r\n");
        }
        assertEquals(successResultOf(deferred), new Map(keys.map((key) => [key, bytes("x")])));
      },
    ),
    { numRuns: 20 },
  );
});

cleanTest("MemCacheProtocol.getMultiple() sends a command of 2048 bytes, and none of 2049", () => {
  const long = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(250));
  for (const [length, sizes] of [[34, [2048]], [35, [2013, 41]]] as const) {
    const setup = new Setup();
    setup.client.getMultiple([...long, "k".repeat(length)]);
    assertEquals(setup.sent().split(/(?<=\n)/).map((line) => line.length), [...sizes]);
    setup.receive("END\r\n".repeat(sizes.length));
  }
});

cleanTest("MemCacheProtocol.getMultiple() fails with the failure of one of its commands", () => {
  const setup = new Setup();
  const keys = Array.from({ length: 20 }, (_, i) => `${i}`.padStart(240, "k"));
  const deferred = setup.client.getMultiple(keys);
  assertEquals(setup.sent().split("\r\n").length, 4);
  setup.receive("END\r\nSERVER_ERROR out of memory\r\nEND\r\n");
  assertInstanceOf(failureResultOf(deferred), ServerError);
  assertEquals(setup.client.inFlight, 0);
});

cleanTest("MemCacheProtocol.getMultiple() does not send what waits when one command fails", () => {
  const setup = new Setup({ maxInFlight: 1, maxWaiting: 3 });
  const keys = Array.from({ length: 8 * 5 }, (_, i) => `${i}`.padStart(240, "k"));
  const tooMany = setup.client.getMultiple(keys);
  assertInstanceOf(failureResultOf(tooMany), RequestQueueFull);
  assertEquals([setup.client.inFlight, setup.client.waiting], [1, 0]);
  const some = setup.client.getMultiple(keys.slice(0, 24));
  setup.receive("END\r\nSERVER_ERROR out of memory\r\n");
  assertInstanceOf(failureResultOf(some), ServerError);
  assertEquals([setup.client.inFlight, setup.client.waiting], [1, 0]);
  setup.receive("END\r\n");
});

cleanTest("MemCacheProtocol.getMultiple() fails with the loss of the connection", () => {
  const setup = new Setup({ maxInFlight: 1 });
  const keys = Array.from({ length: 20 }, (_, i) => `${i}`.padStart(240, "k"));
  const deferred = setup.client.getMultiple(keys);
  assertEquals([setup.client.inFlight, setup.client.waiting], [1, 2]);
  setup.transport.loseConnection();
  setup.assertLost(deferred, true);
});

cleanTest(
  "MemCacheProtocol.getMultiple() can be cancelled, and the next answer is not lost",
  () => {
    const setup = new Setup();
    const keys = Array.from({ length: 20 }, (_, i) => `${i}`.padStart(240, "k"));
    const deferred = setup.client.getMultiple(keys);
    const next = setup.client.version();
    deferred.cancel();
    assertEquals(failureResultOf(deferred, RequestCancelled).sent, true);
    setup.receive(`VALUE ${keys[0]} 0 1\r\nx\r\n${"END\r\n".repeat(3)}VERSION 1\r\n`);
    assertEquals(successResultOf(next), "1");
  },
);

/** Every request that has a key. */
const WITH_KEY: readonly ((client: MemCacheProtocol, key: string) => Deferred<unknown>)[] = [
  (c, key) => c.get(key),
  (c, key) => c.gets(key),
  (c, key) => c.getMultiple(["foo", key]),
  (c, key) => c.getsMultiple([key]),
  (c, key) => c.set(key, bar),
  (c, key) => c.add(key, bar),
  (c, key) => c.replace(key, bar),
  (c, key) => c.append(key, bar),
  (c, key) => c.prepend(key, bar),
  (c, key) => c.checkAndSet(key, bar, 1n),
  (c, key) => c.increment(key),
  (c, key) => c.decrement(key),
  (c, key) => c.delete(key),
  (c, key) => c.touch(key, 0),
  (c, key) => c.meta("mg", key),
];

cleanTest(
  "MemCacheProtocol sends no key that is too long, or has spaces or control characters",
  () => {
    const setup = new Setup();
    const invalid: [key: unknown, reason: string][] = [
      ["", "it must not be empty"],
      ["a".repeat(251), "it has 251 bytes, and the maximum is 250"],
      ["é".repeat(126), "it has 252 bytes"],
      ["a b", "it must not contain spaces or control characters"],
      ["a\r\nflush_all\r\n", "control characters"],
      ["a\n", "control characters"],
      ["a\0", "control characters"],
      ["\x7f", "control characters"],
      ["a\ud800", "lone surrogates"],
      [1, "it must be a string"],
      [null, "it must be a string"],
      [bytes("foo"), "it must be a string"],
    ];
    for (const [key, reason] of invalid) {
      for (const call of WITH_KEY) {
        // A program without types may pass any value.
        const error = failureResultOf(call(setup.client, key as string));
        assertInstanceOf(error, ClientError);
        assert(error.message.startsWith("Cannot use the key "), error.message);
        assert(error.message.includes(reason), error.message);
      }
    }
    assertEquals([setup.sent(), setup.client.inFlight], ["", 0]);
  },
);

cleanTest(
  "MemCacheProtocol fails a request with an invalid timeout like one with an invalid key",
  () => {
    const setup = new Setup();
    for (const timeout of [-1, NaN, "5" as never]) {
      const requests = [
        setup.client.get("foo", { timeout }),
        setup.client.getMultiple(["foo"], { timeout }),
        setup.client.getMultiple([], { timeout }),
        setup.client.set("foo", "bar", { timeout }),
        setup.client.version({ timeout }),
      ];
      for (const request of requests) {
        const error = failureResultOf(request);
        assertInstanceOf(error, ClientError);
        assert(error.message.startsWith("Cannot use the timeout "), error.message);
      }
    }
    assertEquals([setup.sent(), setup.client.inFlight], ["", 0]);
  },
);

cleanTest("MemCacheProtocol accepts keys of 250 bytes and of any language", () => {
  for (const key of ["a".repeat(250), "é".repeat(125), "schlüssel\u3000😀", "\ufeffkey"]) {
    const setup = new Setup();
    const deferred = setup.client.get(key);
    assertEquals(setup.transport.value(), bytes(`get ${key}\r\n`));
    setup.receive(`VALUE ${key} 0 1\r\nx\r\nEND\r\n`);
    assertEquals(successResultOf(deferred), bytes("x"));
  }
});

cleanTest("MemCacheProtocol.MAX_KEY_LENGTH may be changed", () => {
  const setup = new Setup();
  assertEquals(setup.client.MAX_KEY_LENGTH, 250);
  setup.client.MAX_KEY_LENGTH = 3;
  assertInstanceOf(failureResultOf(setup.client.get("long")), ClientError);
});

cleanTest(
  "MemCacheProtocol.getMultiple() fails with the error of its keys, and sends nothing",
  () => {
    const setup = new Setup();
    const error = new RangeError("no keys");
    function* keys(): Generator<string> {
      yield "foo";
      throw error;
    }
    assertStrictEquals(failureResultOf(setup.client.getMultiple(keys())), error);
    // A program without types may pass any value.
    assertInstanceOf(failureResultOf(setup.client.getMultiple(5 as never)), ClientError);
    assertEquals(setup.sent(), "");
  },
);

cleanTest("MemCacheProtocol.getMultiple() refuses a single string", () => {
  const error = failureResultOf(new Setup().client.getMultiple("foo"));
  assertInstanceOf(error, ClientError);
  assertEquals(
    error.message,
    'Cannot use the keys "foo": they must be an array or another iterable of strings',
  );
});

/** Arguments that must not become a part of a line. */
const INVALID: readonly [
  name: string,
  call: (client: MemCacheProtocol, value: never) => Deferred<unknown>,
  values: readonly unknown[],
][] = [
  ["flags", (c, flags) => c.set("k", "v", { flags }), [
    -1,
    1.5,
    2 ** 32,
    NaN,
    "0 0 1\r\nx",
    null,
    1n,
  ]],
  ["expireTime", (c, expireTime) => c.add("k", "v", { expireTime }), [
    2 ** 31,
    -(2 ** 31) - 1,
    0.5,
    Infinity,
    "1\r\n",
  ]],
  ["expireTime", (c, expireTime) => c.touch("k", expireTime), [2 ** 31, 0.5, "1 noreply"]],
  ["cas", (c, cas) => c.checkAndSet("k", "v", cas), [1, -1n, 2n ** 64n, "1 noreply", undefined]],
  ["amount", (c, amount) => c.increment("k", amount), [
    -1,
    0.5,
    2 ** 53,
    -1n,
    2n ** 64n,
    "1 noreply",
  ]],
  ["amount", (c, amount) => c.decrement("k", amount), [-1, NaN, "1\r\n"]],
  ["value", (c, value) => c.set("k", value), [1, null, [1, 2], new ArrayBuffer(2)]],
  ["value", (c, value) => c.append("k", value), [undefined]],
  ["argument of stats", (c, argument) => c.stats(argument), [
    "",
    " ",
    "items ",
    "a\r\nflush_all",
    "é",
    1,
    "a".repeat(251),
  ]],
  ["delay", (c, delay) => c.flushAll({ delay }), [-1, 0.5, 2 ** 31, "0\r\n"]],
  ["flag", (c, flag) => c.meta("mg", "k", [flag]), ["", "v t", "v\r\n", "1", "é", "q", 1, "O\0"]],
  ["flags", (c, flags) => c.meta("mg", "k", flags), ["v", null, {}]],
];

for (const [name, call, values] of INVALID) {
  cleanTest(`MemCacheProtocol sends no invalid ${name}: ${call}`, () => {
    const setup = new Setup();
    for (const value of values) {
      // A program without types may pass any value.
      const error = failureResultOf(call(setup.client, value as never));
      assertInstanceOf(error, ClientError);
      assert(error.message.startsWith(`Cannot use the ${name} `), error.message);
    }
    assertEquals([setup.sent(), setup.client.inFlight], ["", 0]);
  });
}

cleanTest("MemCacheProtocol sends the least and the greatest numbers", () => {
  const { client, transport } = new Setup();
  const requests = [
    client.set("k", "", { flags: 0, expireTime: -(2 ** 31) }),
    client.set("k", "", { flags: 2 ** 32 - 1, expireTime: 2 ** 31 - 1 }),
    client.checkAndSet("k", "", 0n),
    client.checkAndSet("k", "", 2n ** 64n - 1n),
    client.increment("k", 0),
    client.increment("k", Number.MAX_SAFE_INTEGER),
    client.flushAll({ delay: 0 }),
    client.flushAll({ delay: 2 ** 31 - 1 }),
  ];
  assertEquals(transport.text().split(/(?:\r\n)+/).slice(0, -1), [
    "set k 0 -2147483648 0",
    "set k 4294967295 2147483647 0",
    "cas k 0 0 0 0",
    "cas k 0 0 0 18446744073709551615",
    "incr k 0",
    "incr k 9007199254740991",
    "flush_all 0",
    "flush_all 2147483647",
  ]);
  transport.loseConnection();
  for (const request of requests) failureResultOf(request);
});

cleanTest("MemCacheProtocol.meta() refuses other commands, and a value where none belongs", () => {
  const { client } = new Setup();
  const failures = [
    // A program without types may pass any value.
    client.meta("mn" as "mg", "k"),
    client.meta("toString" as "mg", "k"),
    client.meta("ms", "k"),
    client.meta("mg", "k", [], { value: "x" }),
  ];
  for (const each of failures) assertInstanceOf(failureResultOf(each), ClientError);
});

cleanTest("MemCacheProtocol.meta() sends at most 16 flags with a value", () => {
  const setup = new Setup();
  const { client, transport } = setup;
  const flags = (count: number): string[] => Array.from({ length: count }, (_, i) => `O${i}`);
  client.meta("ms", "k", flags(16), { value: "x" });
  client.meta("mg", "k", flags(17));
  const sent = transport.text();
  const { message } = failureResultOf(client.meta("ms", "k", flags(17), { value: "x" }));
  assert(message.startsWith("Cannot send ms with 17 flags: "), message);
  assertEquals([transport.text(), client.inFlight], [sent, 2]);
  setup.receive("HD\r\nEN\r\n");
});

cleanTest("MemCacheProtocol sends no value longer than maxValueLength", () => {
  const setup = new Setup({ maxValueLength: 3 });
  setup.client.set("foo", bar);
  setup.client.set("foo", "bar");
  assertEquals(setup.sent(), "set foo 0 0 3\r\nbar\r\n".repeat(2));
  for (const value of ["barn", bytes("barn"), "éé"]) {
    const error = failureResultOf(setup.client.set("foo", value));
    assertInstanceOf(error, ClientError);
    assertEquals(error.message, "Cannot store a value of 4 bytes: the limit is 3 (maxValueLength)");
  }
  assertEquals(setup.sent(), "");
  setup.receive("STORED\r\nSTORED\r\n");
});

cleanTest("MemCacheProtocol sends no value whose length has changed while it waited", () => {
  const setup = new Setup({ maxInFlight: 1 });
  const buffer = new ArrayBuffer(3, { maxByteLength: 100 });
  const resizable = new Uint8Array(buffer);
  const detached = new Uint8Array(10);
  const first = setup.client.get("foo");
  const requests = [setup.client.set("a", resizable), setup.client.set("b", detached)];
  const last = setup.client.get("bar");
  buffer.resize(50);
  structuredClone(detached, { transfer: [detached.buffer] });
  setup.sent();
  setup.receive("END\r\n");
  assertEquals(setup.sent(), "get bar\r\n");
  for (const [i, length] of [3, 10].entries()) {
    const { sent, cause } = failureResultOf(requests[i] ?? last, RequestSendFailed);
    assertInstanceOf(cause, ClientError);
    assert(cause.message.startsWith(`Cannot send a value of ${length} bytes: `), cause.message);
    assertEquals(sent, false);
  }
  setup.receive("END\r\n");
  assertEquals([first, last].map(successResultOf), [null, null]);
});

cleanTest("MemCacheProtocol sends values of any size unchanged", () => {
  for (const size of [0, 1, 4096, 4097, 100_000]) {
    const setup = new Setup();
    const value = Uint8Array.from({ length: size }, (_, i) => i);
    setup.client.set("é", value);
    const expected = [...bytes(`set é 0 0 ${size}\r\n`), ...value, ...bytes("\r\n")];
    assertEquals(setup.transport.value(), Uint8Array.from(expected));
    setup.receive("STORED\r\n");
  }
});

cleanTest("MemCacheProtocol passes on a large value without a copy", () => {
  const setup = new Setup();
  const chunks: unknown[] = [];
  setup.transport.writeSequence = (data) => void chunks.push(...data);
  const value = new Uint8Array(4097);
  setup.client.set("key", value);
  assertStrictEquals(chunks[1], value);
  setup.receive("STORED\r\n");
});

const anyKey = fc.string({ unit: "binary", maxLength: 20 });
const anyNumber = fc.oneof(fc.integer(), fc.double());

cleanTest("MemCacheProtocol sends nothing but the commands that it is asked for", () => {
  fc.assert(fc.property(
    anyKey,
    fc.uint8Array({ maxLength: 10 }),
    anyNumber,
    anyNumber,
    fc.bigInt(),
    (key, value, flags, expireTime, amount) => {
      const setup = new Setup();
      const options = { flags, expireTime };
      const requests = [
        setup.client.get(key),
        setup.client.set(key, value, options),
        setup.client.checkAndSet(key, value, amount, options),
        setup.client.increment(key, amount),
        setup.client.meta("mg", "k", [key]),
        setup.client.stats(key),
      ];
      for (const request of requests) request.addErrback(() => {});
      // Reads what was sent as a server does.
      let rest = setup.transport.value();
      for (let i = 0; i < setup.client.inFlight; i++) {
        const end = rest.indexOf(0x0a);
        const line = new TextDecoder().decode(rest.subarray(0, end + 1));
        const match = /^(get|set|cas|incr|mg|stats) ([^\0-\x20\x7f]+)((?: \S+)*)\r\n$/.exec(line);
        assert(match !== null, JSON.stringify(line));
        const [, command = "", , words = ""] = match;
        const length = ["set", "cas"].includes(command) ? Number(words.split(" ")[3]) + 2 : 0;
        rest = rest.subarray(end + 1 + length);
      }
      assertEquals(rest.length, 0);
      setup.transport.loseConnection();
    },
  ));
});

cleanTest(
  "MemCacheProtocol.persistentTimeOut aborts a connection whose answer does not come",
  () => {
    const setup = new Setup();
    const requests = [setup.client.get("foo"), setup.client.get("bar")];
    setup.clock.advance(59.9);
    requests.forEach(assertNoResult);
    setup.clock.advance(0.1);
    const error = setup.abortCause();
    assertInstanceOf(error, TimeoutError);
    assertEquals(
      error.message,
      "The server sent nothing for 60 s while a request was unanswered",
    );
    for (const request of requests) setup.assertLost(request, true);
    setup.assertLost(setup.client.get("baz"), false);
  },
);

cleanTest("MemCacheProtocol.persistentTimeOut keeps the reason of an earlier abort", () => {
  const clock = new Clock();
  const client = new MemCacheProtocol({ clock });
  const transport = new StringTransport(); // its abortConnection() loses nothing yet
  client.makeConnection(transport);
  const request = client.get("foo");
  client.dataReceived(bytes("STORED\r\n"));
  clock.advance(60);
  const reason = transport.abortReason;
  assertInstanceOf(reason?.cause, UnexpectedAnswer);
  client.connectionLost(reason);
  const error = failureResultOf(request);
  assertInstanceOf(error, RequestLost);
  assertStrictEquals(error.cause, reason);
  assertEquals(clock.getDelayedCalls(), []);
});

cleanTest("MemCacheProtocol.persistentTimeOut ends with the last answer", () => {
  const setup = new Setup();
  const request = setup.client.get("foo");
  setup.clock.advance(59);
  setup.receive("VALUE foo 0 3\r\nbar\r\nEND\r\n");
  assertEquals(successResultOf(request), bar);
  assertEquals(setup.clock.getDelayedCalls(), []);
});

cleanTest("MemCacheProtocol.persistentTimeOut includes a value and statistics in part", () => {
  for (const part of ["VALUE foo 0 10\r\n12345", "STAT foo bar\r\n"]) {
    const setup = new Setup();
    const request = part.startsWith("STAT") ? setup.client.stats() : setup.client.get("foo");
    setup.receive(part);
    setup.clock.advance(60);
    assertInstanceOf(setup.abortCause(), TimeoutError);
    setup.assertLost(request, true);
  }
});

cleanTest("MemCacheProtocol.persistentTimeOut counts from the last byte of the server", () => {
  const setup = new Setup();
  const first = setup.client.get("foo");
  const second = setup.client.get("bar");
  setup.clock.advance(59);
  setup.receive("VALUE foo 0 3\r\nbar\r\nEND\r\n");
  assertEquals(successResultOf(first), bar);
  assertEquals(setup.clock.getDelayedCalls().length, 1);
  setup.clock.advance(59);
  assertNoResult(second);
  setup.clock.advance(1);
  assertInstanceOf(setup.abortCause(), TimeoutError);
  setup.assertLost(second, true);
});

cleanTest("MemCacheProtocol.persistentTimeOut is not extended by further requests", () => {
  const setup = new Setup();
  const first = setup.client.get("foo");
  setup.clock.advance(59);
  const second = setup.client.get("bar");
  setup.clock.advance(1);
  assertInstanceOf(setup.abortCause(), TimeoutError);
  for (const request of [first, second]) setup.assertLost(request, true);
});

cleanTest("MemCacheProtocol.persistentTimeOut may be Infinity, and may be changed", () => {
  const setup = new Setup({ persistentTimeOut: Infinity });
  const first = setup.client.get("foo");
  assertEquals(setup.clock.getDelayedCalls(), []);
  setup.client.persistentTimeOut = 5;
  const second = setup.client.get("bar");
  setup.receive("END\r\n");
  assertEquals(successResultOf(first), null);
  setup.clock.advance(5);
  assertInstanceOf(setup.abortCause(), TimeoutError);
  setup.assertLost(second, true);
});

cleanTest("MemCacheProtocol.persistentTimeOut ignores a request that could not be sent", () => {
  const setup = new Setup();
  const value = new Uint8Array(3);
  const error = new TypeError("no");
  setup.transport.write = () => {
    throw error;
  };
  const failure = failureResultOf(setup.client.set("foo", value), RequestSendFailed);
  assertStrictEquals(failure.cause, error);
  assertEquals([failure.sent, setup.client.inFlight], [false, 0]);
  setup.clock.advance(60);
  assert(setup.transport.connected);
});

cleanTest("MemCacheProtocol uses the clock of its connection", () => {
  const clock = new Clock();
  const client = new MemCacheProtocol({ timeout: 5 });
  // The clock of a test has the methods of a reactor's time.
  client.makeConnection(new StringTransport({ clock }));
  const request = client.get("foo");
  clock.advance(5);
  assertEquals(failureResultOf(request, RequestTimeout).sent, true);
  client.connectionLost(new ConnectionDone());
  assertEquals(clock.getDelayedCalls(), []);
});

cleanTest("MemCacheProtocol fails a request if there is no clock, and sends nothing", () => {
  for (const options of [{}, { persistentTimeOut: Infinity, timeout: 5 }]) {
    const client = new MemCacheProtocol(options);
    const transport = new StringTransport();
    client.makeConnection(transport);
    const { cause, sent } = failureResultOf(client.get("foo"), RequestSendFailed);
    assertInstanceOf(cause, Error);
    const { message } = cause;
    assert(message.startsWith("Cannot watch for the answers of MemCacheProtocol:"), message);
    assertEquals([transport.text(), sent, client.inFlight], ["", false, 0]);
  }
});

cleanTest("MemCacheProtocol fails requests that are made before the connection", () => {
  const client = new MemCacheProtocol({ clock: new Clock(), persistentTimeOut: Infinity });
  const { message } = failureResultOf(client.get("foo"), RequestSendFailed);
  assert(message.includes("its connection has not been made"), message);
});

cleanTest(
  "MemCacheProtocol option timeout fails one request, and later ones get their answers",
  () => {
    const setup = new Setup({ timeout: 5 });
    const first = setup.client.get("foo");
    const second = setup.client.get("bar", { timeout: 50 });
    setup.clock.advance(5);
    assertEquals(failureResultOf(first, RequestTimeout).sent, true);
    setup.receive("VALUE foo 0 3\r\nold\r\nEND\r\nVALUE bar 0 3\r\nbar\r\nEND\r\n");
    assertEquals(successResultOf(second), bar);
  },
);

cleanTest("MemCacheProtocol option signal abandons each kind of request", () => {
  const setup = new Setup();
  const controller = new AbortController();
  const { signal } = controller;
  const storage: MemCacheStorageOptions = { signal };
  const c = setup.client;
  const requests: Deferred<unknown>[] = [
    c.get("k", { signal }),
    c.gets("k", { signal }),
    c.getMultiple(["k"], { signal }),
    c.getsMultiple(["k"], { signal }),
    c.set("k", "v", storage),
    c.add("k", "v", storage),
    c.replace("k", "v", storage),
    c.append("k", "v", { signal }),
    c.prepend("k", "v", { signal }),
    c.checkAndSet("k", "v", 1n, storage),
    c.increment("k", 1, { signal }),
    c.decrement("k", 1, { signal }),
    c.delete("k", { signal }),
    c.touch("k", 1, { signal }),
    c.stats("items", { signal }),
    c.version({ signal }),
    c.flushAll({ signal }),
    c.meta("mg", "k", [], { signal }),
  ];
  controller.abort();
  for (const request of requests) {
    assertEquals(failureResultOf(request, RequestCancelled).sent, true);
  }
  assertEquals(setup.client.inFlight, requests.length);
  setup.sent();
  assertEquals(failureResultOf(c.get("k", { signal }), RequestCancelled).sent, false);
  assertEquals(setup.sent(), "");
  setup.transport.loseConnection();
});

cleanTest("MemCacheProtocol.append() and prepend() ignore flags and an expiration time", () => {
  const setup = new Setup();
  const options = { flags: 1, expireTime: 2, timeout: 9 };
  setup.client.append("foo", bar, options);
  setup.client.prepend("foo", bar, options);
  assertEquals(setup.sent(), "append foo 0 0 3\r\nbar\r\nprepend foo 0 0 3\r\nbar\r\n");
  setup.receive("STORED\r\nSTORED\r\n");
});

cleanTest("MemCacheProtocol sends requests that callbacks make, and keeps the order", () => {
  const setup = new Setup();
  const values: unknown[] = [];
  const chain = setup.client.get("a").addCallback((a) => {
    values.push(a);
    return setup.client.get("b").addCallback((b) => values.push(b));
  });
  const other = setup.client.version();
  setup.receive("VALUE a 0 1\r\n1\r\nEND\r\nVERSION 1\r\nVALUE b 0 1\r\n2\r\nEND\r\n");
  assertEquals(successResultOf(other), "1");
  assertEquals([successResultOf(chain), values], [2, [bytes("1"), bytes("2")]]);
});

cleanTest("MemCacheProtocol accepts an answer that arrives while the request is written", () => {
  const setup = new Setup();
  setup.transport.write = () => setup.receive("VERSION 1\r\n");
  const [first, second] = [setup.client.version(), setup.client.version()];
  assertEquals([successResultOf(first), successResultOf(second)], ["1", "1"]);
  assertEquals(setup.clock.getDelayedCalls(), []);
});

cleanTest("MemCacheProtocol() checks its options", () => {
  for (
    const name of [
      "persistentTimeOut",
      "timeout",
      "maxInFlight",
      "maxInFlightBytes",
      "maxValueLength",
    ]
  ) {
    assertThrows(() => new MemCacheProtocol({ [name]: -1 }), RangeError);
  }
  assertEquals(DEFAULT_PORT, 11211);
});
