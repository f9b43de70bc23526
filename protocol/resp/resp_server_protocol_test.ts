import { assert, assertEquals, assertThrows } from "@std/assert";
import { Deferred } from "../../defer/mod.ts";
import { IPv4Address } from "../../reactor/mod.ts";
import { LoggedErrors } from "../../testing/mod.ts";
import { connectProtocol, type ProtocolFixture } from "../../testing/fixtures/protocol_fixture.ts";
import {
  CommandTable,
  type CommandTableEntries,
  encodeCommand,
  encodeReply,
  HelloReply,
  OK,
  PushReply,
  RESPError,
  RESPFactory,
  type RESPOutput,
  type RESPServerOptions,
  RESPServerProtocol,
} from "./mod.ts";

/** A server whose handlers the test controls. */
class Server {
  readonly started: string[] = [];
  readonly waits = new Map<string, Deferred<string>>();
  readonly fixture: ProtocolFixture<RESPServerProtocol>;

  constructor(
    more: CommandTableEntries<RESPServerProtocol> = {},
    options: RESPServerOptions = {},
    capacity: number | undefined = undefined,
  ) {
    const table = new CommandTable<RESPServerProtocol>({
      ECHO: { arity: 2, run: (command) => command.bytes(0) },
      SET: { arity: -3, run: () => OK },
      WAIT: {
        arity: 2,
        run: (command): Deferred<string> => {
          const name = command.text(0);
          const wait = new Deferred<string>();
          this.started.push(name);
          this.waits.set(name, wait);
          return wait;
        },
      },
      ...more,
    });
    this.fixture = connectProtocol(new RESPServerProtocol(table, options), { capacity });
  }

  /** Sends commands in one chunk, and returns the text that the client has received so far. */
  async send(...commands: string[][]): Promise<string> {
    const text = commands.map((words) => new TextDecoder().decode(encodeCommand(words))).join("");
    return await this.sendText(text);
  }

  async sendText(text: string): Promise<string> {
    this.fixture.peer.send(text);
    await this.fixture.settle();
    return this.fixture.peer.text;
  }

  async finish(name: string, value = name): Promise<string> {
    this.waits.get(name)?.callback(value);
    await this.fixture.settle();
    return this.fixture.peer.text;
  }

  [Symbol.dispose](): void {
    this.fixture[Symbol.dispose]();
  }
}

Deno.test("RESPServerProtocol replies to the commands of a chunk in one write", async () => {
  using server = new Server();
  const { connection } = server.fixture;
  let writes = 0;
  const write = connection.write.bind(connection);
  connection.write = (data, options): void => {
    writes++;
    write(data, options);
  };
  const text = await server.send(["ECHO", "a"], ["set", "k", "v"], ["echo", "b"]);
  assertEquals(text, "$1\r\na\r\n+OK\r\n$1\r\nb\r\n");
  assertEquals(writes, 1);
});

Deno.test("RESPServerProtocol replies in the order of the commands, whichever ends first", async () => {
  using server = new Server({}, { maxInFlight: 10 });
  assertEquals(await server.send(["WAIT", "a"], ["WAIT", "b"], ["ECHO", "c"], ["WAIT", "d"]), "");
  assertEquals(server.started, ["a", "b", "d"]);
  assertEquals(await server.finish("b"), "");
  assertEquals(server.fixture.protocol.inFlight, 4);
  assertEquals(await server.finish("a"), "$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n");
  assertEquals(await server.finish("d"), "$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n");
  assertEquals(server.fixture.protocol.inFlight, 0);
});

Deno.test("RESPServerProtocol starts a command when the one before has ended, by default", async () => {
  using server = new Server();
  await server.send(["WAIT", "a"], ["WAIT", "b"]);
  assertEquals(server.started, ["a"]);
  assertEquals(await server.finish("a"), "$1\r\na\r\n");
  assertEquals(server.started, ["a", "b"]);
});

Deno.test("RESPServerProtocol reads no more while maxInFlight commands are handled", async () => {
  using server = new Server({}, { maxInFlight: 2 }, 100);
  await server.send(...Array.from({ length: 50 }, (_, i) => ["WAIT", `${i}`]));
  assertEquals(server.started, ["0", "1"]);
  assert(server.fixture.peer.transport.connected);
  for (let i = 0; i < 50; i++) await server.finish(`${i}`, "x");
  assertEquals(server.started.length, 50);
  assertEquals(server.fixture.peer.text, "$1\r\nx\r\n".repeat(50));
});

Deno.test("RESPServerProtocol counts replies that wait for earlier ones towards maxInFlight", async () => {
  using server = new Server({}, { maxInFlight: 3 });
  const rest = Array.from({ length: 50 }, () => ["ECHO", "x"]);
  assertEquals(await server.send(["WAIT", "a"], ["SET"], ...rest), "");
  assertEquals(server.fixture.protocol.inFlight, 3);
  const replies = await server.finish("a");
  assertEquals(replies.replace(/^-.*\r\n/m, ""), `$1\r\na\r\n${"$1\r\nx\r\n".repeat(50)}`);
});

Deno.test("RESPServerProtocol accepts handlers that return promises", async () => {
  using server = new Server({ LATER: { arity: 1, run: () => Promise.resolve(7) } });
  assertEquals(await server.send(["LATER"], ["ECHO", "a"]), ":7\r\n$1\r\na\r\n");
});

Deno.test("RESPServerProtocol sends a RESPError, and hides every other error", async () => {
  using errors = new LoggedErrors();
  const secret = new Error("secret");
  using server = new Server({
    WRONG: {
      arity: 1,
      run: (): never => {
        throw new RESPError("WRONGTYPE", "no");
      },
    },
    THROW: {
      arity: 1,
      run: (): never => {
        throw secret;
      },
    },
    REJECT: { arity: 1, run: () => Promise.reject(secret) },
    RETURN: { arity: 1, run: () => new RESPError("BUSY", "wait") },
    // A handler without types may return anything.
    NOTHING: { arity: 1, run: () => JSON.parse("{}") },
  });
  assertEquals(
    await server.send(["WRONG"], ["THROW"], ["REJECT"], ["RETURN"], ["NOTHING"], ["ECHO", "a"]),
    "-WRONGTYPE no\r\n-ERR internal error\r\n-ERR internal error\r\n-BUSY wait\r\n" +
      "-ERR internal error\r\n$1\r\na\r\n",
  );
  const logged = errors.take();
  assertEquals(logged.length, 3);
  assertEquals(logged.slice(0, 2), [secret, secret]);
});

Deno.test("RESPServerProtocol refuses unknown commands in the words of Redis", async () => {
  using server = new Server();
  const long = "z".repeat(200);
  assertEquals(
    await server.send(["foo"], ["foo", "a", "b", "c\r\n", long]),
    "-ERR unknown command 'foo', with args beginning with: \r\n" +
      `-ERR unknown command 'foo', with args beginning with: 'a' 'b' 'c  ' '${
        "z".repeat(114)
      }' \r\n`,
  );
});

Deno.test("RESPServerProtocol refuses a wrong number of arguments in the words of Redis", async () => {
  using server = new Server();
  assertEquals(
    await server.send(["ECHO"], ["Echo", "a", "b"], ["SET", "a"], ["SET", "a", "b", "c"]),
    "-ERR wrong number of arguments for 'echo' command\r\n".repeat(2) +
      "-ERR wrong number of arguments for 'set' command\r\n+OK\r\n",
  );
});

Deno.test("RESPServerProtocol replies to a protocol error after the commands, and closes", async () => {
  using server = new Server();
  await server.sendText("*2\r\n$4\r\nWAIT\r\n$1\r\na\r\n*1\r\n$x\r\n*1\r\n$4\r\nECHO\r\n");
  assertEquals(
    await server.finish("a"),
    "$1\r\na\r\n-ERR Protocol error: invalid bulk length\r\n",
  );
  assertEquals(server.fixture.connection.connected, false);
});

Deno.test("RESPServerProtocol negotiates the version with HELLO", async () => {
  using server = new Server(
    { MAP: { arity: 1, run: () => new Map([["a", true]]) } },
    { info: { server: "example", version: "1.2.3" } },
  );
  server.fixture.protocol.id = 5;
  await server.send(["MAP"], ["HELLO"], ["HELLO", "3", "SETNAME", "me"], ["MAP"], ["HELLO", "2"]);
  const fields = (proto: number): string =>
    `$6\r\nserver\r\n$7\r\nexample\r\n$7\r\nversion\r\n$5\r\n1.2.3\r\n$5\r\nproto\r\n:${proto}\r\n` +
    "$2\r\nid\r\n:5\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n" +
    "$7\r\nmodules\r\n*0\r\n";
  assertEquals(
    server.fixture.peer.text,
    `*2\r\n$1\r\na\r\n:1\r\n*14\r\n${fields(2)}%7\r\n${fields(3)}%1\r\n$1\r\na\r\n#t\r\n` +
      `*14\r\n${fields(2)}`,
  );
  assertEquals(server.fixture.protocol.clientName, "me");
  assertEquals(server.fixture.protocol.version, 2);
});

Deno.test("RESPServerProtocol changes the version with the reply to HELLO, and not before", async () => {
  const late = new Deferred<null>();
  using server = new Server(
    { LATE: { arity: 1, run: () => late }, NULL: { arity: 1, run: () => null } },
    { maxInFlight: 3 },
  );
  assertEquals(await server.send(["LATE"], ["HELLO", "3"], ["NULL"]), "");
  late.callback(null);
  await server.fixture.settle();
  assert(/^\$-1\r\n%7\r\n.*\r\n_\r\n$/s.test(server.fixture.peer.text), server.fixture.peer.text);
});

Deno.test("RESPServerProtocol changes the version with the HelloReply of a table", async () => {
  const replies = [
    new HelloReply(3, new Map([["mine", true]])),
    new HelloReply(null, null),
    new HelloReply(2),
  ];
  using server = new Server({
    HELLO: { arity: -1, run: () => replies.shift() ?? OK },
    NULL: { arity: 1, run: () => null },
  });
  const text = await server.send(["HELLO", "3"], ["NULL"], ["HELLO"], ["HELLO"], ["NULL"]);
  assert(
    /^%1\r\n\$4\r\nmine\r\n#t\r\n_\r\n_\r\n\*14\r\n.*\r\n\$-1\r\n$/s.test(text),
    text,
  );
});

Deno.test("RESPServerProtocol keeps the version if a HelloReply cannot be sent", async () => {
  using errors = new LoggedErrors();
  const value: RESPOutput[] = [];
  for (let i = 0, inner = value; i < 1001; i++) inner.push(inner = []);
  using server = new Server({ HELLO: { arity: -1, run: () => new HelloReply(3, value) } });
  assertEquals(await server.send(["HELLO", "3"]), "-ERR internal error\r\n");
  assertEquals(server.fixture.protocol.version, 2);
  assertEquals(errors.take().map((error) => error instanceof RangeError), [true]);
});

Deno.test("HelloReply() throws for a version that does not exist", () => {
  // @ts-expect-error: the version is neither 2 nor 3.
  assertThrows(() => new HelloReply(4), RangeError, "version");
});

Deno.test("RESPServerProtocol refuses an invalid HELLO in the words of Redis", async () => {
  using server = new Server();
  const replies = await server.send(
    ["HELLO", "x"],
    ["HELLO", "4"],
    ["HELLO", "3", "FOO"],
    ["HELLO", "3", "AUTH", "x"],
    ["HELLO", "3", "AUTH", "a", "b"],
    ["HELLO", "3", "SETNAME", "a b"],
  );
  assertEquals(replies.split("\r\n"), [
    "-ERR Protocol version is not an integer or out of range",
    "-NOPROTO unsupported protocol version",
    "-ERR Syntax error in HELLO option 'FOO'",
    "-ERR Syntax error in HELLO option 'AUTH'",
    "-WRONGPASS invalid username-password pair or user is disabled.",
    "-ERR Client names cannot contain spaces, newlines or special characters.",
    "",
  ]);
  assertEquals(server.fixture.protocol.version, 2);
});

Deno.test("RESPServerProtocol.authenticate() decides about HELLO with AUTH", async () => {
  class Guarded extends RESPServerProtocol {
    override authenticate(user: string, password: string): Promise<boolean> {
      return Promise.resolve(user === "me" && password === "secret");
    }
  }
  using fixture = connectProtocol(new Guarded(new CommandTable({})));
  fixture.peer.send("HELLO 3 AUTH me wrong\r\nHELLO 3 AUTH me secret\r\n");
  await fixture.settle();
  assert(fixture.peer.text.startsWith("-WRONGPASS "), fixture.peer.text);
  assert(fixture.peer.text.includes("\r\n%7\r\n"), fixture.peer.text);
});

Deno.test("RESPServerProtocol closes after QUIT, when all replies have been sent", async () => {
  using server = new Server({}, { maxInFlight: 3 });
  await server.send(["WAIT", "a"], ["QUIT"], ["WAIT", "b"]);
  assertEquals(server.started, ["a"]);
  assertEquals(server.fixture.connection.connected, true);
  assertEquals(await server.finish("a"), "$1\r\na\r\n+OK\r\n");
  assertEquals(server.fixture.connection.connected, false);
});

Deno.test("RESPServerProtocol.push() sends arrays in RESP2, and pushes in RESP3", async () => {
  using server = new Server();
  const { protocol, peer } = server.fixture;
  protocol.push(["message", "c", "1"]);
  await server.fixture.settle();
  assertEquals(peer.text, "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\n1\r\n");
  await server.send(["HELLO", "3"], ["WAIT", "a"]);
  const before = peer.text.length;
  protocol.push(["message", "c", "2"]);
  await server.fixture.settle();
  assertEquals(peer.text.slice(before), ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\n2\r\n");
  await server.finish("a");
});

Deno.test("RESPServerProtocol.push() writes at once what exceeds maxUnsent", async () => {
  using server = new Server({}, { maxUnsent: 100 });
  const { protocol } = server.fixture;
  const pushed = encodeReply(["message", "x".repeat(80)]).length;
  protocol.push(["message", "x".repeat(80)]);
  assertEquals([pushed, protocol.paused], [104, true]);
  await server.fixture.settle();
  assertEquals([server.fixture.peer.text.length, protocol.paused], [pushed, false]);
  // What has been sent does not count any more.
  await server.send(["ECHO", "x"]);
  protocol.push(["message", "x".repeat(50)]);
  await Promise.resolve();
  assertEquals(protocol.paused, false);
});

Deno.test("RESPServerProtocol sends a PushReply in its place, and an empty one not at all", async () => {
  using server = new Server({
    SUBSCRIBE: {
      arity: -2,
      run: (command) => new PushReply(command.texts().map((name, i) => ["subscribe", name, i + 1])),
    },
    SILENT: { arity: 1, run: () => new PushReply([]) },
  }, { maxInFlight: 5 });
  await server.send(["WAIT", "w"], ["SUBSCRIBE", "a", "b"], ["SILENT"], ["ECHO", "x"]);
  assertEquals(
    await server.finish("w"),
    "$1\r\nw\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n" +
      "*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n$1\r\nx\r\n",
  );
});

Deno.test("RESPServerProtocol handles no command while a slow client has replies to read", async () => {
  let count = 0;
  using server = new Server(
    { BIG: { arity: 1, run: () => (count++, "x".repeat(1000)) } },
    { maxUnsent: 2500 },
    100,
  );
  const { peer } = server.fixture;
  peer.transport.pauseProducing();
  await server.send(...Array.from({ length: 20 }, () => ["BIG"]));
  assertEquals(count, 3);
  peer.transport.resumeProducing();
  await server.fixture.settle();
  assertEquals(count, 20);
  assertEquals(peer.text.length, 20 * 1009);
  server.fixture.connection.loseConnection();
  await server.fixture.settle();
  assertEquals(server.fixture.connection.connected, false);
});

Deno.test("RESPServerProtocol.connectionLost() cancels the handlers and logs late errors", async () => {
  using errors = new LoggedErrors();
  const late = Promise.withResolvers<string>();
  const server = new Server({ LATE: { arity: 1, run: () => late.promise } }, { maxInFlight: 3 });
  await server.send(["WAIT", "a"], ["LATE"]);
  const ends: unknown[] = [];
  server.waits.get("a")?.addErrback((error) => ends.push(error));
  server.fixture.connection.abortConnection();
  await server.fixture.settle();
  const failure = new Error("too late");
  late.reject(failure);
  await server.fixture.settle();
  assertEquals(errors.take(), [failure]);
  assertEquals(server.fixture.protocol.inFlight, 0);
  // The queue has handled the cancellation.
  assertEquals(ends, []);
  assert(server.waits.get("a")?.called);
  // A push to a lost connection is dropped.
  server.fixture.protocol.push(["message", "c", "m"]);
  await server.fixture.settle();
});

Deno.test("RESPServerProtocol.pauseProducing() holds commands back", async () => {
  using server = new Server();
  const { protocol } = server.fixture;
  protocol.pauseProducing();
  assertEquals(await server.send(["ECHO", "a"]), "");
  protocol.resumeProducing();
  await server.fixture.settle();
  assertEquals(server.fixture.peer.text, "$1\r\na\r\n");
});

Deno.test("CommandTable() throws for invalid entries", () => {
  const run = (): number => 1;
  assertThrows(() => new CommandTable({ ping: { arity: 1, run } }), RangeError, "upper case");
  assertThrows(() => new CommandTable({ PING: { arity: 0, run } }), RangeError, "its name counts");
  assertThrows(() => new CommandTable({ PING: { arity: 1.5, run } }), RangeError, "arity of PING");
  assertThrows(
    () => new CommandTable(JSON.parse('{"PING":{"arity":1}}')),
    TypeError,
    "run of PING",
  );
  assertEquals([...new CommandTable({ PING: { arity: 1, run } })], [["PING", { arity: 1, run }]]);
});

Deno.test("RESPFactory numbers its clients", () => {
  const factory = new RESPFactory(new CommandTable({}));
  const address = new IPv4Address("TCP", "192.0.2.1", 7);
  const ids = [1, 2].map(() => factory.buildProtocol(address).id);
  assertEquals(ids, [1, 2]);
});

Deno.test("RESPFactory() throws for invalid options", () => {
  for (const name of ["maxInFlight", "maxUnsent", "maxBulkLength"]) {
    assertThrows(() => new RESPFactory(new CommandTable({}), { [name]: -1 }), RangeError, name);
  }
});
