// examples/ident.ts: its server and its client, in memory, and the program with the permissions of
// its header. The grammar is that of RFC 1413. Of Twisted's `test/test_ident.py`, the cases of
// `ClassParserTests` and `ServerParserTests` are covered. `ProcMixinTests` needs `/proc`, which
// Deno reads only with all permissions.

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Clock, Deferred, Factory, type Protocol } from "../mod.ts";
import { TimeoutError } from "../defer/mod.ts";
import {
  cleanTest,
  type ConnectedPair,
  connectedServerAndClient,
  failureResultOf,
  IOPump,
  LoggedErrors,
  MemoryEndpoints,
  successResultOf,
  TestPeer,
} from "../testing/mod.ts";
import { commandOf, Example, examples, netcat, portOf } from "../testing/fixtures/example.ts";
import { askIdent, IdentError, IdentFactory, type IdentOptions, type IdentUser } from "./ident.ts";

const ADA: IdentUser = { system: "UNIX", user: "ada" };

/** A client that is connected to a server. */
function serve(options: Partial<IdentOptions> = {}): ConnectedPair<Protocol, TestPeer> {
  const clock = new Clock();
  const factory = new IdentFactory(clock, { lookUp: () => ADA, ...options });
  return connectedServerAndClient(factory, TestPeer, { clock });
}

/** Sends queries, and returns the answers and how the connection ended. */
function ask(queries: string, options?: Partial<IdentOptions>): [string, string] {
  using pair = serve(options);
  pair.client.send(queries);
  pair.pump.flush();
  return [pair.client.text, pair.client.ending];
}

cleanTest("IdentFactory answers queries in their order, and keeps the connection open", () => {
  const both = "6193, 23 : USERID : UNIX : ada\r\n1, 65535 : USERID : UNIX : ada\r\n";
  assertEquals(ask("6193, 23\r\n1,65535\r\n"), [both, ""]);
  assertEquals(ask(" 6193 ,\t23 \n"), ["6193, 23 : USERID : UNIX : ada\r\n", ""]);
});

cleanTest("IdentFactory passes both ends of the connection to lookUp", () => {
  const ends: string[] = [];
  ask("6193, 23\r\n", {
    lookUp: (server, client) => {
      ends.push(`${server.address} ${server.port}`, `${client.address} ${client.port}`);
      return ADA;
    },
  });
  assertEquals(ends, ["192.0.2.1:1111 6193", "192.0.2.2:2222 23"]);
});

for (const ports of ["0, 23", "23, 0", "65536, 23", "23, 65536", "-1, 23", "23, 999999999"]) {
  cleanTest(`IdentFactory answers ${ports} with INVALID-PORT`, () => {
    assertEquals(ask(`${ports}\r\n`), [`${ports} : ERROR : INVALID-PORT\r\n`, ""]);
  });
}

for (const query of ["", "23", "23, ", "1, 2, 3", "a, b", "1.5, 2", "1 2", "1, 1234567890"]) {
  cleanTest(`IdentFactory closes the connection after ${JSON.stringify(query)}`, () => {
    assertEquals(ask(`${query}\r\n1, 2\r\n`), ["", "closed"]);
  });
}

cleanTest("IdentFactory closes the connection if a query is too long", () => {
  assertEquals(ask(" ".repeat(1100)), ["", "closed"]);
});

cleanTest("IdentFactory gives the same answers however the bytes are divided", () => {
  const queries = "6193, 23\r\n1,2\n0,1\r\n";
  fc.assert(fc.property(fc.array(fc.nat(queries.length), { maxLength: 8 }), (cuts) => {
    using pair = serve();
    const places = [0, ...cuts.sort((a, b) => a - b), queries.length];
    places.slice(1).forEach((end, index) => {
      pair.client.send(queries.slice(places[index], end));
      pair.pump.flush();
    });
    assertEquals([pair.client.text, pair.client.ending], ask(queries));
  }));
});

cleanTest("IdentFactory answers with the type of an IdentError", () => {
  for (const type of ["NO-USER", "HIDDEN-USER", "UNKNOWN-ERROR", "XBUSY"] as const) {
    const lookUp = (): never => {
      throw new IdentError(type);
    };
    assertEquals(ask("1, 2\r\n", { lookUp })[0], `1, 2 : ERROR : ${type}\r\n`);
  }
});

for (
  const [claim, lookUp] of [
    ["a lookup that throws", () => {
      throw new Error("secret");
    }],
    ["a name with a line break", () => ({ system: "UNIX", user: "ada\r\n1, 2 : USERID" })],
    ["a name of more than 512 bytes", () => ({ system: "UNIX", user: "a".repeat(513) })],
    ["a system with a colon", () => ({ system: "UNIX : eve", user: "ada" })],
  ] as const
) {
  cleanTest(`IdentFactory logs ${claim}, and answers UNKNOWN-ERROR`, () => {
    using errors = new LoggedErrors();
    assertEquals(ask("1, 2\r\n", { lookUp }), ["1, 2 : ERROR : UNKNOWN-ERROR\r\n", ""]);
    assertEquals(errors.take().length, 1);
  });
}

cleanTest("IdentFactory answers one query at a time, each within its time limit", () => {
  using errors = new LoggedErrors();
  let started = 0;
  using pair = serve({
    lookUp: () => {
      started++;
      return new Deferred<IdentUser>();
    },
    lookUpTimeout: 5,
  });
  pair.client.send("1, 2\r\n3, 4\r\n");
  pair.pump.flush();
  assertEquals(started, 1);
  pair.pump.advance(5);
  assertEquals([started, pair.client.text], [2, "1, 2 : ERROR : UNKNOWN-ERROR\r\n"]);
  pair.pump.advance(5);
  assertEquals(pair.client.text.split("\r\n").length, 3);
  assertEquals(errors.take().map(({ name }) => name), ["TimeoutError", "TimeoutError"]);
});

cleanTest("IdentFactory closes a connection without queries, and not one that waits", () => {
  const found = new Deferred<IdentUser>();
  using pair = serve({ lookUp: () => found, idleTimeout: 60, lookUpTimeout: 300 });
  pair.pump.advance(59);
  pair.client.send("1, 2\r\n");
  pair.pump.advance(100);
  assertEquals(pair.client.ending, "");
  found.callback(ADA);
  pair.pump.advance(59);
  assertEquals(pair.client.ending, "");
  pair.pump.advance(1);
  assertEquals(pair.client.ending, "closed");
});

cleanTest("IdentFactory ends the lookup and the time limit of a client that has left", () => {
  let cancelled = 0;
  using pair = serve({ lookUp: () => new Deferred<IdentUser>(() => cancelled++) });
  pair.client.send("1, 2\r\n");
  pair.pump.flush();
  pair.serverTransport.abortConnection();
  pair.pump.flush();
  assertEquals([cancelled, pair.pump.clock.getDelayedCalls()], [1, []]);
});

/**
 * Asks a server that a test writes. The server closes the connection after its reply, unless it
 * keeps it open for some seconds.
 */
function answering(reply: string, seconds = 0): Deferred<IdentUser> {
  const pump = new IOPump();
  using endpoints = new MemoryEndpoints({ pump });
  const server = new TestPeer();
  endpoints.server.listen(Factory.forProtocol(() => server));
  pump.flush();
  const result = askIdent(endpoints.client, 6193, 23, pump.clock);
  pump.flush();
  assertEquals(server.text, "6193, 23\r\n");
  server.send(reply);
  if (seconds === 0) server.close();
  pump.advance(seconds);
  pump.flush();
  return result;
}

for (
  const [reply, system, user] of [
    ["6193, 23 : USERID : UNIX : stjohns\r\n", "UNIX", "stjohns"],
    ["6193,23:USERID:UNIX:stjohns\r\n", "UNIX", "stjohns"],
    ["6193, 23 : USERID : UNIX : a : b \n", "UNIX", "a : b "],
    ["6193,23:USERID:UNIX:ada\r\n6193,23:USERID:UNIX:eve\r\n", "UNIX", "ada"],
    ["6193, 23 : USERID : OTHER,UTF-8 : grüße\r\n", "OTHER,UTF-8", "grüße"],
  ] as const
) {
  cleanTest(`askIdent() reads ${JSON.stringify(reply)}`, () => {
    assertEquals(successResultOf(answering(reply)), { system, user });
  });
}

for (
  const [reply, type] of [
    ["6193, 23 : ERROR : NO-USER\r\n", "NO-USER"],
    ["6193, 23:error:hidden-user\r\n", "HIDDEN-USER"],
    ["6193, 23 : ERROR : INVALID-PORT\r\n", "INVALID-PORT"],
    ["6193, 23 : ERROR : XBUSY\r\n", "XBUSY"],
    ["6193, 23 : ERROR : SURPRISE\r\n", "UNKNOWN-ERROR"],
    [`6193, 23 : ERROR : X${"Y".repeat(64)}\r\n`, "UNKNOWN-ERROR"],
    ["6193, 23 : ERROR : X\x1b[2J\r\n", "UNKNOWN-ERROR"],
    ["6194, 23 : USERID : UNIX : eve\r\n", "UNKNOWN-ERROR"],
    ["6193, 22 : ERROR : NO-USER\r\n", "UNKNOWN-ERROR"],
    ["hello\r\n", "UNKNOWN-ERROR"],
    ["6193, 23 : USERID : UNIX : cut", "UNKNOWN-ERROR"],
    [" ".repeat(1100), "UNKNOWN-ERROR"],
  ] as const
) {
  cleanTest(`askIdent() fails with ${type} for ${JSON.stringify(reply.slice(0, 40))}`, () => {
    assertEquals(failureResultOf(answering(reply), IdentError).type, type);
  });
}

cleanTest("askIdent() quotes an answer that it does not understand", () => {
  const { message } = failureResultOf(answering("\x1b[2J\r\n"));
  assertEquals(message, 'Cannot use the answer "\\u001b[2J": it does not answer the query');
});

cleanTest("askIdent() refuses what is not a port", () => {
  using endpoints = new MemoryEndpoints();
  for (const [server, client] of [[NaN, 23], [6193, 0.5]] as const) {
    assertThrows(
      () => askIdent(endpoints.client, server, client, new Clock()),
      TypeError,
      `Cannot ask for the ports ${server} and ${client}`,
    );
  }
});

cleanTest("askIdent() fails after its time limit", () => {
  failureResultOf(answering("6193, 23 : USERID", 30), TimeoutError);
});

cleanTest("ident.ts answers nc and its own client, and stops on SIGINT", async () => {
  await using server = new Example("ident.ts", ["0", "grace"]);
  const port = await portOf(server, "127.0.0.1");
  await using client = new Example("ident.ts", ["ask", `tcp:127.0.0.1:${port}`, "6193", "23"]);
  const { code, lines, errors } = await client.end();
  assertEquals([code, lines, errors], [0, ["grace (UNIX)"], ""]);
  assertEquals(await netcat(port, "6193\r\n"), "");
  server.send("SIGINT");
  assertEquals((await server.end()).code, 0);
  const header = await Deno.readTextFile(new URL("ident.ts", examples));
  assertEquals(commandOf(header), ["run", "--allow-net", "examples/ident.ts"]);
});
