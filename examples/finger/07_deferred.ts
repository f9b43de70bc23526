/**
 * Finger, step 7: users that are looked up elsewhere, which takes time and may fail.
 *
 *     deno run --allow-net examples/finger/07_deferred.ts
 *
 * Try it: `echo ada | nc 127.0.0.1 1079` prints `Writes programs` after half a second, and
 * `echo eve | nc 127.0.0.1 1079` prints `Internal error in server`. Ctrl-C stops the server.
 * Arguments: the port (0 lets the system choose) and the seconds that a lookup takes.
 */

import {
  CancelledError,
  deferLater,
  type Deferred,
  Factory,
  LineReceiver,
  log,
  reactor,
  TCP4ServerEndpoint,
} from "@torsion/reactor";

const [port = "1079", seconds = "0.5"] = Deno.args;

class Finger extends LineReceiver<FingerFactory> {
  override delimiter = "\n";
  #answer: Deferred<void> | null = null;

  override textReceived(line: string): void {
    if (this.#answer !== null) return; // one query for each connection
    this.#answer = this.factory.getUser(line.trim())
      .addErrback((error) => {
        if (error instanceof CancelledError) throw error;
        log.err(error, "Cannot look up a user");
        return "Internal error in server";
      })
      .addCallbacks(
        (answer) => {
          this.transport.write(`${answer}\r\n`);
          this.transport.loseConnection();
        },
        () => log.msg("The client left before its answer"),
      );
  }

  override connectionLost(): void {
    this.#answer?.cancel(); // has no effect after the answer
  }
}

class FingerFactory extends Factory<Finger> {
  override protocol = Finger;
  readonly #users: ReadonlyMap<string, string>;

  constructor(users: ReadonlyMap<string, string>) {
    super();
    this.#users = users;
  }

  /** Stands for a query to a database. */
  getUser(name: string): Deferred<string> {
    return deferLater(reactor, Number(seconds), () => {
      if (name === "eve") throw new Error("The database has a broken record");
      return this.#users.get(name) ?? "No such user";
    });
  }
}

const users = new Map([["ada", "Writes programs"], ["grace", "Out to lunch"]]);

log.startLogging(Deno.stdout);
const endpoint = new TCP4ServerEndpoint(reactor, Number(port), { interface: "127.0.0.1" });
await endpoint.listen(new FingerFactory(users));
await reactor.run();
