/** The behaviour that all endpoints share. */

import { assertEquals } from "@std/assert";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import {
  AdoptedStreamServerEndpoint,
  clientFromString,
  ProcessEndpoint,
  serverFromString,
  TCP4ClientEndpoint,
  TCP4ServerEndpoint,
  TCP6ClientEndpoint,
  TCP6ServerEndpoint,
  TLSClientEndpoint,
  TLSServerEndpoint,
  UNIXClientEndpoint,
  UNIXServerEndpoint,
  wrapClientTLS,
  wrapServerTLS,
} from "./mod.ts";

Deno.test("IStreamClientEndpoint.toString() returns the address to connect to", () => {
  const reactor = new DenoReactor();
  const underlying = new UNIXClientEndpoint(reactor, "/run/chat/socket");
  const written: [object, string][] = [
    [new TCP4ClientEndpoint(reactor, "127.0.0.1", 2000), "127.0.0.1:2000"],
    [new TCP4ClientEndpoint(reactor, "::1", 2000), "[::1]:2000"],
    [new TCP6ClientEndpoint(reactor, "::1", 2000), "[::1]:2000"],
    [new TLSClientEndpoint(reactor, "example.org", 443), "example.org:443"],
    [underlying, "/run/chat/socket"],
    [wrapClientTLS({ serverName: "example.org" }, underlying), "/run/chat/socket"],
    [new ProcessEndpoint(reactor, "/bin/cat"), "/bin/cat"],
    [clientFromString(reactor, "tls:example.org:443"), "example.org:443"],
    [
      clientFromString(reactor, String.raw`tls:example.org:443:endpoint=unix\:/run/tunnel`),
      "example.org:443 over /run/tunnel",
    ],
  ];
  for (const [endpoint, text] of written) assertEquals(String(endpoint), text);
});

Deno.test("IStreamServerEndpoint.toString() returns the address to listen on", () => {
  const reactor = new DenoReactor();
  const underlying = new UNIXServerEndpoint(reactor, "/run/chat/socket");
  const certificate = { cert: "", key: "" };
  const written: [object, string][] = [
    [new TCP4ServerEndpoint(reactor, 2000), "0.0.0.0:2000"],
    [new TCP4ServerEndpoint(reactor, 0, { interface: "::1" }), "[::1]:0"],
    [new TCP6ServerEndpoint(reactor, 2000), "[::]:2000"],
    [new TLSServerEndpoint(reactor, 443, certificate), "0.0.0.0:443"],
    [underlying, "/run/chat/socket"],
    [wrapServerTLS(certificate, underlying), "/run/chat/socket"],
    [new AdoptedStreamServerEndpoint(reactor, 3, "INET"), "file descriptor 3"],
    [serverFromString(reactor, "tls:443:interface=127.0.0.1"), "127.0.0.1:443"],
    [serverFromString(reactor, "stdio:"), "standard input and output"],
  ];
  for (const [endpoint, text] of written) assertEquals(String(endpoint), text);
});
