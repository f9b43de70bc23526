/**
 * Against Twisted itself, the reference: each as the server, and each as the client, on the same kind of endpoint.
 *
 * Twisted's programs are in `peers/`; they take an endpoint as a string.
 */

import { assertEquals } from "@std/assert";
import {
  connectProtocol,
  type IStreamClientEndpoint,
  type IStreamServerEndpoint,
  TCP4ClientEndpoint,
  TCP4ServerEndpoint,
} from "../endpoints/mod.ts";
import { portOf } from "../reactor/conformance/tcp_bed.ts";
import { Wire } from "../reactor/conformance/wire.ts";
import type { IListeningPort } from "../reactor/interfaces.ts";
import { shouting } from "./echo.ts";
import { type InteropBed, interopTest, TWISTED } from "./tool.ts";

const test = interopTest(TWISTED);

const peer = (name: string): string => new URL(`./peers/${name}.py`, import.meta.url).pathname;

/** A kind of endpoint, in both of the languages. */
interface Kind {
  /** Our server's endpoint. */
  server(bed: InteropBed): IStreamServerEndpoint;
  /** Twisted's client for our port. */
  clientString(port: IListeningPort): string;
  /** Twisted's server. */
  serverString(bed: InteropBed): string;
  /** Our client for Twisted's port. */
  client(bed: InteropBed, port: string): IStreamClientEndpoint;
}

const KINDS: Record<string, Kind> = {
  tcp: {
    server: ({ reactor }) => new TCP4ServerEndpoint(reactor, 0, { interface: "127.0.0.1" }),
    clientString: (port) => `tcp:127.0.0.1:${portOf(port.getHost())}`,
    serverString: () => "tcp:0:interface=127.0.0.1",
    client: ({ reactor }, port) => new TCP4ClientEndpoint(reactor, "127.0.0.1", Number(port)),
  },
};

for (const [name, kind] of Object.entries(KINDS)) {
  test(`${name}: Twisted's client, our server`, async (bed) => {
    bed.run();
    const port = await kind.server(bed).listen(shouting());
    const twisted = bed.start(peer("twisted_client"), kind.clientString(port), "grüße");
    const { code, lines, errors } = await twisted.end();
    assertEquals([code, errors], [0, ""]);
    assertEquals(lines, ["received GRÜSSE", "lost ConnectionDone"]);
  });

  test(`${name}: our client, Twisted's server`, async (bed) => {
    bed.run();
    const twisted = bed.start(peer("twisted_echo"), kind.serverString(bed));
    const [, place = ""] = await twisted.line(/^listening on (.*)$/);
    const wire = await connectProtocol(kind.client(bed, place), new Wire());
    wire.transport.write("hello");
    await wire.has(5);
    assertEquals(wire.text, "HELLO");
    wire.transport.loseConnection();
    assertEquals((await wire.lost()).name, "ConnectionDone");
    await twisted.line("lost ConnectionDone");
  });
}
