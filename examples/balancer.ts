/**
 * A balancer: forwards each connection to the next healthy server, and checks every second which
 * servers are healthy. SIGTERM (or Ctrl-C) makes it stop accepting, and wait up to 30 seconds for
 * its connections.
 *
 *     deno run --allow-net examples/balancer.ts
 *
 * Try it: with two servers, such as `echo.ts tcp:2001` and `echo.ts tcp:2002`, clients of port 2000
 * alternate between them. Stop one of them: the balancer logs that it is down, and the clients go
 * to the other one. Arguments: the port to listen on (2000; 0 lets the system choose), the servers
 * (127.0.0.1:2001 and 127.0.0.1:2002), and options: `--proxy=1` or `--proxy=2` sends the client's
 * address in a PROXY header, `--check=1` has the seconds between checks, `--drain=30` those of the
 * shutdown.
 */

import {
  connectProtocol,
  type IStreamClientEndpoint,
  log,
  LoopingCall,
  Protocol,
  ProxyFactory,
  reactor,
  TCP4ClientEndpoint,
  TCP4ServerEndpoint,
} from "@torsion/reactor";
import { encodeProxyHeader } from "@torsion/reactor/proxy_protocol";

const [port = "2000", ...given] = Deno.args.filter((arg) => !arg.startsWith("--"));
const names = given.length > 0 ? given : ["127.0.0.1:2001", "127.0.0.1:2002"];
const version = option("proxy", "");
const proxyHeader = version === "1" ? 1 : version === "2" ? 2 : undefined;

/** Returns the value of an option, such as `--check=1`. */
function option(name: string, byDefault: string): string {
  const prefix = `--${name}=`;
  return Deno.args.find((arg) => arg.startsWith(prefix))?.slice(prefix.length) ?? byDefault;
}

/** A connection that only shows that the server accepts connections. */
class Check extends Protocol {
  override connectionMade(): void {
    // A server that expects a header receives one that names no client.
    if (proxyHeader !== undefined) {
      this.transport.write(encodeProxyHeader({ version: proxyHeader, command: "LOCAL" }));
    }
    this.transport.loseConnection();
  }
}

/** A server, and whether it is healthy. */
class Server {
  readonly name: string;
  readonly endpoint: IStreamClientEndpoint;
  isHealthy = true;

  constructor(name: string) {
    const [host = "", port] = name.split(":");
    this.name = name;
    this.endpoint = new TCP4ClientEndpoint(reactor, host, Number(port), { timeout: 2 });
  }

  async check(): Promise<void> {
    await connectProtocol(this.endpoint, new Check()).addCallbacks(
      () => this.mark(true),
      () => this.mark(false),
    );
  }

  mark(isHealthy: boolean): void {
    if (isHealthy !== this.isHealthy) log.msg(`${this.name} is ${isHealthy ? "up" : "down"}`);
    this.isHealthy = isHealthy;
  }
}

const servers = names.map((name) => new Server(name));
let count = 0;

/** Returns the next server. A server that a client has not reached counts as down at once. */
function choose(
  _peer: unknown,
  failed: ReadonlySet<IStreamClientEndpoint>,
): IStreamClientEndpoint | null {
  for (const server of servers) if (failed.has(server.endpoint)) server.mark(false);
  const healthy = servers.filter(({ isHealthy }) => isHealthy);
  return healthy[count++ % healthy.length]?.endpoint ?? null;
}

if (import.meta.main) {
  log.startLogging(Deno.stdout);
  const factory = new ProxyFactory({ choose, attempts: servers.length, proxyHeader });
  new TCP4ServerEndpoint(reactor, Number(port)).listen(factory).addCallbacks((listening) => {
    const checks = new LoopingCall(() => Promise.all(servers.map((server) => server.check())));
    checks.start(Number(option("check", "1")), { clock: reactor });
    reactor.addSystemEventTrigger("before", "shutdown", async () => {
      checks.stop();
      const aborted = await listening.drain(Number(option("drain", "30")));
      log.msg(`Drained, ${aborted} aborted`);
    });
  }, (error) => {
    console.error(error.message);
    Deno.exit(1);
  });
  await reactor.run();
}
