/** What every client endpoint does, whatever its kind. */

import { assertEquals } from "@std/assert";
import { DenoReactor } from "../reactor/deno/reactor.ts";
import {
  clientFromString,
  ProcessEndpoint,
  TCP4ClientEndpoint,
  TCP6ClientEndpoint,
  TLSClientEndpoint,
  UNIXClientEndpoint,
  wrapClientTLS,
} from "./mod.ts";

Deno.test("A client's endpoint is written as the place to which it leads", () => {
  const reactor = new DenoReactor();
  const beneath = new UNIXClientEndpoint(reactor, "/run/chat/socket");
  const written: [object, string][] = [
    [new TCP4ClientEndpoint(reactor, "127.0.0.1", 2000), "127.0.0.1:2000"],
    [new TCP4ClientEndpoint(reactor, "::1", 2000), "[::1]:2000"],
    [new TCP6ClientEndpoint(reactor, "::1", 2000), "[::1]:2000"],
    [new TLSClientEndpoint(reactor, "example.org", 443), "example.org:443"],
    [beneath, "/run/chat/socket"],
    [wrapClientTLS({ serverName: "example.org" }, beneath), "/run/chat/socket"],
    [new ProcessEndpoint(reactor, "/bin/cat"), "/bin/cat"],
    [clientFromString(reactor, "tls:example.org:443"), "example.org:443"],
  ];
  for (const [endpoint, text] of written) assertEquals(String(endpoint), text);
});
