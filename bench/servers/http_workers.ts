/**
 * An HTTP server in one process, or in several workers with a supervisor. It answers each request
 * with `Hello`, and `/page` with a page of 400 rows, which takes some time to make.
 *
 * Usage: `deno run -A bench/servers/http_workers.ts PORT REACTOR [WORKERS]`
 *
 * @module
 */

import { startApplication } from "../../endpoints/mod.ts";
import { Supervisor } from "../../endpoints/supervisor/mod.ts";
import { HTTPFactory } from "../../protocol/http/mod.ts";
import { EpollReactor } from "../../reactor/drivers/epoll/mod.ts";
import { reactorOf } from "../host_reactors.ts";

const ROWS = 400;

/** Returns a page, made anew as from the rows of a database. */
function page(): string {
  const rows = Array.from({ length: ROWS }, (_, i) => JSON.parse(`{"id":${i},"name":"row ${i}"}`));
  return rows.map(({ id, name }) => `<li id="${id}">${name}</li>`).join("\n");
}

const factory = new HTTPFactory((request) =>
  new Response(request.url.endsWith("/page") ? page() : "Hello")
);

/** Serves in this process, on a port or on a descriptor that it has inherited. */
async function serve(port: number, kind: string, descriptor?: number): Promise<void> {
  const reactor = reactorOf(kind);
  const listening = descriptor === undefined
    ? reactor.listenTCP(port, factory, { interface: "127.0.0.1" })
    : reactor.adoptStreamPort(descriptor, "INET", factory);
  const address = listening.getHost();
  console.log(`listening on ${"port" in address ? address.port : address}`);
  await reactor.run();
}

/** Starts workers, which inherit the port. */
async function supervise(kind: string, workers: number): Promise<void> {
  const reactor = new EpollReactor();
  using socket = reactor.openListeningSocket(0, { interface: "127.0.0.1" });
  const args = ["run", "-A", import.meta.filename ?? "", "0", kind, "0", `${socket.descriptor}`];
  const program = { executable: Deno.execPath(), args, env: null };
  const supervisor = new Supervisor(reactor, program, {
    workers,
    isReady: (line) => line.startsWith("listening on "),
  });
  startApplication(reactor, supervisor);
  supervisor.whenReady().addCallback(() => console.log(`listening on ${socket.address.port}`));
  await reactor.run();
}

const [port, kind = "deno", workers = "0", descriptor] = Deno.args;
if (Number(workers) > 0) await supervise(kind, Number(workers));
else await serve(Number(port), kind, descriptor === undefined ? undefined : Number(descriptor));
