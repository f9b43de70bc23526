/**
 * Finger, step 8: the users are the accounts of this system. Another program, getent, looks them
 * up.
 *
 *     deno run --allow-net --allow-run=getent examples/finger/08_accounts.ts
 *
 * Try it: `echo root | nc 127.0.0.1 1079` prints `Login: root  Name: root`. Ctrl-C stops the
 * server. Another port can be given as an argument; 0 lets the system choose.
 */

import {
  CancelledError,
  type Deferred,
  DeferredSemaphore,
  Factory,
  getProcessOutput,
  LineReceiver,
  log,
  reactor,
  succeed,
  TCP4ServerEndpoint,
} from "@torsion/reactor";

class Finger extends LineReceiver<AccountFactory> {
  override delimiter = "\n";
  #answer: Deferred<void> | null = null;

  override textReceived(line: string): void {
    this.#answer ??= this.factory.getUser(line.trim())
      .addCallback((answer) => {
        this.transport.write(`${answer}\r\n`);
        this.transport.loseConnection();
      })
      .addErrback((error) => {
        if (error instanceof CancelledError) return;
        log.err(error, "Cannot look up an account");
        this.transport.loseConnection();
      });
  }

  override connectionLost(): void {
    this.#answer?.cancel(); // ends the program
  }
}

class AccountFactory extends Factory<Finger> {
  override protocol = Finger;
  /** Clients beyond the fourth wait: each lookup is a process. */
  readonly #slots = new DeferredSemaphore(4);

  getUser(name: string): Deferred<string> {
    // The name becomes an argument of a program: it must not be an option or a number.
    if (!/^[a-z_][\w.-]{0,31}$/i.test(name)) return succeed("No such user");
    const options = { args: ["passwd", name], maxBytes: 4096 };
    return this.#slots.run(() =>
      getProcessOutput(reactor, "getent", options).addTimeout(10, reactor)
    ).addCallback((output) => {
      const [login, , , , fullName = ""] = new TextDecoder().decode(output).trim().split(":");
      return login ? `Login: ${login}  Name: ${fullName}` : "No such user";
    });
  }
}

const [port = "1079"] = Deno.args;

log.startLogging(Deno.stdout);
const endpoint = new TCP4ServerEndpoint(reactor, Number(port), { interface: "127.0.0.1" });
await endpoint.listen(new AccountFactory());
await reactor.run();
