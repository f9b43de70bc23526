import { atOnce } from "../defer/guarded_call.ts";
import { cancelLogged } from "../defer/cancel_all.ts";
import type { Deferred } from "../defer/mod.ts";
import { ConnectError } from "../reactor/errors.ts";
import { checkEndpoint } from "../reactor/lifecycle/argument_checks.ts";
import type {
  IStreamClientEndpoint,
  ITypedProtocolFactory,
} from "../reactor/interfaces/endpoint.ts";
import type { Address, IConnector, IProtocol, ITransport } from "../reactor/interfaces/mod.ts";
import { callMethod } from "./guarded_method.ts";

/** An attempt to connect to the destination of a forwarded connection. */
export interface ProxyAttempt {
  /** Ends the attempt, if it is pending. */
  cancel(): void;
}

/** The attempt of a connector. */
export class ConnectorAttempt implements ProxyAttempt {
  readonly #connector: IConnector;

  /** @param connector The connector, which connects already. */
  constructor(connector: IConnector) {
    this.#connector = connector;
  }

  cancel(): void {
    if (this.#connector.state === "connecting") this.#connector.stopConnecting();
  }
}

/** Options of a `ProxyFactory` that chooses the destination of each connection. */
export interface ProxyFactoryOptions {
  /**
   * Returns the endpoint to which a connection is forwarded. It is called when the client has
   * connected, and again after a failed attempt, if {@linkcode attempts} allows.
   *
   * @param peer The client's address.
   * @param failed The endpoints to which the attempts for this client have failed.
   * @returns The endpoint; `null` if there is none. Then the client's connection is closed.
   */
  choose: (
    peer: Address,
    failed: ReadonlySet<IStreamClientEndpoint>,
  ) => IStreamClientEndpoint | null;
  /**
   * The number of attempts to connect for each client, at least 1.
   *
   * @default {1}
   */
  attempts?: number | undefined;
  /**
   * The version of the PROXY protocol in which the destination learns the client's address: 1 is
   * text, 2 is binary. The destination must expect it.
   *
   * @default {undefined} No header is sent.
   */
  proxyHeader?: 1 | 2 | undefined;
}

/** The protocol of the client's connection. */
export interface ForwardedClient {
  /** The client's connection. */
  readonly transport: ITransport;
  /** Called when no destination could be reached. */
  peerUnreachable(reason: Error): void;
}

/** An attempt that connects to the chosen endpoints, one after the other, until one is reached. */
export class EndpointAttempt implements ProxyAttempt {
  readonly #options: ProxyFactoryOptions;
  readonly #factory: ITypedProtocolFactory<IProtocol>;
  readonly #client: ForwardedClient;
  readonly #failed = new Set<IStreamClientEndpoint>();
  #failures = 0;
  #connecting: Deferred<unknown> | null = null;
  #isCancelled = false;

  /**
   * Starts to connect.
   *
   * @param options The function that chooses the endpoints.
   * @param factory The factory of the protocol for the connection to the destination.
   * @param client The protocol of the client's connection.
   */
  constructor(
    options: ProxyFactoryOptions,
    factory: ITypedProtocolFactory<IProtocol>,
    client: ForwardedClient,
  ) {
    this.#options = options;
    this.#factory = factory;
    this.#client = client;
    this.#next(new ConnectError("No destination is available: choose() returned null"));
  }

  cancel(): void {
    this.#isCancelled = true;
    const connecting = this.#connecting;
    this.#connecting = null;
    if (connecting !== null) cancelLogged(connecting);
  }

  /** @param reason The reason to report if there is no further endpoint. */
  #next(reason: Error): void {
    const peer = this.#client.transport.getPeer();
    const why = `Error while calling choose for ${peer}`;
    const endpoint = atOnce("choose()", this.#options.choose(peer, this.#failed), why);
    if (endpoint === null) return this.#client.peerUnreachable(reason);
    checkEndpoint("forward a connection", endpoint, "connect");
    const connecting = endpoint.connect(this.#factory);
    this.#connecting = connecting;
    connecting.addCallbacks(
      () => {
        this.#connecting = null;
      },
      (error) => {
        if (!this.#isCancelled) this.#endpointFailed(endpoint, error);
      },
    );
  }

  #endpointFailed(endpoint: IStreamClientEndpoint, reason: Error): void {
    this.#connecting = null;
    this.#failed.add(endpoint);
    this.#failures++;
    const { transport } = this.#client;
    // The connection to the destination may have been made, and have failed in its protocol. Then
    // the client's connection is closed already.
    if (!transport.connected || transport.disconnecting) return;
    const { attempts = 1 } = this.#options;
    if (this.#failures < attempts) callMethod("choose", transport, () => this.#next(reason));
    else callMethod("peerUnreachable", transport, () => this.#client.peerUnreachable(reason));
  }
}
