/**
 * Finger, step 14: a server that asks other servers. For a query such as `ada@north`, it asks the
 * server that its arguments name `north`, and no other.
 *
 *     deno run --allow-net examples/finger/14_proxy.ts
 *
 * Try it: start `12_limits.ts`, and this program with the arguments `1080` and
 * `north=tcp:127.0.0.1:1079`. Then `echo ada@north | nc 127.0.0.1 1080` prints `Writes programs`.
 * Ctrl-C stops the server. Arguments: the port (0 lets the system choose), and the servers that
 * clients may ask, each as a name and an endpoint.
 */

import {
  clientFromString,
  log,
  reactor,
  startApplication,
  StreamServerEndpointService,
  TCP4ServerEndpoint,
} from "@torsion/reactor";
import { FingerFactory, forwardTo } from "./finger.ts";

const [port = "1080", ...servers] = Deno.args;

const endpoints = new Map(servers.map((argument) => {
  const [, name = "", description = ""] = /^([^=]+)=(.+)$/.exec(argument) ?? [];
  return [name, clientFromString(reactor, description)];
}));

const factory = new FingerFactory(reactor, {
  getUser: () => undefined,
  forward: forwardTo(endpoints, reactor),
});

log.startLogging(Deno.stdout);
const endpoint = new TCP4ServerEndpoint(reactor, Number(port), { interface: "127.0.0.1" });
startApplication(
  reactor,
  new StreamServerEndpointService(endpoint, factory, { raiseSynchronously: true, drain: 5 }),
);
await reactor.run();
