import { UnsupportedError } from "../../errors.ts";
import type {
  IHostEnvironment,
  IListeningPort,
  IPipeAddress,
  IProcessTransport,
  IReactor,
  IUNIXDatagramConnectedTransport,
  IUNIXDatagramTransport,
} from "../../interfaces/mod.ts";
import { DriverReactor } from "../../lifecycle/driver_reactor.ts";

/**
 * A reactor without an operating system. It has the capabilities of a `DriverReactor`; child
 * processes, standard streams, inherited sockets, UNIX datagrams and the files and variables of the
 * host are not available, and throw `UnsupportedError`.
 */
export abstract class VirtualReactor extends DriverReactor implements IReactor {
  readonly hostEnvironment: IHostEnvironment = new VirtualHostEnvironment();

  spawnProcess(): IProcessTransport {
    throw unavailable("start a process", "child processes");
  }

  listenStandardIO(): IListeningPort<IPipeAddress> {
    throw unavailable("use the standard streams", "standard streams");
  }

  adoptStreamPort(): IListeningPort {
    throw unavailable("adopt a port", "inherited sockets");
  }

  adoptStreamConnection(): void {
    throw unavailable("adopt a connection", "inherited sockets");
  }

  listenUNIXDatagram(): IUNIXDatagramTransport {
    throw unavailable("listen for UNIX datagrams", "UNIX datagrams");
  }

  connectUNIXDatagram(): IUNIXDatagramConnectedTransport {
    throw unavailable("connect for UNIX datagrams", "UNIX datagrams");
  }
}

/** An environment without variables and files. */
class VirtualHostEnvironment implements IHostEnvironment {
  readonly pid = 1;

  getEnvironment(): string | undefined {
    return undefined;
  }

  readTextFile(path: string): Promise<string> {
    return Promise.reject(unavailable(`read the file ${path}`, "files"));
  }

  readDirectory(path: string): Promise<readonly string[]> {
    return Promise.reject(unavailable(`read the directory ${path}`, "files"));
  }
}

function unavailable(action: string, what: string): UnsupportedError {
  return new UnsupportedError(
    `Cannot ${action}: a reactor in memory has no ${what}; DenoReactor has`,
  );
}
