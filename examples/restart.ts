/**
 * A server that its next version replaces without losing a connection. The new process asks the
 * running one for its listening socket, over a UNIX socket. Both accept connections for a moment;
 * then the old process completes its requests and exits. It needs Linux.
 *
 *     deno run --allow-ffi --allow-net --allow-read --allow-write examples/restart.ts
 *
 * Try it: `echo hi | nc 127.0.0.1 2000` prints the process ID of the server. Start the program
 * again in another terminal: the first one exits with code 0, and the same command prints another
 * ID. Arguments: another port (0 lets the system choose), the path of the UNIX socket
 * (`restart.sock`), and the seconds that a request takes.
 */

import {
  connectProtocol,
  Factory,
  type IListeningPort,
  type ITransport,
  LineReceiver,
  log,
  UNIXClientEndpoint,
} from "@torsion/reactor";
import { EpollReactor } from "@torsion/reactor/epoll";
import { type IFileDescriptorReceiver, unixTransport } from "@torsion/reactor/reactor";

const [portNumber = "2000", path = "restart.sock", workSeconds = "0.05"] = Deno.args;
const DRAIN_SECONDS = 30;

const reactor = new EpollReactor();

/** Answers one request, a line, and closes the connection. */
class Answer extends LineReceiver {
  override delimiter = "\n";

  override textReceived(line: string): void {
    reactor.callLater(Number(workSeconds), () => {
      this.sendLine(`${Deno.pid} ${line}`);
      this.transport.loseConnection();
    });
  }
}

/** Passes the port to the next process: the side of the running one. */
class Handover extends LineReceiver {
  override delimiter = "\n";

  override connectionMade(): void {
    const transport = unixTransport(this.transport);
    log.msg(`Passing the port to process ${transport?.getPeerCredentials()?.pid}`);
    transport?.sendFileDescriptor(port?.fileno?.() ?? -1);
    this.sendLine("port");
  }

  override textReceived(line: string): Promise<void> | void {
    // If the next process fails before this line, this one just continues.
    if (line === "ready") return retire(this.transport);
  }
}

/** Receives the port: the side of the next process. */
class Takeover extends LineReceiver implements IFileDescriptorReceiver {
  override delimiter = "\n";

  fileDescriptorReceived(fileDescriptor: number): void {
    port = reactor.adoptStreamPort(fileDescriptor, "INET", answers);
  }

  override textReceived(line: string): void {
    if (line === "port") this.sendLine("ready");
  }

  override connectionLost(): void {
    if (port === null) open();
    else offer();
  }
}

const answers = Factory.forProtocol(Answer);
let port: IListeningPort | null = null;
let control: IListeningPort | null = null;

/** Opens the port, because no other process has it. */
function open(): void {
  port = reactor.listenTCP(Number(portNumber), answers, { interface: "127.0.0.1" });
  offer();
}

/** Offers the port to the next process. Only the same user may connect. */
function offer(): void {
  control = reactor.listenUNIX(path, Factory.forProtocol(Handover), { mode: 0o600 });
}

/** Leaves the port to the next process, and stops when all requests have been answered. */
async function retire(next: ITransport): Promise<void> {
  // The next process binds the same path as soon as its connection is closed.
  await control?.stopListening();
  next.loseConnection();
  await port?.drain(DRAIN_SECONDS);
  reactor.stop();
}

log.startLogging(Deno.stdout);
reactor.addSystemEventTrigger("before", "shutdown", () => port?.drain(DRAIN_SECONDS));
connectProtocol(new UNIXClientEndpoint(reactor, path), new Takeover()).addErrback(open);
await reactor.run();
