/**
 * A web server on all processor cores: several worker processes share one port.
 *
 *     deno run -A examples/multicore.ts
 *
 * Each worker answers with its process ID: try `curl http://127.0.0.1:8080/`. A supervisor starts
 * the workers, and replaces a worker that ends. Try it: kill a worker with `kill -9 PID`; replace
 * all of them, without losing a request, with `kill -HUP` and the process ID of the supervisor;
 * stop everything with Ctrl-C. Arguments: the port (8080) and the number of workers (one for each
 * core).
 *
 * The supervisor opens the port, and the workers inherit it. While workers are being replaced, new
 * connections wait in the port's queue.
 */

import { log, startApplication, StreamServerEndpointService } from "@torsion/reactor";
import { AdoptedStreamServerEndpoint } from "@torsion/reactor/endpoints";
import { EpollReactor } from "@torsion/reactor/epoll";
import { HTTPFactory, type HTTPHandler } from "@torsion/reactor/http";
import { Supervisor } from "@torsion/reactor/supervisor";

// Seconds that the clients of a worker have to send their last request when it is replaced. Its
// answer says that the connection closes. A connection that is idle until then is closed.
const DRAIN = 30;
const READY = "The worker is ready";

/** Answers with the worker's process ID and the body of the request. */
const handler: HTTPHandler = async (request) =>
  new Response(`${Deno.pid} ${await request.text()}\n`);

/** Serves the port that the supervisor has opened. */
async function work(descriptor: number): Promise<void> {
  const reactor = new EpollReactor();
  const endpoint = new AdoptedStreamServerEndpoint(reactor, descriptor, "INET");
  const server = new StreamServerEndpointService(endpoint, new HTTPFactory(handler), {
    raiseSynchronously: true,
    drain: DRAIN,
  });
  startApplication(reactor, server);
  reactor.callWhenRunning(() => log.msg(READY));
  // Ctrl-C in a terminal reaches the workers, too. The supervisor stops them.
  reactor.addSignalHandler("SIGINT", () => {});
  await reactor.run();
}

/** Opens the port, and keeps the workers running. */
async function supervise(port: number, workers: number): Promise<void> {
  const reactor = new EpollReactor();
  using socket = reactor.openListeningSocket(port);
  const program = {
    executable: Deno.execPath(),
    args: ["run", "-A", import.meta.filename ?? "", "worker", `${socket.descriptor}`],
    env: null, // the worker has the environment of the supervisor
  };
  const supervisor = new Supervisor(reactor, program, {
    workers,
    isReady: (line) => line.endsWith(READY),
    killTime: DRAIN + 10,
    gaveUp: () => {
      Deno.exitCode = 1;
      reactor.stop();
    },
  });
  startApplication(reactor, supervisor);
  supervisor.whenReady().addCallbacks(
    () => log.msg(`${workers} workers serve port ${socket.address.port}`),
    () => {}, // the supervisor was stopped before
  );
  reactor.addSignalHandler("SIGHUP", () => {
    supervisor.restart().addCallbacks(() => log.msg("All workers are new"), log.err);
  });
  await reactor.run();
}

if (import.meta.main) {
  log.startLogging(Deno.stdout);
  const [port = "8080", number = navigator.hardwareConcurrency] = Deno.args;
  if (port === "worker") await work(Number(number));
  else await supervise(Number(port), Number(number));
}
