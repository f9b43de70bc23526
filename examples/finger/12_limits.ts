/**
 * Finger, step 12: the whole protocol of RFC 1288, with limits. The server refuses to list its
 * users and to ask other hosts. A query has at most 512 bytes, and arrives within 30 seconds.
 *
 *     deno run --allow-net examples/finger/12_limits.ts
 *
 * Try it: `echo ada | nc 127.0.0.1 1079` prints `Writes programs`, and
 * `echo ada@example.org | nc 127.0.0.1 1079` prints `Finger forwarding service denied`. Ctrl-C
 * stops the server. Arguments: the port (0 lets the system choose), and the seconds in which a
 * query arrives.
 */

import {
  log,
  reactor,
  startApplication,
  StreamServerEndpointService,
  TCP4ServerEndpoint,
} from "@torsion/reactor";
import { FingerFactory } from "./finger.ts";

const [port = "1079", seconds = "30"] = Deno.args;
const users = new Map([["ada", "Writes programs"], ["grace", "Out to lunch"]]);

const factory = new FingerFactory(reactor, {
  queryTimeout: Number(seconds),
  getUser: ({ user, isVerbose }) => {
    const text = users.get(user);
    return isVerbose && text !== undefined ? `Login: ${user}\nPlan: ${text}` : text;
  },
});
const endpoint = new TCP4ServerEndpoint(reactor, Number(port), {
  interface: "127.0.0.1",
  maxConnections: 1000,
  maxConnectionsPerHost: 20,
  writeStallTimeout: 30,
});

log.startLogging(Deno.stdout);
startApplication(
  reactor,
  new StreamServerEndpointService(endpoint, factory, { raiseSynchronously: true, drain: 5 }),
);
await reactor.run();
