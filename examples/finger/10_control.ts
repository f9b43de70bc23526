/**
 * Finger, step 10: a second server, on a UNIX socket of its own user, sets the users. Both servers
 * share the same users.
 *
 *     deno run --allow-net --allow-read --allow-write examples/finger/10_control.ts
 *
 * Try it: `echo ada Writes programs | nc -NU finger.sock` prints `set`; then
 * `echo ada | nc 127.0.0.1 1079` prints `Writes programs`. A line with a name alone removes the
 * user. Ctrl-C stops both servers. Arguments: the endpoints of the two servers.
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

class Finger extends LineReceiver<UserFactory> {
  override delimiter = "\n";

  override textReceived(line: string): void {
    this.transport.write(`${this.factory.users.get(line.trim()) ?? "No such user"}\r\n`);
    this.transport.loseConnection();
  }
}

/** Each line is a name and a text, or a name alone. */
class Control extends LineReceiver<UserFactory> {
  override delimiter = "\n";

  override textReceived(line: string): void {
    const [name = "", ...words] = line.trim().split(/\s+/);
    const text = words.join(" ");
    if (text !== "") this.factory.users.set(name, text);
    const isKnown = text !== "" || this.factory.users.delete(name);
    this.sendLine(!isKnown ? "No such user" : text === "" ? "removed" : "set");
  }
}

class UserFactory extends Factory {
  readonly users: Map<string, string>;

  constructor(protocol: typeof Finger | typeof Control, users: Map<string, string>) {
    super();
    this.protocol = protocol;
    this.users = users;
  }
}

const [endpoint = "tcp:1079:interface=127.0.0.1", control = "unix:finger.sock:mode=600"] =
  Deno.args;
const users = new Map<string, string>();

log.startLogging(Deno.stdout);
const application = new MultiService();
for (const [description, protocol] of [[endpoint, Finger], [control, Control]] as const) {
  const server = new StreamServerEndpointService(
    serverFromString(reactor, description),
    new UserFactory(protocol, users),
    { raiseSynchronously: true, drain: 5 },
  );
  server.setServiceParent(application);
}

startApplication(reactor, application);
await reactor.run();
