/**
 * An HTTP server that answers each request with `Hello`: with `HTTPFactory` on a reactor, or with
 * `Deno.serve`.
 *
 * Usage: `deno run -A bench/servers/http_server.ts PORT REACTOR|serve`
 *
 * @module
 */

import { HTTPFactory } from "../../protocol/http/mod.ts";
import { reactorOf } from "../host_reactors.ts";

const [port, kind] = Deno.args;
const hostname = "127.0.0.1";
const handler = (): Response => new Response("Hello");

if (kind === "serve") {
  Deno.serve({
    port: Number(port),
    hostname,
    onListen: (address) => console.log(`listening on ${address.port}`),
  }, handler);
} else {
  const reactor = reactorOf(kind);
  const factory = new HTTPFactory(handler);
  const listening = reactor.listenTCP(Number(port), factory, { interface: hostname });
  console.log(`listening on ${listening.getHost().port}`);
  await reactor.run();
}
