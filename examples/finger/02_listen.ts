/**
 * Finger, step 2: a port that accepts connections, and ignores all that clients send.
 *
 *     deno run --allow-net examples/finger/02_listen.ts
 *
 * Try it: `nc 127.0.0.1 1079` connects, and stays connected. Ctrl-C stops the server. Another port
 * can be given as an argument; 0 lets the system choose.
 */

import { Factory, log, Protocol, reactor, TCP4ServerEndpoint } from "@torsion/reactor";

const [port = "1079"] = Deno.args;

log.startLogging(Deno.stdout);
const endpoint = new TCP4ServerEndpoint(reactor, Number(port), { interface: "127.0.0.1" });
await endpoint.listen(Factory.forProtocol(Protocol));
await reactor.run();
