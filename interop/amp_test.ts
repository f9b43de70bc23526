/**
 * AMP with Twisted, as server and as client: every type of argument, errors, TLS and the switch of
 * the protocol. Twisted's program is `peers/twisted_amp.py`.
 */

import { assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import { connectProtocol, TCP4ClientEndpoint } from "../endpoints/mod.ts";
import * as amp from "../protocol/amp/mod.ts";
import { Factory } from "../protocol/mod.ts";
import { ConnectionClosed } from "../reactor/errors.ts";
import * as commands from "./amp_commands.ts";
import { tlsFiles } from "./tls_files.ts";
import { interopTest, TWISTED } from "./tool.ts";

const test = interopTest(TWISTED);
const PEER = new URL("./peers/twisted_amp.py", import.meta.url).pathname;

const VALUES = {
  integer: -42,
  huge: 10n ** 40n,
  real: 1e-7,
  flag: true,
  data: Uint8Array.from({ length: 256 }, (_, i) => i),
  text: "Grüße ☃",
  money: "1.50",
  time: amp.OffsetDateTime.parse("2012-01-23T12:34:56.054321+01:00"),
  numbers: [3, 7, 9, 15],
  texts: [["a", "☃"], []],
  users: [{ name: "Ada", age: 36 }, { name: "Bob" }],
  "with-dash": "-",
};

test("AMP calls every kind of command of a server of Twisted", async (fixture) => {
  fixture.run();
  const { authority, client, folder } = await tlsFiles(fixture);
  const twisted = fixture.start(PEER, "server", folder);
  const [, port] = await twisted.line(/^listening on (\d+)$/);
  const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", Number(port));
  const connect = () => connectProtocol(endpoint, new amp.AMP());

  const first = await connect();
  assertEquals(await first.callRemote(commands.Sum, { a: 13, b: 81 }), { total: 94 });
  assertEquals(await first.callRemote(commands.Same, VALUES), VALUES);
  const refused = first.callRemote(commands.Fail, { how: "refused" });
  await assertRejects(() => refused.toPromise(), commands.Refused, "refused");
  const missing = first.callRemote(commands.Missing);
  await assertRejects(() => missing.toPromise(), amp.UnhandledCommand, "Unhandled Command");
  for (const text of ["one", "two"]) first.callRemote(commands.Note, { text });
  assertEquals(await first.callRemote(commands.Notes), { texts: ["one", "two"] });
  const raw = await first.callRemoteString("raw", { b: "1" });
  assertEquals(new TextDecoder().decode(raw.get("got")), "_ask,_command,b");
  const shout = new commands.Shout("hello");
  const no = first.callRemote(commands.Switch, { greeting: "no" }, { protocol: shout });
  await assertRejects(() => no.toPromise(), commands.Refused, "no");
  await first.callRemote(commands.Switch, { greeting: "yes" }, { protocol: shout });
  assertEquals(await shout.reply, "HELLO");
  first.transport.loseConnection();

  for (const [how, type] of [["fatal", commands.Fatal], ["x", amp.UnknownRemoteError]] as const) {
    const failing = await connect();
    const call = failing.callRemote(commands.Fail, { how });
    await assertRejects(() => call.toPromise(), type);
    const next = failing.callRemote(commands.Sum, { a: 1, b: 2 });
    await assertRejects(() => next.toPromise(), ConnectionClosed);
  }

  const secret = await connect();
  const tls = { serverName: "localhost", caCerts: [authority.cert], ...client };
  await secret.callRemote(amp.StartTLS, tls);
  assertEquals(await secret.callRemote(commands.Secured), { peer: "Alice" });
  assertEquals(secret.peerCertificate?.subject.CN, "localhost");
  secret.transport.loseConnection();
});

test("AMP answers every kind of command of a client of Twisted", async (fixture) => {
  fixture.run();
  const { authority, server, folder } = await tlsFiles(fixture);
  const tls = { ...server, caCerts: [authority.cert] };
  const factory = Factory.forProtocol(() => new commands.Server(tls));
  const port = fixture.reactor.listenTCP(0, factory, { interface: "127.0.0.1" });
  const twisted = fixture.start(PEER, "client", folder, String(port.getHost().port));
  const { code, lines, errors } = await twisted.end();
  assertEquals([code, errors], [0, ""]);
  const [sum, same, refused, missing, ...rest] = lines;
  assertEquals([sum, same, refused], ["sum {'total': 94}", "same yes", "refused Refused: refused"]);
  assertMatch(missing ?? "", /^missing UnhandledCommand: .*Missing/);
  assertEquals(rest, [
    "notes {'texts': ['one', 'two']}",
    "raw _ask,_command,b",
    "no switch Refused: no",
    "switch {} HELLO",
    "fatal Fatal: fatal",
    "then ConnectionDone: Connection was closed cleanly.",
    "unknown UnknownRemoteError: Code<UNKNOWN>: Unknown Error",
    "then ConnectionDone: Connection was closed cleanly.",
    "tls {}",
    "secured {'peer': 'Alice'} localhost",
  ]);
  const [error] = fixture.errors.take();
  assertInstanceOf(error, TypeError);
});
