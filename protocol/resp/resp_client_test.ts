/** Commands of a RESP client. Subscriptions are in `subscription_test.ts`. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import type { Deferred } from "../../defer/mod.ts";
import { ConnectionAborted } from "../../reactor/errors.ts";
import { Clock } from "../../task/mod.ts";
import {
  cleanTest,
  type ConnectedPair,
  connectedServerAndClient,
  failureResultOf,
  flushLoggedErrors,
  successResultOf,
  TestPeer,
} from "../../testing/mod.ts";
import { connectProtocol } from "../../testing/fixtures/protocol_fixture.ts";
import {
  FramingError,
  HeartbeatTimeout,
  RequestCancelled,
  RequestLost,
  RequestQueueFull,
  RequestSendFailed,
  RequestTimeout,
  UnexpectedAnswer,
} from "../mod.ts";
import {
  asBytesOrNull,
  asInteger,
  asRaw,
  type CommandWords,
  encodeCommand,
  RESPClient,
  type RESPClientOptions,
  RESPError,
  SubscriptionEnded,
  UnexpectedReply,
} from "./mod.ts";

type Pair = ConnectedPair<TestPeer, RESPClient>;

/** Connects a client with a server that the test moves. */
function connect(options: Partial<RESPClientOptions> = {}): Pair {
  const clock = new Clock();
  return connectedServerAndClient(TestPeer, new RESPClient({ clock, ...options }), { clock });
}

/** Returns the bytes of commands, as text. */
function commands(...all: CommandWords[]): string {
  return all.map((words) => new TextDecoder().decode(encodeCommand(words))).join("");
}

/** Lets the client receive replies. */
function answer(pair: Pair, ...replies: string[]): void {
  pair.server.send(replies.map((reply) => `${reply}\r\n`).join(""));
  pair.pump.flush();
}

/** Returns what the server has received since the last call. */
function received(pair: Pair): string {
  pair.pump.flush();
  return pair.server.take();
}

cleanTest("RESPClient.command() sends a command, and returns strings as text", () => {
  using pair = connect();
  const reply = pair.client.command(["GET", "key"]);
  assertEquals(received(pair), "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
  assertEquals(pair.client.inFlight, 1);
  answer(pair, "$5\r\nvalue");
  assertEquals(successResultOf(reply), "value");
  const nested = pair.client.command(["COMMAND"]);
  answer(pair, "*3\r\n$1\r\na\r\n%1\r\n+k\r\n$1\r\nv\r\n=5\r\ntxt:b");
  assertEquals(successResultOf(nested), ["a", new Map([["k", "v"]]), "b"]);
});

cleanTest("RESPClient.command() sends the commands of one turn in one write", () => {
  using pair = connect();
  const replies = ["a", "b", "c"].map((key) => pair.client.command(["GET", key]));
  pair.pump.flush();
  assertEquals(pair.server.chunks.length, 1);
  answer(pair, "$1\r\nA", "$-1", "_");
  assertEquals(replies.map(successResultOf), ["A", null, null]);
});

cleanTest(
  "RESPClient holds commands back, rather than exceed the connection's writeBufferLimit",
  () => {
    const client = new RESPClient({ clock: new Clock(), maxInFlightBytes: 5000 });
    using fixture = connectProtocol(client, { capacity: 100, writeBufferLimit: 6000 });
    const value = "x".repeat(1000);
    const replies = Array.from({ length: 20 }, (_, i) => client.command(["SET", `key${i}`, value]));
    assertEquals([fixture.reason, client.inFlight], [null, 4]);
    for (let i = 0; i < 20; i++) {
      fixture.flush();
      fixture.peer.send("+OK\r\n");
      fixture.flush();
    }
    assertEquals([replies.map(successResultOf).length, fixture.reason], [20, null]);
    assertEquals(fixture.peer.text.split(value).length, 21);
  },
);

cleanTest("RESPClient.command() fails if too many bytes wait, and nothing is sent", () => {
  const client = new RESPClient({ clock: new Clock(), maxInFlightBytes: 1, maxWaitingBytes: 100 });
  using fixture = connectProtocol(client);
  const first = client.command(["PING"]);
  const second = client.command(["SET", "a", "x".repeat(1000)]);
  const error = failureResultOf(client.command(["PING"]), RequestQueueFull);
  assertEquals([error.sent, client.inFlight], [false, 1]);
  assertStringIncludes(error.message, "maxWaitingBytes");
  fixture.peer.send("+PONG\r\n");
  fixture.flush();
  fixture.peer.send("+OK\r\n");
  fixture.flush();
  assertEquals([successResultOf(first), successResultOf(second)], ["PONG", "OK"]);
});

cleanTest("RESPClient.command({ read }) gives the reply its type", () => {
  using pair = connect();
  const number: Deferred<number> = pair.client.command(["INCR", "n"], { read: asInteger });
  const bytes: Deferred<Uint8Array | null> = pair.client.command(["GET", "a"], {
    read: asBytesOrNull,
  });
  const wrong = pair.client.command(["INCR", "n"], { read: asInteger });
  const raw = pair.client.command(["GET", "b"], { read: asRaw });
  answer(pair, ":8", "$1\r\nx", "$1\r\n7", "$1\r\nz");
  assertEquals(successResultOf(number), 8);
  assertEquals(successResultOf(bytes), Uint8Array.of(0x78));
  const error = failureResultOf(wrong, UnexpectedReply);
  assertEquals(error.message, "Cannot read the reply as an integer: it is a Uint8Array");
  assertEquals(successResultOf(raw), Uint8Array.of(0x7a));
});

cleanTest("RESPClient.command() fails with the error of the server, with its code", () => {
  using pair = connect();
  const replies = [1, 2].map(() => pair.client.command(["INCR", "text"]));
  answer(pair, "-WRONGTYPE not an integer", "!9\r\nERR b\r\nlo");
  const errors = replies.map((each) => failureResultOf(each, RESPError));
  assertEquals(errors.map(({ code, message }) => [code, message]), [
    ["WRONGTYPE", "WRONGTYPE not an integer"],
    ["ERR", "ERR b\r\nlo"],
  ]);
});

cleanTest("RESPClient.command() accepts replies that are split at any byte", () => {
  const wire = "+OK\r\n*2\r\n:1\r\n$2\r\nab\r\n>2\r\n+other\r\n:1\r\n-ERR no\r\n";
  fc.assert(
    fc.property(fc.array(fc.nat({ max: wire.length })), (cuts) => {
      using pair = connect();
      const replies = [1, 2, 3].map(() => pair.client.command(["X"]));
      let sent = 0;
      for (const cut of [...cuts.toSorted((a, b) => a - b), wire.length]) {
        pair.server.send(wire.slice(sent, cut));
        pair.pump.flush();
        sent = cut;
      }
      assertEquals(replies.slice(0, 2).map(successResultOf), ["OK", [1, "ab"]]);
      assertEquals(replies.slice(2).map((each) => failureResultOf(each, RESPError).code), ["ERR"]);
      // The sanitizer checks that nothing is left.
      pair.clientTransport.loseConnection();
    }),
    { seed: 2024, numRuns: 50 },
  );
});

cleanTest("RESPClient.command() throws for a command that it cannot send", () => {
  using pair = connect();
  const { client } = pair;
  for (const name of ["subscribe", "PUNSUBSCRIBE", "hello", "MONITOR", "reset", "PSYNC"]) {
    assertThrows(() => client.command([name]), TypeError, name.toUpperCase());
    assertThrows(() => client.transaction([["GET", "a"], [name]]), TypeError);
  }
  assertThrows(() => client.command(["client", "reply", "off"]), TypeError, "CLIENT REPLY");
  // The casts are those of a caller without types.
  assertThrows(() => client.command(["SET", {} as string]), TypeError, "in a command");
  assertThrows(() => client.command([] as never), RangeError, "no name");
  assertThrows(() => client.command(["GET", "a"], { read: 1 as never }), TypeError, "read");
  assertThrows(() => client.command(["GET", "a"], { timeout: -1 }), RangeError, "timeout");
  assertEquals(received(pair), "");
  client.command(["CLIENT", "ID"]).addErrback(() => {});
  assertEquals(received(pair), commands(["CLIENT", "ID"]));
});

cleanTest("RESPClient drops the late reply to a command that timed out", () => {
  using pair = connect({ timeout: 2 });
  const late = pair.client.command(["GET", "late"]);
  const patient = pair.client.command(["GET", "patient"], { timeout: 9 });
  pair.pump.advance(2);
  assertEquals(failureResultOf(late, RequestTimeout).sent, true);
  answer(pair, "$1\r\na", "$1\r\nb");
  assertEquals(successResultOf(patient), "b");
});

cleanTest("RESPClient.command({ signal }) abandons the command", () => {
  using pair = connect();
  const leaving = new AbortController();
  const left = pair.client.command(["GET", "a"], leaving);
  const next = pair.client.command(["GET", "b"]);
  leaving.abort(new Error("the user has left"));
  assertEquals(failureResultOf(left, RequestCancelled).sent, true);
  answer(pair, "$1\r\na", "$1\r\nb");
  assertEquals(successResultOf(next), "b");
  const late = failureResultOf(pair.client.command(["GET", "c"], leaving), RequestCancelled);
  assertEquals(late.sent, false);
});

cleanTest("RESPClient fails commands with `sent` when the connection is lost", () => {
  using pair = connect({ maxInFlight: 1, maxWaiting: 1 });
  const sent = pair.client.command(["GET", "a"]);
  const waiting = pair.client.command(["GET", "b"]);
  const full = pair.client.command(["GET", "c"]);
  assertEquals(failureResultOf(full, RequestQueueFull).sent, false);
  pair.serverTransport.loseConnection();
  pair.pump.flush();
  const failures = [sent, waiting, pair.client.command(["GET", "d"])];
  assertEquals(failures.map((each) => failureResultOf(each, RequestLost).sent), [
    true,
    false,
    false,
  ]);
});

Deno.test("RESPClient.command() fails with sent: false before there is a connection", () => {
  const client = new RESPClient({ clock: new Clock() });
  assertEquals(failureResultOf(client.command(["PING"]), RequestSendFailed).sent, false);
});

cleanTest("RESPClient aborts a connection with malformed replies, with the reason", () => {
  using pair = connect();
  const reply = pair.client.command(["GET", "a"]);
  answer(pair, "$x");
  const { cause } = failureResultOf(reply, RequestLost);
  assertInstanceOf(cause, ConnectionAborted);
  assertInstanceOf(cause.cause, FramingError);
});

cleanTest("RESPClient option limits aborts a connection with too long replies", () => {
  for (
    const [limits, reply] of [
      [{ maxBulkLength: 4 }, "$5\r\nabcde"],
      [{ maxElements: 1 }, "*2\r\n:1\r\n:2"],
      [{ maxDepth: 1 }, "*1\r\n*1\r\n:1"],
      [{ maxLineLength: 4 }, "+abcdefgh"],
    ] as const
  ) {
    using pair = connect({ limits });
    const asked = pair.client.command(["GET", "a"]);
    answer(pair, reply);
    assertInstanceOf(failureResultOf(asked, RequestLost).cause, ConnectionAborted);
  }
});

cleanTest("RESPClient closes a connection with a reply to no command", () => {
  using pair = connect();
  answer(pair, "+OK");
  assertEquals(flushLoggedErrors(UnexpectedAnswer).length, 1);
  assertInstanceOf(pair.clientReason, UnexpectedAnswer);
});

cleanTest("RESPClient closes with the error of a server that refuses the connection", () => {
  using pair = connect();
  answer(pair, "-ERR max number of clients reached");
  assertEquals(flushLoggedErrors(RESPError).length, 1);
  assertEquals(pair.clientReason?.message, "ERR max number of clients reached");
});

cleanTest("RESPClient.transaction() sends all commands together, and returns their replies", () => {
  using pair = connect();
  const before = pair.client.command(["GET", "x"]);
  const done = pair.client.transaction([["INCR", "a"], ["LPUSH", "a", "b"]]);
  const after = pair.client.command(["GET", "y"]);
  assertEquals(
    received(pair),
    commands(["GET", "x"], ["MULTI"], ["INCR", "a"], ["LPUSH", "a", "b"], ["EXEC"], ["GET", "y"]),
  );
  answer(pair, "$1\r\nx", "+OK", "+QUEUED");
  assertEquals(successResultOf(before), "x");
  answer(pair, "+QUEUED", "*2\r\n:1\r\n-WRONGTYPE bad", "$1\r\ny");
  const [count, error] = successResultOf(done) as unknown[];
  assertEquals(count, 1);
  assertInstanceOf(error, RESPError);
  assertEquals(successResultOf(after), "y");
});

cleanTest("RESPClient.transaction() fires with null if a watched key has changed", () => {
  for (const nothing of ["*-1", "_"]) {
    using pair = connect();
    const done = pair.client.transaction([["INCR", "a"]]);
    answer(pair, "+OK", "+QUEUED", nothing);
    assertEquals(successResultOf(done), null);
  }
});

cleanTest("RESPClient.transaction() fails with the error of a command that is not accepted", () => {
  using pair = connect();
  const done = pair.client.transaction([["GET"], ["INCR", "a"]]);
  const next = pair.client.command(["PING"]);
  answer(pair, "+OK", "-ERR wrong number of arguments", "+QUEUED", "-EXECABORT discarded", "+PONG");
  assertEquals(failureResultOf(done, RESPError).message, "ERR wrong number of arguments");
  assertEquals(successResultOf(next), "PONG");
});

cleanTest("RESPClient.transaction() that is abandoned keeps later replies in place", () => {
  using pair = connect({ maxInFlight: 2 });
  const sent = pair.client.transaction([["INCR", "a"]]);
  const next = pair.client.command(["GET", "b"]);
  const unsent = pair.client.transaction([["INCR", "c"]]);
  for (const each of [sent, unsent]) each.cancel();
  assertEquals(
    [sent, unsent].map((each) => failureResultOf(each, RequestCancelled).sent),
    [true, false],
  );
  answer(pair, "+OK", "+QUEUED", "*1\r\n:1", "$1\r\nb");
  assertEquals(successResultOf(next), "b");
  assertEquals(received(pair), commands(["MULTI"], ["INCR", "a"], ["EXEC"], ["GET", "b"]));
});

cleanTest("RESPClient sends PING when the server is silent, and aborts a dead connection", () => {
  using pair = connect({ timeout: Infinity });
  pair.pump.advance(30);
  assertEquals(received(pair), commands(["PING"]));
  const reply = pair.client.command(["GET", "a"]);
  answer(pair, "+PONG", "$1\r\na");
  assertEquals(successResultOf(reply), "a");
  pair.pump.advance(30);
  answer(pair, "-NOPERM no permission to PING");
  const hanging = pair.client.command(["GET", "b"]);
  for (let i = 0; i < 3; i++) pair.pump.advance(30);
  assertInstanceOf(failureResultOf(hanging, RequestLost).cause, HeartbeatTimeout);
});

cleanTest("RESPClient option heartbeat: null sends no PING", () => {
  using pair = connect({ heartbeat: null });
  pair.pump.advance(1000);
  assertEquals(received(pair), "");
});

cleanTest("RESPClient option maxTimeouts aborts the connection of a hanging server", () => {
  using pair = connect({ timeout: 1, maxTimeouts: 2 });
  const replies = [1, 2].map(() => pair.client.command(["GET", "a"]));
  pair.pump.advance(1);
  for (const each of replies) failureResultOf(each, RequestTimeout);
  pair.pump.flush();
  assertInstanceOf(pair.clientReason?.cause, RequestTimeout);
});

cleanTest("RESPClient.prepare() agrees on RESP3, logs in and selects the database", () => {
  using pair = connect({
    username: "ada",
    password: "secret",
    clientName: "test",
    database: 3,
  });
  const ready = pair.client.prepare();
  assertEquals(
    received(pair),
    commands(["HELLO", 3, "AUTH", "ada", "secret", "SETNAME", "test"]),
  );
  assertEquals(pair.client.version, 2);
  answer(pair, "%1\r\n+proto\r\n:3");
  assertEquals(received(pair), commands(["SELECT", 3]));
  answer(pair, "+OK");
  assertEquals(successResultOf(ready), pair.client);
  assertEquals(pair.client.version, 3);
});

cleanTest("RESPClient.prepare() uses RESP2 if the server does not know RESP3", () => {
  for (const refusal of ["-ERR unknown command `HELLO`", "-NOPROTO unsupported version"]) {
    using pair = connect({ password: "secret", clientName: "test" });
    const ready = pair.client.prepare();
    assertEquals(
      received(pair),
      commands(["HELLO", 3, "AUTH", "default", "secret", "SETNAME", "test"]),
    );
    answer(pair, refusal);
    assertEquals(received(pair), commands(["AUTH", "secret"]));
    answer(pair, "+OK");
    assertEquals(received(pair), commands(["CLIENT", "SETNAME", "test"]));
    answer(pair, "+OK");
    successResultOf(ready);
    assertEquals(pair.client.version, 2);
  }
});

cleanTest("RESPClient option version: 2 sends no HELLO", () => {
  using pair = connect({ version: 2, username: "ada", password: "secret" });
  const ready = pair.client.prepare();
  assertEquals(received(pair), commands(["AUTH", "ada", "secret"]));
  answer(pair, "+OK");
  successResultOf(ready);
  using plain = connect({ version: 2 });
  successResultOf(plain.client.prepare());
  assertEquals(received(plain), "");
});

cleanTest("RESPClient.prepare() fails with the error of the server, without the password", () => {
  const password = "s3cret";
  for (
    const [replies, message] of [
      [["-WRONGPASS invalid pair"], "WRONGPASS invalid pair"],
      [["-NOAUTH HELLO must be called"], "NOAUTH HELLO must be called"],
      [["-OOPS you sent s3cret"], "OOPS you sent (password)"],
      [["-s3cret is wrong"], "(password) is wrong"],
      [
        [
          "-ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `x`, `s3cr",
          "-ERR unknown command `AUTH`, with args beginning with: `s3cr",
        ],
        "ERR unknown command `AUTH`",
      ],
    ] as const
  ) {
    using pair = connect({ password });
    const ready = pair.client.prepare();
    for (const reply of replies) answer(pair, reply);
    const error = failureResultOf(ready, RESPError);
    assertEquals(error.message, message);
    assert(!Deno.inspect(error).includes("s3cr"));
  }
});

cleanTest("RESPClient shows its password in no text", () => {
  using pair = connect({ password: "s3cret" });
  const { client } = pair;
  const ready = client.prepare();
  assert(!Deno.inspect(client, { depth: 9, showHidden: true }).includes("s3cret"));
  pair.serverTransport.abortConnection();
  pair.pump.flush();
  const error = failureResultOf(ready, RequestLost);
  assert(!Deno.inspect(error, { depth: 9 }).includes("s3cret"));
  using repeating = connect({ password: "s3cret" });
  const refused = repeating.client.prepare();
  answer(repeating, ":s3cret");
  const { cause } = failureResultOf(refused, RequestLost);
  assertStringIncludes(Deno.inspect(cause), "a line is not valid (at byte 0 of the input)");
  assert(!Deno.inspect(cause).includes("s3cret"));
});

cleanTest("RESPClient option push receives what the server sends without being asked", () => {
  const pushes: unknown[] = [];
  using pair = connect({ push: (kind, data) => pushes.push([kind, data]) });
  const reply = pair.client.command(["GET", "a"]);
  answer(pair, ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na", "$1\r\nA", ">1\r\n+x");
  assertEquals(successResultOf(reply), "A");
  assertEquals(pushes, [["invalidate", [["a"]]], ["x", []]]);
  using deaf = connect();
  answer(deaf, ">2\r\n$10\r\ninvalidate\r\n_");
  assertEquals(deaf.clientTransport.connected, true);
});

Deno.test("RESPClient() rejects options that are out of range, and names them", () => {
  const make = (options: object): RESPClient => new RESPClient({ clock: new Clock(), ...options });
  for (
    const [options, name] of [
      [{ version: 4 }, "version"],
      [{ database: -1 }, "database"],
      [{ timeout: -1 }, "timeout"],
      [{ maxInFlight: 0 }, "maxInFlight"],
      [{ limits: { maxDepth: -1 } }, "maxDepth"],
      [{ heartbeat: { interval: 0 } }, "heartbeat interval"],
      [{ heartbeat: { interval: 1, maxMissed: 0 } }, "heartbeat maxMissed"],
    ] as const
  ) assertThrows(() => make(options), RangeError, name);
  assertThrows(() => make({ username: "ada" }), TypeError, "no password");
  const error = assertThrows(() => make({ password: 12345 }), TypeError, "password");
  assert(!error.message.includes("12345"));
  assertStringIncludes(String(assertThrows(() => make({ push: 1 }), TypeError)), "push");
});

/** Parts of what a server may send, valid or not, in any order. */
const part = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom("+OK\r\n", "+QUEUED\r\n", "-ERR no\r\n", ":1\r\n", "_\r\n"),
  },
  { weight: 6, arbitrary: fc.constantFrom("$1\r\na\r\n", "*1\r\n", "*3\r\n", ">3\r\n", "%1\r\n") },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      ">3\r\n+subscribe\r\n+news\r\n:1\r\n",
      ">3\r\n+unsubscribe\r\n+news\r\n:0\r\n",
      ">3\r\n+message\r\n+news\r\n$1\r\nx\r\n",
      "*3\r\n+message\r\n+news\r\n$1\r\nx\r\n",
      ">0\r\n",
      ">1\r\n:1\r\n",
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 5 }) },
);

cleanTest("RESPClient settles everything once, whatever the server sends", () => {
  fc.assert(
    fc.property(fc.constantFrom(2, 3), fc.array(part), (version, parts) => {
      using pair = connect();
      const { client } = pair;
      if (version === 3) {
        client.prepare().addErrback(() => {});
        answer(pair, "%0");
      }
      let [asked, settled] = [0, 0];
      const ask = (deferred: Deferred<unknown>): void => {
        asked++;
        deferred.addBoth(() => void settled++);
      };
      ask(client.command(["GET", "a"]));
      ask(client.subscribe("news", { message: () => {} }));
      ask(client.transaction([["INCR", "a"]]));
      ask(client.subscribe("other", { maxBuffered: 1 }));
      ask(client.command(["GET", "b"], { read: asInteger }));
      for (const each of parts) {
        pair.server.send(each);
        pair.pump.flush();
      }
      pair.serverTransport.abortConnection();
      pair.pump.flush();
      assertEquals([settled, client.inFlight], [asked, 0]);
      const logged = flushLoggedErrors();
      const classes = [UnexpectedAnswer, UnexpectedReply, RESPError, SubscriptionEnded];
      assert(
        logged.length <= 2 &&
          logged.every((error) => classes.some((each) => error instanceof each)),
      );
    }),
    { seed: 2024, numRuns: 500 },
  );
});
