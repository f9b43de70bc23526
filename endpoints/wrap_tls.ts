import { messageOf } from "../internal/foreign_value.ts";
import { cancelLogged } from "../defer/cancel_all.ts";
import { Deferred } from "../defer/mod.ts";
import { msg } from "../log/mod.ts";
import { Tally } from "../log/tally.ts";
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
import { callLogged } from "../defer/guarded_call.ts";
import type {
  EndpointOptions,
  IStreamClientEndpoint,
  IStreamServerEndpoint,
  ITypedProtocolFactory,
} from "./interfaces.ts";
import { listening } from "./listening.ts";
import { MAX_HANDSHAKES } from "../reactor/tls/handshake.ts";
import { checkBound } from "../internal/validation.ts";
import { TLSUpgradeProtocol } from "./tls_upgrade_protocol.ts";

/**
 * TLS over whatever an endpoint connects to: a UNIX socket, a process, another network. Twisted's `wrapClientTLS`.
 *
 * The protocol is built when the connection beneath is there, and gets it when the handshake is done.
 *
 * @param options Whom to trust, and what name the certificate must be for: `serverName` is needed, as no name can be guessed here.
 * @param endpoint What connects. Its connections must know `startTLS`.
 * @returns An endpoint. Its `connect` fails with a `TLSError` when the handshake fails.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { connectProtocol, UNIXClientEndpoint, wrapClientTLS } from "@torsion/reactor/endpoints";
 * import { Protocol } from "@torsion/reactor/protocol";
 *
 * reactor.run();
 * const beneath = new UNIXClientEndpoint(reactor, "/run/secrets.socket");
 * const protocol = await connectProtocol(wrapClientTLS({ serverName: "secrets.internal" }, beneath), new Protocol());
 * protocol.transport.write("Nobody between hears this");
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
 * TLS on whatever an endpoint listens on. Twisted has it as `TLSMemoryBIOFactory`.
 *
 * A protocol is built when the handshake of its connection is done, as by `listenTLS`: a factory that counts its connections has none that
 * its protocols are never told of. A handshake that fails is told to the factory's `handshakeFailed`, if it has one. The options are looked at when the first connection comes: what is wrong with them is logged
 * then, and loses that connection.
 *
 * @param options With which certificate to serve, whom to trust, and how many handshakes may be under way.
 * @param endpoint What listens. Its connections must know `startTLS`.
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
 * const beneath = new UNIXServerEndpoint(reactor, "/run/secrets.socket");
 * await wrapServerTLS({ cert, key }, beneath).listen(Factory.forProtocol(Protocol));
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
          new ForwardingFactory(factory, serverGates(factory, options, maxHandshakes)),
        );
      }, waitOptions),
    toString: () => String(endpoint),
  };
  return secured;
}

/** Makes the gates of one port, and refuses connections while too many of them are handshaking. */
function serverGates(
  factory: IProtocolFactory,
  options: TLSPortOptions,
  maxHandshakes: number,
): IProtocolFactory["buildProtocol"] {
  let handshakes = 0;
  const refusals = new Tally();
  const failures = new Tally();
  return (addr) => {
    if (handshakes >= maxHandshakes) {
      if (refusals.add()) {
        msg(`Refused a connection from ${addr}: ${handshakes} handshakes are under way${refusals}`);
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
        tellOfHandshake(factory, addr, reason, failures);
      },
    });
  };
}

/** A connection on its way, and then its handshake. */
class SecuredConnecting<P extends IProtocol> {
  /** Fires with the protocol when it has its connection. */
  readonly secured: Deferred<P> = new Deferred<P>(() => this.#cancel());
  readonly #connecting: Deferred<IProtocol>;
  #gate: TLSUpgradeProtocol<P> | null = null;
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
        const gate = new TLSUpgradeProtocol<P>({ ...options, role: "client" }, {
          build: () => protocol,
          unusable: (error) => this.#fail(error),
          secured: () => this.#end(() => this.secured.callback(protocol)),
          failed: (reason) => this.#fail(reason),
          // Only news if connectionMade threw: it has not been secured then.
          lost: (reason) => this.#fail(reason),
        });
        // The endpoint beneath may have a relay of its own, which looks at it now.
        gate.copyOptionalMethods(protocol);
        this.#gate = gate;
        return gate;
      }),
    );
    this.#connecting.addErrback((reason) => this.#fail(reason));
  }

  #cancel(): void {
    if (this.#gate === null || this.#peer === null) return cancelLogged(this.#connecting);
    this.#fail(new ConnectingCancelledError(this.#peer));
    this.#gate.cancel();
  }

  #fail(reason: Error): void {
    this.#end(() => this.secured.errback(reason));
  }

  #end(f: () => void): void {
    if (!this.secured.called) f();
  }
}

/** As a port of TLS's own does. There is no clock here: the log gets the first, the tenth, the hundredth. */
function tellOfHandshake(
  factory: IProtocolFactory,
  addr: Address,
  reason: Error,
  failures: Tally,
): void {
  if (factory.handshakeFailed === undefined) {
    if (failures.add()) msg(`${messageOf(reason)}${failures}`, { reason });
    return;
  }
  const tell = () => factory.handshakeFailed?.(addr, reason);
  callLogged(tell, [], `While calling handshakeFailed for ${addr}`);
}
