/**
 * HTTP over every kind of stream: the same exchange on each host, with raw peers that do not use
 * this library.
 */

import { assert, assertEquals } from "@std/assert";
import type { IProtocolFactory, IReactor } from "../../reactor/interfaces/mod.ts";
import { DenoReactor, IPv4Address } from "../../reactor/mod.ts";
import { EpollReactor } from "../../reactor/drivers/epoll/mod.ts";
import { encodeProxyHeader, ProxyProtocolFactory } from "../proxy_protocol/mod.ts";
import { tcpTransport } from "../../testing/conformance/tcp_transport.ts";
import { tlsTransport } from "../../testing/conformance/tls_transport.ts";
import { unixTransport } from "../../testing/conformance/unix_transport.ts";
import type { StreamTransport } from "../../testing/conformance/stream_transport.ts";
import { type StreamFixture, streamTest } from "../../testing/fixtures/stream_fixture.ts";
import { memoryHost, simulatedHost } from "../../testing/fixtures/virtual_host.ts";
import { HTTPFactory, type HTTPHandler } from "./mod.ts";

const BODY = "0123456789abcdef".repeat(4096);
const LAST = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

const handler: HTTPHandler = (request, info) => {
  const { pathname, protocol } = new URL(request.url);
  if (pathname === "/echo") return new Response(request.body);
  return new Response(`${protocol} ${info.peer.type}`);
};

/** Sends text to a port with a factory, and returns all that the port answers. */
async function exchange(
  fixture: StreamFixture,
  factory: IProtocolFactory,
  text: string | Uint8Array,
): Promise<string> {
  const { kind, reactor } = fixture;
  const port = kind.listen(reactor, kind.freeAddress(fixture), factory, {});
  fixture.run();
  const peer = await fixture.rawConnect(port.getHost());
  const [bytes] = await Promise.all([peer.readAll(), peer.send(text)]);
  return new TextDecoder().decode(bytes).replaceAll(/date: [^\r]+\r\n/g, "");
}

/** Returns the body of a chunked response. */
function bodyOf(response: string): string {
  let body = "";
  for (let at = response.indexOf("\r\n\r\n") + 4;;) {
    const end = response.indexOf("\r\n", at);
    const size = parseInt(response.slice(at, end), 16);
    if (size === 0) return body;
    body += response.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
}

function httpSuite(kind: StreamTransport, scheme: "http:" | "https:"): void {
  const test = streamTest(kind);

  Deno.test(
    test("HTTPFactory echoes a streamed body, and answers a pipelined request", async (fixture) => {
      const post =
        `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
      const text = await exchange(fixture, new HTTPFactory(handler), post + LAST);
      const end = "0\r\n\r\n";
      const [first = "", second = ""] = text.split(/(?<=\r\n0\r\n\r\n)/);
      assert(first.startsWith("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"));
      assert(first.endsWith(end));
      assert(bodyOf(first) === BODY);
      assert(second.includes("\r\nconnection: close\r\n"));
      const type = kind.listenMethod === "listenUNIX" ? "UNIX" : "TCP";
      assertEquals(second.split("\r\n\r\n")[1], `${scheme} ${type}`);
    }),
  );

  Deno.test(test("HTTPFactory answers what is not HTTP with 400, and closes", async (fixture) => {
    const kindOf = fixture.kind;
    const port = kindOf.listen(
      fixture.reactor,
      kindOf.freeAddress(fixture),
      new HTTPFactory(handler),
      {},
    );
    fixture.run();
    const peer = await fixture.rawConnect(port.getHost());
    await peer.send("nonsense\r\n\r\n");
    assertEquals(await peer.readText(24), "HTTP/1.1 400 Bad Request");
  }));

  Deno.test(
    test("HTTPFactory drains: the open request completes, the idle one is closed last", async (fixture) => {
      const wait = Promise.withResolvers<Response>();
      const started = Promise.withResolvers<void>();
      const slow: HTTPHandler = (request) => {
        if (!request.url.endsWith("/slow")) return new Response("fast");
        started.resolve();
        return wait.promise;
      };
      const port = kind.listen(
        fixture.reactor,
        kind.freeAddress(fixture),
        new HTTPFactory(slow),
        {},
      );
      const at = port.getHost();
      fixture.run();
      const idle = await fixture.rawConnect(at);
      await idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await idle.readText(17);
      const busy = await fixture.rawConnect(at);
      await busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
      await started.promise;
      const drained = port.drain(Infinity);
      wait.resolve(new Response("done"));
      const text = new TextDecoder().decode(await busy.readAll());
      assert(text.includes("connection: close\r\n") && text.endsWith("done"), text);
      await idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      const last = new TextDecoder().decode(await idle.readAll());
      assert(last.includes("connection: close\r\n") && last.endsWith("fast"), last);
      assertEquals(await drained, 0);
    }),
  );
}

const memory = memoryHost();
const simulated = simulatedHost();
const onEpoll = (): IReactor => new EpollReactor();
const onDeno = (): IReactor => new DenoReactor();

httpSuite(tcpTransport("DenoReactor", onDeno), "http:");
httpSuite(await tlsTransport("DenoReactor", onDeno), "https:");
httpSuite(unixTransport("DenoReactor UNIX", onDeno), "http:");
httpSuite({ ...tcpTransport("InMemoryReactor", memory.makeReactor), ...memory.tcp() }, "http:");
httpSuite(
  { ...tcpTransport("SimulatedReactor", simulated.makeReactor), ...simulated.tcp() },
  "http:",
);
if (Deno.build.os === "linux") {
  httpSuite(tcpTransport("EpollReactor", onEpoll), "http:");
  httpSuite(await tlsTransport("EpollReactor", onEpoll), "https:");
}

const behindProxy = streamTest(tcpTransport("DenoReactor", onDeno));

Deno.test(
  behindProxy("HTTPFactory reports the address that a PROXY header names", async (fixture) => {
    const factory = new HTTPFactory((_request, info) => new Response(`${info.peer} ${info.host}`));
    const wrapped = new ProxyProtocolFactory(factory, { trustedSources: ["127.0.0.0/8"] });
    const source = new IPv4Address("TCP", "192.0.2.1", 56324);
    const destination = new IPv4Address("TCP", "192.0.2.9", 443);
    const header = new TextDecoder().decode(encodeProxyHeader({ version: 1, source, destination }));
    const text = await exchange(fixture, wrapped, header + LAST);
    assertEquals(text.split("\r\n\r\n")[1], "192.0.2.1:56324 192.0.2.9:443");
  }),
);
