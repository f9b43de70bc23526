import { Deferred } from "../../defer/mod.ts";
import { ConnectingCancelledError } from "../../reactor/errors.ts";
import type {
  ConnectTCPOptions,
  IConnector,
  IReactorTCP,
  ITransport,
} from "../../reactor/interfaces/mod.ts";
import { ClientFactory } from "../factory.ts";
import { Protocol } from "../protocol.ts";

/** The connection to the target of a request, before it is joined with that of the client. */
class TargetConnection extends Protocol<TargetFactory> {
  override connectionMade(): void {
    // What the target sends first must wait for the reply to the client.
    this.transport.pauseProducing();
    const { connected } = this.factory;
    if (connected.called) this.transport.abortConnection();
    else connected.callback(this.transport);
  }

  override logPrefix(): string {
    return "SOCKS target";
  }
}

/** Makes the connection to a target. */
class TargetFactory extends ClientFactory<TargetConnection> {
  override protocol = TargetConnection;
  override noisy = false;
  #connector: IConnector | null = null;
  /** Fires with the connection. */
  readonly connected: Deferred<ITransport> = new Deferred<ITransport>(() => {
    const connector = this.#connector;
    if (connector === null) return;
    this.connected.errback(new ConnectingCancelledError(connector.getDestination()));
    connector.disconnect();
  });

  override startedConnecting(connector: IConnector): void {
    this.#connector = connector;
  }

  override clientConnectionFailed(_connector: IConnector, reason: Error): void {
    if (!this.connected.called) this.connected.errback(reason);
  }
}

/**
 * Connects to a target.
 *
 * @param reactor The reactor that connects.
 * @param host The IP address.
 * @param port The port number.
 * @param options Options of the connection.
 * @returns A Deferred that fires with the connection, which is paused.
 */
export function connectToTarget(
  reactor: IReactorTCP,
  host: string,
  port: number,
  options: ConnectTCPOptions,
): Deferred<ITransport> {
  const factory = new TargetFactory();
  reactor.connectTCP(host, port, factory, options);
  return factory.connected;
}
