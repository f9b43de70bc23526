/**
 * An HTTP server that answers each request with `Hello`, for `http.ts`.
 *
 * Usage: `deno run -A bench/http_server.ts PORT deno|epoll|serve`
 *
 * `deno` and `epoll` serve the handler with `HTTPFactory` on a reactor; `serve` with `Deno.serve`.
 *
 * @module
 */

import { HTTPFactory } from "../protocol/http/mod.ts";
import { hostReactor } from "./host_reactors.ts";

const port = Number(Deno.args[0]);
const { 1: kind = "deno" } = Deno.args;
const hostname = "127.0.0.1";
const handler = (): Response => new Response("Hello");

if (kind === "serve") {
  Deno.serve({
    port,
    hostname,
    onListen: (address) => console.log(`listening on ${address.port}`),
  }, handler);
} else {
  const reactor = hostReactor(kind);
  if (reactor === null) {
    console.error("usage: deno run -A bench/http_server.ts PORT deno|epoll|serve");
    Deno.exit(2);
  }
  const listening = reactor.listenTCP(port, new HTTPFactory(handler), { interface: hostname });
  console.log(`listening on ${listening.getHost().port}`);
  await reactor.run();
}
