/**
 * An echo server with a manhole: a console on a UNIX socket that shows what the server has open.
 *
 *     deno run --allow-net --allow-read --allow-write examples/manhole.ts
 *
 * Try it: `nc -U manhole.sock`, and type `help`. Only the user that runs the server can connect,
 * because the socket has the mode 0600, and no command changes anything. On Linux and macOS,
 * `kill -USR1` with the server's process ID writes the description to the log. Ctrl-C stops the
 * server. Arguments: the path of the socket (manhole.sock), and the port of the echo server (2000;
 * 0 lets the system choose).
 */

import {
  Factory,
  LineReceiver,
  log,
  reactor,
  TCP4ServerEndpoint,
  UNIXServerEndpoint,
} from "@torsion/reactor";
import { Echo } from "@torsion/reactor/wire";

/** The commands, each with its answer. */
const COMMANDS: Record<string, { readonly help: string; readonly run: () => string }> = {
  describe: { help: "lists what is open and who made it", run: () => reactor.describe() },
  stats: { help: "shows the counters", run: () => JSON.stringify(reactor.stats(), null, 2) },
  help: {
    help: "lists the commands",
    run: () => Object.entries(COMMANDS).map(([name, { help }]) => `${name}: ${help}`).join("\n"),
  },
  quit: { help: "closes this console", run: () => "Goodbye" },
};

/** The console of one user. */
class Manhole extends LineReceiver {
  override delimiter = "\n";

  override textReceived(line: string): void {
    const name = line.trim();
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    this.sendLine(command?.run() ?? "Unknown command. Type help for a list.");
    if (name === "quit") this.transport.loseConnection();
  }
}

if (import.meta.main) {
  const [path = "manhole.sock", port = "2000"] = Deno.args;
  log.startLogging(Deno.stdout);
  if (Deno.build.os !== "windows") {
    reactor.addSignalHandler("SIGUSR1", () => log.msg(reactor.describe()));
  }
  await new TCP4ServerEndpoint(reactor, Number(port)).listen(Factory.forProtocol(Echo));
  // A few consoles are enough, and one that is idle for ten minutes is forgotten.
  const limits = { mode: 0o600, maxConnections: 4, idleTimeout: 600 };
  await new UNIXServerEndpoint(reactor, path, limits).listen(Factory.forProtocol(Manhole));
  await reactor.run();
}
