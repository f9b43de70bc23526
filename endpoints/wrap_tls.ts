import { messageOf } from "../internal/foreign_value.ts";
import { cancelLogged } from "../defer/cancel_all.ts";
import { Deferred } from "../defer/mod.ts";
import { msg } from "../log/mod.ts";
import { FailureCounter } from "../log/failure_counter.ts";
import { connectUntilAborted } from "./connect_until_aborted.ts";
import { ConnectingCancelledError } from "../reactor/errors.ts";
import { buildProtocol } from "../reactor/stream/factory_calls.ts";
import { checkFactory } from "../reactor/lifecycle/argument_checks.ts";
import type {
  Address,
  IListeningPort,
  IProtocol,
  IProtocolFactory,
  TLSClientOptions,
  TLSPortOptions,
} from "../reactor/interfaces/mod.ts";
import { ForwardingFactory } from "../reactor/stream/forwarding_factory.ts";
import { declareOverTLS } from "../reactor/stream/under_tls.ts";
import { callLogged } from "../defer/guarded_call.ts";
import type {
  EndpointOptions,
  IStreamClientEndpoint,
  IStreamServerEndpoint,
  ITypedProtocolFactory,
} from "../reactor/interfaces/endpoint.ts";
import { listening } from "./listening.ts";
import { MAX_HANDSHAKES } from "../reactor/tls/handshake.ts";
import { checkBound } from "../internal/validation.ts";
import { forwardHalfClose } from "../reactor/stream/forwarded_methods.ts";
import { TLSUpgradeProtocol } from "./tls_upgrade_protocol.ts";

/**
 * Returns a client endpoint for TLS over another endpoint: a UNIX socket, a process, a tunnel.
 * Twisted's `wrapClientTLS`.
 *
 * The factory builds the protocol when the underlying connection is made. The protocol is connected
 * when the handshake is done.
 *
 * @param options Trust roots and other options of TLS. `serverName` is required: it is the name for
 *   which the server's certificate must be valid.
 * @param endpoint The underlying endpoint. Its transports must support `startTLS`.
 * @returns The endpoint. Its `connect` fails with a `TLSError` when the handshake fails.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { connectProtocol, UNIXClientEndpoint, wrapClientTLS } from "@torsion/reactor/endpoints";
 * import { Protocol } from "@torsion/reactor/protocol";
 *
 * reactor.run();
 * const socket = new UNIXClientEndpoint(reactor, "/run/secrets.socket");
 * const endpoint = wrapClientTLS({ serverName: "secrets.internal" }, socket);
 * const protocol = await connectProtocol(endpoint, new Protocol());
 * protocol.transport.write("This is encrypted");
 * ```
 */
export function wrapClientTLS(
  options: TLSClientOptions,
  endpoint: IStreamClientEndpoint,
): IStreamClientEndpoint {
  return {
    connect<P extends IProtocol>(
      factory: ITypedProtocolFactory<P>,
      waitOptions?: EndpointOptions,
    ): Deferred<P> {
      return connectUntilAborted(() => {
        checkFactory("connect", factory);
        return new SecuredConnecting(options, endpoint, factory).secured;
      }, waitOptions);
    },
    toString: () => String(endpoint),
  };
}

/**
 * Returns a server endpoint for TLS over another endpoint. In Twisted, `TLSMemoryBIOFactory` does
 * this.
 *
 * As with `listenTLS`, the factory builds a protocol when the handshake of its connection is done.
 * A failed handshake calls the factory's `handshakeFailed`, or is logged if it has no such method.
 * The options are checked when the first connection is accepted: an error is logged then, and loses
 * that connection.
 *
 * @param options The certificate and its key, the verification of clients, and the limit on
 *   concurrent handshakes.
 * @param endpoint The underlying endpoint. Its transports must support `startTLS`.
 * @returns The endpoint.
 * @throws {RangeError} when `maxHandshakes` is out of range.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { UNIXServerEndpoint, wrapServerTLS } from "@torsion/reactor/endpoints";
 * import { Factory, Protocol } from "@torsion/reactor/protocol";
 *
 * const cert = await Deno.readTextFile("server.pem");
 * const key = await Deno.readTextFile("server.key");
 * const socket = new UNIXServerEndpoint(reactor, "/run/secrets.socket");
 * await wrapServerTLS({ cert, key }, socket).listen(Factory.forProtocol(Protocol));
 * ```
 */
export function wrapServerTLS<A extends Address>(
  options: TLSPortOptions,
  endpoint: IStreamServerEndpoint<A>,
): IStreamServerEndpoint<A> {
  const { maxHandshakes = MAX_HANDSHAKES } = options;
  checkBound("maxHandshakes", maxHandshakes, 1);
  const secured: IStreamServerEndpoint<A> = {
    listen: (
      factory: IProtocolFactory,
      waitOptions?: EndpointOptions,
    ): Deferred<IListeningPort<A>> =>
      listening(secured, () => {
        checkFactory("listen", factory);
        return endpoint.listen(
          new ForwardingFactory(factory, upgradeProtocols(factory, options, maxHandshakes)),
        );
      }, waitOptions),
    toString: () => String(endpoint),
  };
  declareOverTLS(secured, (wrap) => wrapServerTLS(options, wrap(endpoint)));
  return secured;
}

/**
 * Returns a function that builds the upgrade protocols of one port. It refuses connections while
 * `maxHandshakes` handshakes are in progress.
 */
function upgradeProtocols(
  factory: IProtocolFactory,
  options: TLSPortOptions,
  maxHandshakes: number,
): IProtocolFactory["buildProtocol"] {
  let handshakes = 0;
  const refusals = new FailureCounter();
  const failures = new FailureCounter();
  return (addr) => {
    if (handshakes >= maxHandshakes) {
      if (refusals.add()) {
        msg(
          `Refused a connection from ${addr}: ` +
            `the limit of ${handshakes} handshakes (maxHandshakes) is reached${refusals}`,
        );
      }
      return null;
    }
    handshakes++;
    return new TLSUpgradeProtocol({ ...options, role: "server" }, {
      build: () => {
        handshakes--;
        return buildProtocol(factory, addr);
      },
      failed: (reason) => {
        handshakes--;
        reportFailedHandshake(factory, addr, reason, failures);
      },
    });
  };
}

/** An attempt to connect: the underlying connection, and then its handshake. */
class SecuredConnecting<P extends IProtocol> {
  /** Fires with the protocol when it has its connection. */
  readonly secured: Deferred<P> = new Deferred<P>(() => this.#cancel());
  readonly #connecting: Deferred<IProtocol>;
  #upgrade: TLSUpgradeProtocol<P> | null = null;
  #peer: Address | null = null;

  constructor(
    options: TLSClientOptions,
    endpoint: IStreamClientEndpoint,
    factory: ITypedProtocolFactory<P>,
  ) {
    this.#connecting = endpoint.connect(
      new ForwardingFactory(factory, (addr) => {
        const protocol = buildProtocol(factory, addr);
        if (protocol === null) return null;
        this.#peer = addr;
        const upgrade = new TLSUpgradeProtocol<P>({ ...options, role: "client" }, {
          build: () => protocol,
          unusable: (error) => this.#fail(error),
          secured: () => this.#end(() => this.secured.callback(protocol)),
          failed: (reason) => this.#fail(reason),
          // This has an effect only if connectionMade() threw, because only then the Deferred has
          // not fired yet.
          lost: (reason) => this.#fail(reason),
        });
        // The optional methods are copied now, because the underlying endpoint may wrap this
        // protocol and then checks at once which methods exist.
        forwardHalfClose(upgrade, protocol);
        this.#upgrade = upgrade;
        return upgrade;
      }),
    );
    this.#connecting.addErrback((reason) => this.#fail(reason));
  }

  #cancel(): void {
    if (this.#upgrade === null || this.#peer === null) return cancelLogged(this.#connecting);
    this.#fail(new ConnectingCancelledError(this.#peer));
    this.#upgrade.cancel();
  }

  #fail(reason: Error): void {
    this.#end(() => this.secured.errback(reason));
  }

  #end(f: () => void): void {
    if (!this.secured.called) f();
  }
}

/**
 * Reports a failed handshake as a TLS port does. Without a clock, the log has the first failure,
 * the tenth, the hundredth, and so on.
 */
function reportFailedHandshake(
  factory: IProtocolFactory,
  addr: Address,
  reason: Error,
  failures: FailureCounter,
): void {
  if (factory.handshakeFailed === undefined) {
    if (failures.add()) msg(`${messageOf(reason)}${failures}`, { reason });
    return;
  }
  const report = () => factory.handshakeFailed?.(addr, reason);
  callLogged(report, [], `Error while calling handshakeFailed for ${addr}`);
}
