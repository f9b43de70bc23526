/**
 * A server whose log is a service: a file that rotates by its size or every day, and that is opened
 * again on SIGHUP, as logrotate expects it.
 *
 *     deno run --allow-net --allow-read --allow-write examples/rotating_log.ts
 *
 * Try it: type lines into `nc 127.0.0.1 2000`, and read them in `echo.log`. Options: `--port`
 * (2000; 0 lets the system choose), `--log` (the path of the file), `--length` (the bytes from
 * which the file rotates; `echo.log` becomes `echo.log.1`), `--keep` (the number of old files),
 * `--daily` (the file rotates every day instead), and `--json` (one JSON text per line). Ctrl-C
 * stops the server. With a rotation by logrotate, set `--length` to 0, and send SIGHUP in
 * `postrotate`.
 */

import { parseArgs } from "node:util";
import {
  Factory,
  type IReactor,
  LineReceiver,
  log,
  MultiService,
  reactor,
  Service,
  startApplication,
  StreamServerEndpointService,
  TCP4ServerEndpoint,
} from "@torsion/reactor";

const echoLog = new log.Logger("echo");

class Echo extends LineReceiver {
  override delimiter = "\n";

  override connectionMade(): void {
    echoLog.info("{peer} connected", { peer: String(this.transport.getPeer()) });
  }

  override textReceived(line: string): void {
    const peer = String(this.transport.getPeer());
    echoLog.info("{peer} sent {line.length} characters: {line}", { peer, line });
    this.sendLine(line);
  }
}

/** How a {@linkcode LogService} writes. */
interface LogServiceOptions {
  /** Whether the file has a JSON text for each event, in place of Twisted's lines. */
  readonly json: boolean;
}

/** Writes the log to a file while it runs, and opens the file again on SIGHUP. */
class LogService extends Service {
  readonly #reactor: IReactor;
  readonly #open: () => log.BaseLogFile;
  readonly #options: LogServiceOptions;
  #stack: DisposableStack | null = null;

  /**
   * @param reactor The reactor that receives the signal.
   * @param open Opens the file.
   * @param options How the log is written.
   */
  constructor(reactor: IReactor, open: () => log.BaseLogFile, options: LogServiceOptions) {
    super();
    this.#reactor = reactor;
    this.#open = open;
    this.#options = options;
  }

  override startService(): void {
    super.startService();
    using stack = new DisposableStack();
    const file = stack.use(this.#open());
    const observer = this.#options.json
      ? log.jsonFileLogObserver(file, { recordSeparator: "" })
      : log.textFileLogObserver(file);
    stack.use(log.addObserver(observer));
    const reopen = (): void => {
      file.reopen();
      echoLog.info("Opened {path} again", { path: file.path });
    };
    this.#reactor.addSignalHandler("SIGHUP", reopen);
    stack.defer(() => this.#reactor.removeSignalHandler("SIGHUP", reopen));
    this.#stack = stack.move();
  }

  override stopService(): void {
    super.stopService();
    this.#stack?.dispose();
    this.#stack = null;
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "2000" },
      log: { type: "string", default: "echo.log" },
      length: { type: "string", default: "1000000" },
      keep: { type: "string", default: "10" },
      daily: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const open = (): log.BaseLogFile =>
    values.daily
      ? log.DailyLogFile.fromFullPath(values.log)
      : log.LogFile.fromFullPath(values.log, {
        rotateLength: values.length === "0" ? null : Number(values.length),
        maxRotatedFiles: Number(values.keep),
      });

  const application = new MultiService();
  // Services stop in reverse order, so the log has the last words of the server.
  new LogService(reactor, open, { json: values.json }).setServiceParent(application);
  new StreamServerEndpointService(
    new TCP4ServerEndpoint(reactor, Number(values.port), { interface: "127.0.0.1" }),
    Factory.forProtocol(Echo),
    { raiseSynchronously: true, drain: 5 },
  ).setServiceParent(application);

  startApplication(reactor, application);
  console.log(`Logging to ${values.log}`);
  await reactor.run();
}
