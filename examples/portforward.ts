/**
 * A port that forwards its connections to a server. A slow reader slows its sender down, so that no
 * data piles up in between.
 *
 *     deno run --allow-net examples/portforward.ts
 *
 * Try it: with `hello_server.ts` running, `nc 127.0.0.1 2001` prints `Hello Twisted`. Ctrl-C stops
 * the forwarder. Arguments: the port to listen on (2001; 0 lets the system choose), and the host
 * and port to forward to (127.0.0.1 and 2000). If the server cannot be reached, the log says for
 * which client, and why.
 */

import { log, ProxyFactory, reactor, TCP4ServerEndpoint } from "@torsion/reactor";

const [port = "2001", toHost = "127.0.0.1", toPort = "2000"] = Deno.args;

if (import.meta.main) {
  log.startLogging(Deno.stdout);
  const endpoint = new TCP4ServerEndpoint(reactor, Number(port));
  endpoint.listen(new ProxyFactory(reactor, toHost, Number(toPort))).addErrback((error) => {
    console.error(error.message);
    Deno.exit(1);
  });
  await reactor.run();
}
