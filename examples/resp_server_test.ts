// Runs examples/resp_server.ts as a separate process, and checks the claims of its header.

import { assertEquals } from "@std/assert";
import { Example, messages, netcat } from "../testing/fixtures/example.ts";

/** Waits for the port of the server, which listens on the loopback interface only. */
async function startRESP(server: Example): Promise<number> {
  const [, port] = await server.line(/ Factory starting on 127\.0\.0\.1:(\d+)$/);
  return Number(port);
}

/** Sends inline commands, one after the other, and returns the lines that the server replies. */
async function ask(port: number, ...commands: string[]): Promise<string[]> {
  const text = await netcat(port, [...commands, "QUIT", ""].join("\r\n"));
  return text.split("\r\n").slice(0, -2);
}

Deno.test("resp_server.ts stores keys with conditions and expiry, and stops on SIGINT", async () => {
  await using server = new Example("resp_server.ts", ["0"]);
  const port = await startRESP(server);
  assertEquals(
    await ask(port, "PING", "PING hi", "SET greeting hello EX 60", "TTL greeting", "GET greeting"),
    ["+PONG", "$2", "hi", "+OK", ":60", "$5", "hello"],
  );
  assertEquals(
    await ask(port, "SET a 1 XX", "SET a 1 NX PX 100000", "SET a 2 NX", "SET a 3 XX", "GET a"),
    ["$-1", "+OK", "$-1", "+OK", "$1", "3"],
  );
  assertEquals(
    await ask(port, "TTL a", "EXPIRE a 50", "TTL a", "EXPIRE no 5", "TTL no", "EXISTS a a no"),
    [":-1", ":1", ":50", ":0", ":-2", ":2"],
  );
  assertEquals(
    await ask(port, "INCR a", "EXPIRE a 70", "INCR a", "TTL a", "INCR new", "DEL a new no"),
    [":4", ":1", ":5", ":70", ":1", ":2"],
  );
  assertEquals(
    await ask(port, "GET a", "EXPIRE greeting 0", "GET greeting"),
    ["$-1", ":1", "$-1"],
  );
  server.send("SIGINT");
  const { code, lines, errors } = await server.end();
  assertEquals([code, errors], [0, ""]);
  assertEquals(messages(lines).at(-1), "Main loop terminated.");
});

Deno.test("resp_server.ts refuses invalid commands in the words of Redis", async () => {
  await using server = new Example("resp_server.ts", ["0"]);
  const port = await startRESP(server);
  assertEquals(
    await ask(
      port,
      "SET a b EX 0",
      "SET a b EX x",
      "SET a b NX XX",
      "SET a b EX",
      "SET a b",
      "INCR a",
      "SET n 9223372036854775807",
      "INCR n",
      "CONFIG SET a b",
      "FLY me",
    ),
    [
      "-ERR invalid expire time in 'set' command",
      "-ERR value is not an integer or out of range",
      "-ERR syntax error",
      "-ERR syntax error",
      "+OK",
      "-ERR value is not an integer or out of range",
      "+OK",
      "-ERR increment or decrement would overflow",
      "-ERR Unknown subcommand 'SET'",
      "-ERR unknown command 'FLY', with args beginning with: 'me' ",
    ],
  );
});

Deno.test("resp_server.ts refuses other commands while a client of RESP2 is subscribed", async () => {
  await using server = new Example("resp_server.ts", ["0"]);
  const port = await startRESP(server);
  assertEquals(
    await ask(port, "SUBSCRIBE c", "GET a", "PING", "UNSUBSCRIBE", "GET a", "UNSUBSCRIBE"),
    [
      ..."*3 $9 subscribe $1 c :1".split(" "),
      "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are " +
      "allowed in this context",
      ..."*2 $4 pong $0".split(" "),
      "",
      ..."*3 $11 unsubscribe $1 c :0 $-1".split(" "),
      ..."*3 $11 unsubscribe $-1 :0".split(" "),
    ],
  );
});
