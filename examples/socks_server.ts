/**
 * A SOCKS server, for versions 4, 4a and 5. It connects its clients to the public internet, and to
 * no service of its own host and network, unless its arguments name their addresses.
 *
 *     deno run --allow-net examples/socks_server.ts
 *
 * Try it: `curl --socks5-hostname 127.0.0.1:1080 https://example.com`. With `http://127.0.0.1:2000`
 * curl reports that the connection is not allowed (2). Ctrl-C stops the server. Arguments: the port
 * to listen on (1080; 0 lets the system choose), and blocks of further addresses that clients may
 * connect to, such as `192.168.7.0/24`.
 */

import { log, reactor, TCP4ServerEndpoint } from "@torsion/reactor";
import { AddressBlocks, isGlobalAddress } from "@torsion/reactor/reactor";
import { SOCKSFactory } from "@torsion/reactor/socks";

const [port = "1080", ...blocks] = Deno.args;

if (import.meta.main) {
  log.startLogging(Deno.stdout);
  const allowed = new AddressBlocks(blocks);
  const factory = new SOCKSFactory(reactor, {
    authorize: ({ host }) => isGlobalAddress(host) || allowed.has(host),
    connectOptions: { idleTimeout: 600 },
  });
  const options = { interface: "127.0.0.1", maxConnectionsPerHost: 100 };
  new TCP4ServerEndpoint(reactor, Number(port), options).listen(factory).addErrback((error) => {
    console.error(error.message);
    Deno.exit(1);
  });
  await reactor.run();
}
