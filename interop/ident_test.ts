/** Tests of examples/ident.ts with Twisted's ident server and client. */

import { assertEquals } from "@std/assert";
import { TCP4ClientEndpoint } from "../endpoints/mod.ts";
import { askIdent, IdentError, IdentFactory } from "../examples/ident.ts";
import { portOf } from "../testing/fixtures/tcp_fixture.ts";
import { interopTest, TWISTED } from "./tool.ts";

const test = interopTest(TWISTED);
const PEER = new URL("./peers/twisted_ident.py", import.meta.url).pathname;

/** The ports on the client for which both servers have errors, and what Twisted calls these. */
const ERRORS = [
  [1, "NO-USER", "NoUser"],
  [2, "HIDDEN-USER", "HiddenUser"],
  [3, "UNKNOWN-ERROR", "IdentError"],
  [65536, "INVALID-PORT", "InvalidPort"],
] as const;

test("IdentFactory answers Twisted's client", async (fixture) => {
  fixture.run();
  const factory = new IdentFactory(fixture.reactor, {
    lookUp: (_server, { port }) => {
      const [, type] = ERRORS.find(([failing]) => failing === port) ?? [];
      if (type !== undefined) throw new IdentError(type);
      return { system: "UNIX", user: "ada" };
    },
  });
  const port = fixture.reactor.listenTCP(0, factory, { interface: "127.0.0.1" });
  const ports = [23, ...ERRORS.map(([portOnClient]) => portOnClient)].map(String);
  const twisted = fixture.start(PEER, "ask", String(portOf(port.getHost())), "6193", ...ports);
  const { code, lines, errors } = await twisted.end();
  assertEquals([code, errors], [0, ""]);
  assertEquals(lines, ["USERID UNIX : ada", ...ERRORS.map(([, , name]) => name)]);
});

test("askIdent() reads the answers of Twisted's server", async (fixture) => {
  fixture.run();
  const twisted = fixture.start(PEER, "serve");
  const [, port] = await twisted.line(/^listening on (\d+)$/);
  const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", Number(port));
  const asked = async (portOnClient: number): Promise<string> => {
    try {
      const { system, user } = await askIdent(endpoint, 6193, portOnClient, fixture.reactor);
      return `${system} ${user}`;
    } catch (error) {
      return error instanceof IdentError ? error.type : String(error);
    }
  };
  assertEquals(await asked(23), "UNIX ada");
  for (const [portOnClient, type] of ERRORS) assertEquals(await asked(portOnClient), type);
});
