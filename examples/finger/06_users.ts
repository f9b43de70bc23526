/**
 * Finger, step 6: a factory that knows the users. All connections share it.
 *
 *     deno run --allow-net examples/finger/06_users.ts
 *
 * Try it: `echo ada | nc 127.0.0.1 1079` prints `Writes programs`. Ctrl-C stops the server. Another
 * port can be given as an argument; 0 lets the system choose.
 */

import { Factory, LineReceiver, log, reactor, TCP4ServerEndpoint } from "@torsion/reactor";

class Finger extends LineReceiver<FingerFactory> {
  override delimiter = "\n";

  override textReceived(line: string): void {
    this.transport.write(`${this.factory.getUser(line.trim())}\r\n`);
    this.transport.loseConnection();
  }
}

class FingerFactory extends Factory<Finger> {
  override protocol = Finger;
  readonly #users: ReadonlyMap<string, string>;

  constructor(users: ReadonlyMap<string, string>) {
    super();
    this.#users = users;
  }

  getUser(name: string): string {
    return this.#users.get(name) ?? "No such user";
  }
}

const [port = "1079"] = Deno.args;
const users = new Map([["ada", "Writes programs"], ["grace", "Out to lunch"]]);

log.startLogging(Deno.stdout);
const endpoint = new TCP4ServerEndpoint(reactor, Number(port), { interface: "127.0.0.1" });
await endpoint.listen(new FingerFactory(users));
await reactor.run();
