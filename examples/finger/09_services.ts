/**
 * Finger, step 9: the server is a service of an application. The application starts before the
 * reactor runs, and stops in order when a signal arrives. An endpoint string says where to listen.
 *
 *     deno run --allow-net examples/finger/09_services.ts
 *
 * Try it: `echo ada | nc 127.0.0.1 1079` prints `Writes programs`. Ctrl-C stops the server; clients
 * have five seconds to finish. Another endpoint can be given as an argument, such as `tcp6:1079`.
 */

import {
  Factory,
  LineReceiver,
  log,
  MultiService,
  reactor,
  serverFromString,
  startApplication,
  StreamServerEndpointService,
} from "@torsion/reactor";

class Finger extends LineReceiver<FingerFactory> {
  override delimiter = "\n";

  override textReceived(line: string): void {
    this.transport.write(`${this.factory.users.get(line.trim()) ?? "No such user"}\r\n`);
    this.transport.loseConnection();
  }
}

class FingerFactory extends Factory<Finger> {
  override protocol = Finger;
  readonly users: ReadonlyMap<string, string>;

  constructor(users: ReadonlyMap<string, string>) {
    super();
    this.users = users;
  }
}

const [endpoint = "tcp:1079:interface=127.0.0.1"] = Deno.args;
const users = new Map([["ada", "Writes programs"], ["grace", "Out to lunch"]]);

log.startLogging(Deno.stdout);
const application = new MultiService();
const server = new StreamServerEndpointService(
  serverFromString(reactor, endpoint),
  new FingerFactory(users),
  { raiseSynchronously: true, drain: 5 },
);
server.setServiceParent(application);

startApplication(reactor, application);
await reactor.run();
