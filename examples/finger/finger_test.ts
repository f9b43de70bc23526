// The module finger.ts: queries, limits and time limits of the server, and the client. The answers
// and the grammar are those of RFC 1288. Of Twisted's `test/test_finger.py`, all four tests.

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Clock, Deferred, Factory, fail, type Protocol } from "../../mod.ts";
import {
  cleanTest,
  type ConnectedPair,
  connectedServerAndClient,
  failureResultOf,
  IOPump,
  LoggedErrors,
  MemoryEndpoints,
  MemoryReactorClock,
  successResultOf,
  TestPeer,
} from "../../testing/mod.ts";
import { TimeoutError } from "../../defer/mod.ts";
import { nextMacrotask } from "../../testing/next_macrotask.ts";
import { makeService } from "./15_configuration.ts";
import { askFinger, FingerFactory, type FingerOptions, forwardTo, parseQuery } from "./finger.ts";

/** A client that is connected to a server. */
function serve(options: Partial<FingerOptions> = {}): ConnectedPair<Protocol, TestPeer> {
  const clock = new Clock();
  const users = new Map([["ada", "Writes programs"]]);
  const factory = new FingerFactory(clock, { getUser: ({ user }) => users.get(user), ...options });
  return connectedServerAndClient(factory, TestPeer, { clock });
}

/** Sends a query, and returns the answer and how the connection ended. */
function ask(query: string, options: Partial<FingerOptions> = {}): [string, string] {
  using pair = serve(options);
  pair.client.send(query);
  pair.pump.flush();
  return [pair.client.text, pair.client.ending];
}

for (
  const [line, user, hosts, isVerbose] of [
    ["", "", [], false],
    ["ada", "ada", [], false],
    ["/W", "", [], true],
    ["/w ada", "ada", [], true],
    ["/W  ada ", "ada", [], true],
    ["/Wada", "/Wada", [], false],
    ["@north", "", ["north"], false],
    ["ada@north", "ada", ["north"], false],
    ["/W ada@north@south", "ada", ["north", "south"], true],
  ] as const
) {
  cleanTest(`parseQuery() reads ${JSON.stringify(line)}`, () => {
    assertEquals(parseQuery(line), { user, hosts: [...hosts], isVerbose });
  });
}

for (const line of ["/W\nada", "\nada", "\rada", "ada\r", "/W\u2028ada", "\xa0ada"]) {
  cleanTest(`parseQuery() takes no line break for a space: ${JSON.stringify(line)}`, () => {
    assertEquals(parseQuery(line), null);
  });
}

for (const line of ["ada lovelace", "ada@", "ada@@north", "a\x07da", "ädä", "ada /W"]) {
  cleanTest(`parseQuery() refuses ${JSON.stringify(line)}`, () => {
    assertEquals(parseQuery(line), null);
  });
}

cleanTest("FingerFactory answers with lines that end in CR LF, and closes the connection", () => {
  assertEquals(ask("ada\r\n"), ["Writes programs\r\n", "closed"]);
  assertEquals(ask("ada\n"), ["Writes programs\r\n", "closed"]);
  assertEquals(ask("eve\r\n"), ["No such user\r\n", "closed"]);
  const getUser = (): string => "one\ntwo\r\nthree\n";
  assertEquals(ask("ada\r\n", { getUser })[0], "one\r\ntwo\r\nthree\r\n");
});

cleanTest("FingerFactory denies the list of users and other hosts by default", () => {
  assertEquals(ask("\r\n"), ["Finger online user list denied\r\n", "closed"]);
  assertEquals(ask("/W\r\n")[0], "Finger online user list denied\r\n");
  assertEquals(ask("ada@north\r\n"), ["Finger forwarding service denied\r\n", "closed"]);
  assertEquals(ask("@north\r\n", { getUsers: () => "ada" })[0].includes("denied"), true);
  assertEquals(ask("\r\n", { getUsers: () => "ada" })[0], "ada\r\n");
});

cleanTest("FingerFactory refuses malformed and oversized queries", () => {
  assertEquals(ask("ada lovelace\r\n"), ["This is not a query of RFC 1288\r\n", "closed"]);
  assertEquals(ask(`${"a".repeat(511)}\r\n`), ["No such user\r\n", "closed"]);
  assertEquals(ask("a".repeat(600)), ["The query is too long\r\n", "closed"]);
});

cleanTest("FingerFactory gives the same answer however the bytes of a query are divided", () => {
  fc.assert(fc.property(
    fc.constantFrom("ada\r\n", "/W eve\n", "x y\n", `${"a".repeat(515)}\n`),
    fc.array(fc.nat(600), { maxLength: 8 }),
    (query, cuts) => {
      using pair = serve();
      const places = [0, ...cuts.filter((cut) => cut < query.length), query.length];
      places.sort((a, b) => a - b).forEach((end, index) => {
        if (pair.client.ending !== "" || index === 0) return;
        pair.client.send(query.slice(places[index - 1], end));
        pair.pump.flush();
      });
      assertEquals([pair.client.text, pair.client.ending], ask(query));
    },
  ));
});

cleanTest("FingerFactory does not wait longer for a query whose bytes arrive slowly", () => {
  using pair = serve({ queryTimeout: 10 });
  for (let second = 0; second < 9; second++) {
    pair.client.send("a");
    pair.pump.advance(1);
  }
  assertEquals(pair.client.text, "");
  pair.pump.advance(1);
  assertEquals(pair.client.text, "The query did not arrive in time\r\n");
  assertEquals(pair.client.ending, "closed");
});

cleanTest("FingerFactory ends the time limit of a query when the query has arrived", () => {
  const found = new Deferred<string>();
  using pair = serve({ getUser: () => found, queryTimeout: 10 });
  pair.client.send("ada\r\n");
  pair.pump.advance(20);
  found.callback("Writes programs");
  pair.pump.flush();
  assertEquals(pair.client.text, "Writes programs\r\n");
});

cleanTest("FingerFactory makes control characters of an answer visible", () => {
  const [answer] = ask("ada\r\n", { getUser: () => "\x1b[2Jgone\tand\x07" });
  assertEquals(answer, "\\x1b[2Jgone\tand\\x07\r\n");
});

cleanTest("FingerFactory logs a failed lookup, and does not show it to the client", async () => {
  const failures: FingerOptions["getUser"][] = [
    () => {
      throw new Error("secret");
    },
    () => fail(new Error("secret")),
    () => Promise.reject(new Error("secret")),
  ];
  for (const getUser of failures) {
    using errors = new LoggedErrors();
    using pair = serve({ getUser });
    pair.client.send("ada\r\n");
    pair.pump.flush();
    await nextMacrotask(); // the promise rejects in a microtask
    pair.pump.flush();
    assertEquals(pair.client.text, "Internal error in server\r\n");
    assertEquals(errors.take().map(({ message }) => message), ["secret"]);
  }
});

cleanTest("FingerFactory limits the time of a lookup", () => {
  using errors = new LoggedErrors();
  using pair = serve({ getUser: () => new Deferred<string>(), answerTimeout: 5 });
  pair.client.send("ada\r\n");
  pair.pump.advance(4);
  assertEquals(pair.client.text, "");
  pair.pump.advance(1);
  assertEquals(pair.client.text, "Internal error in server\r\n");
  assertEquals(errors.take().map(({ name }) => name), ["TimeoutError"]);
});

cleanTest("FingerFactory cancels the lookup of a client that leaves, and asks only once", () => {
  const cancelled: string[] = [];
  using pair = serve({ getUser: ({ user }) => new Deferred<string>(() => cancelled.push(user)) });
  pair.client.send("ada\r\ngrace\r\n");
  pair.pump.flush();
  pair.client.transport.abortConnection();
  pair.pump.flush();
  assertEquals(cancelled, ["ada"]);
});

/** A server that a test writes, the client's end of it, and the time. */
class Scene implements Disposable {
  readonly pump = new IOPump();
  readonly endpoints = new MemoryEndpoints({ pump: this.pump });
  readonly clock = this.pump.clock;
  readonly server = new TestPeer();

  constructor() {
    this.endpoints.server.listen(Factory.forProtocol(() => this.server));
    this.pump.flush();
  }

  [Symbol.dispose](): void {
    this.endpoints[Symbol.dispose]();
  }
}

cleanTest("askFinger() sends the query, and gives all that the server sends", () => {
  using scene = new Scene();
  const answer = askFinger(scene.endpoints.client, "/W ada", scene.clock);
  scene.pump.flush();
  assertEquals(scene.server.text, "/W ada\r\n");
  scene.server.send("gr");
  scene.server.send("üße\r\n");
  scene.server.close();
  scene.pump.flush();
  assertEquals(successResultOf(answer), "grüße\r\n");
  assertEquals(scene.clock.getDelayedCalls().length, 0);
});

cleanTest("askFinger() refuses a text that is not one query", () => {
  using scene = new Scene();
  for (const query of ["ada\r\ngrace", "/W\ngrace", "\r\nada", "ada\n", "ada\r"]) {
    assertThrows(
      () => askFinger(scene.endpoints.client, query, scene.clock),
      TypeError,
      `Cannot ask ${JSON.stringify(query)}`,
    );
  }
});

cleanTest("askFinger() fails for an answer that is too long, and closes the connection", () => {
  using scene = new Scene();
  const answer = askFinger(scene.endpoints.client, "ada", scene.clock, { maxLength: 10 });
  scene.pump.flush();
  scene.server.send("12345678901");
  scene.pump.flush();
  assertEquals(failureResultOf(answer, RangeError).message.includes("longer than 10 bytes"), true);
  assertEquals(scene.server.ending, "ECONNRESET");
});

cleanTest("askFinger() fails after its time limit, and closes the connection", () => {
  using scene = new Scene();
  const answer = askFinger(scene.endpoints.client, "ada", scene.clock, { timeout: 10 });
  scene.pump.flush();
  scene.server.send("not the e");
  scene.pump.advance(9);
  scene.pump.advance(1);
  failureResultOf(answer, TimeoutError);
  assertEquals(scene.server.ending, "ECONNRESET");
});

cleanTest("askFinger() fails if the connection is refused or lost", () => {
  using scene = new Scene();
  const lost = askFinger(scene.endpoints.client, "ada", scene.clock);
  scene.pump.flush();
  scene.server.transport.abortConnection();
  scene.pump.flush();
  assertEquals(failureResultOf(lost).name, "ConnectionLost");
  scene.endpoints.answer = "refuse";
  const refused = askFinger(scene.endpoints.client, "ada", scene.clock);
  scene.pump.flush();
  assertEquals(failureResultOf(refused).name, "ConnectionRefusedError");
});

cleanTest("forwardTo() asks the named server without the name, and denies all others", () => {
  using scene = new Scene();
  const forward = forwardTo(new Map([["north", scene.endpoints.client]]), scene.clock);
  const denied = "Finger forwarding service denied";
  assertEquals(forward({ user: "ada", hosts: ["south"], isVerbose: false }), denied);
  assertEquals(forward({ user: "ada", hosts: ["north", "south"], isVerbose: false }), denied);
  using pair = serve({ forward });
  pair.client.send("/W ada@north\r\n");
  pair.pump.flush();
  scene.pump.flush();
  assertEquals(scene.server.text, "/W ada\r\n");
  scene.server.send("Writes programs\r\n");
  scene.server.close();
  scene.pump.flush();
  pair.pump.flush();
  assertEquals(pair.client.text, "Writes programs\r\n");
});

cleanTest("forwardTo() leaves out the error of the other server, which is logged", () => {
  using errors = new LoggedErrors();
  using scene = new Scene();
  scene.endpoints.answer = "refuse";
  const forward = forwardTo(new Map([["north", scene.endpoints.client]]), scene.clock);
  using pair = serve({ forward });
  pair.client.send("ada@north\r\n");
  pair.pump.flush();
  scene.pump.flush();
  pair.pump.flush();
  assertEquals(pair.client.text, "north does not answer\r\n");
  assertEquals(errors.take().map(({ name }) => name), ["ConnectionRefusedError"]);
});

cleanTest("forwardTo() closes the connection to the other server if the client leaves", () => {
  using scene = new Scene();
  const forward = forwardTo(new Map([["north", scene.endpoints.client]]), scene.clock);
  using pair = serve({ forward });
  pair.client.send("ada@north\r\n");
  pair.pump.flush();
  scene.pump.flush();
  assertEquals(scene.server.text, "ada\r\n");
  pair.client.transport.abortConnection();
  pair.pump.flush();
  scene.pump.flush();
  assertEquals(scene.server.ending, "ECONNRESET");
});

cleanTest(
  "makeService() listens on the reactor that it gets, as its configuration says",
  async () => {
    const reactor = new MemoryReactorClock();
    const service = makeService(reactor, {
      listen: ["tcp:79", "tcp6:79"],
      control: "unix:finger.sock:mode=600",
      forward: { north: "tcp:192.0.2.1:79" },
    });
    assertEquals(reactor.tcpServers.length, 0);
    service.startService();
    assertEquals(reactor.tcpServers.map(({ isListening }) => isListening), [true, true]);
    assertEquals(reactor.unixServers.map(({ isListening }) => isListening), [true]);
    await service.stopService();
    assertEquals(reactor.tcpServers.map(({ isListening }) => isListening), [false, false]);
    assertEquals(reactor.getDelayedCalls(), []);
  },
);
