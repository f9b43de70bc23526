import { checkFactory } from "../reactor/lifecycle/argument_checks.ts";
import type { Deferred } from "../defer/mod.ts";
import { callLogged } from "../defer/guarded_call.ts";
import { HostnameAddress } from "../reactor/addresses.ts";
import { type HappyEyeballsOptions, raceAddresses } from "../reactor/names/happy_eyeballs.ts";
import { ConnectError } from "../reactor/errors.ts";
import { buildProtocol, startFactory, stopFactory } from "../reactor/stream/factory_calls.ts";
import type {
  ConnectTCPOptions,
  IPFamily,
  IProtocol,
  IReactorCore,
  IReactorPluggableNameResolver,
  IReactorTCP,
  IReactorTime,
} from "../reactor/interfaces/mod.ts";
import { ForwardingFactory } from "../reactor/stream/forwarding_factory.ts";
import { connectUntilAborted } from "./connect_until_aborted.ts";
import type { EndpointOptions, ITypedProtocolFactory } from "../reactor/interfaces/endpoint.ts";
import { TCP4ClientEndpoint } from "./tcp.ts";

/** The capabilities of a reactor that connecting to a host name needs. */
export type IReactorForNames =
  & IReactorTCP
  & IReactorTime
  & IReactorPluggableNameResolver
  & Pick<IReactorCore, "addSystemEventTrigger" | "removeSystemEventTrigger">;

/** Options of a connection to a host name. `timeout` applies to each lookup and to each attempt. */
export interface ConnectToHostOptions
  extends ConnectTCPOptions, Omit<HappyEyeballsOptions, "timeout"> {}

/**
 * Connects over TCP to the first address of a host that answers, and builds a protocol for that
 * connection alone.
 *
 * @param reactor The reactor that looks up the name and connects.
 * @param host A name or an address.
 * @param port The port number.
 * @param families The address families to try, the preferred one first.
 * @param factory The factory that builds the protocol.
 * @param options Options of the lookups and of the attempts.
 * @param wait The options of the endpoint's `connect`.
 * @returns A Deferred that fires with the protocol.
 */
export function connectTCPToHost<P extends IProtocol>(
  reactor: IReactorForNames,
  host: string,
  port: number,
  families: readonly IPFamily[],
  factory: ITypedProtocolFactory<P>,
  options: ConnectToHostOptions,
  wait?: EndpointOptions,
): Deferred<P> {
  const { attemptDelay: _, resolutionDelay: __, ...connectOptions } = options;
  const race = {
    clock: reactor,
    resolver: reactor.nameResolver,
    families,
    attempt: (address: string, won: () => void) => {
      // The first attempt that asks for a protocol has a connection and wins. buildProtocol() is
      // therefore called only once, and its error does not lead to an attempt at another address,
      // unlike in Twisted.
      const racing = new ForwardingFactory<P>(factory, (addr) => {
        won();
        return buildProtocol(factory, addr);
      });
      return new TCP4ClientEndpoint(reactor, address, port, connectOptions).connect(racing);
    },
  };
  const where = String(new HostnameAddress(host, port));
  // An error of the factory's doStop() is only logged. It must neither close the connection nor
  // replace the error of the attempts.
  const stop = () => callLogged(stopFactory, [factory], `Error while calling doStop for ${where}`);
  return connectUntilAborted(() => {
    // The factory is started once for all attempts, so that it is not stopped between two attempts.
    checkFactory("connect", factory);
    startFactory(factory);
    const connecting = raceAddresses(host, port, race, options);
    return cancelledByShutdown(reactor, connecting, where)
      .addCallbacks(
        (protocol) => {
          stop();
          return protocol;
        },
        (error) => {
          stop();
          throw error;
        },
      );
  }, wait);
}

/**
 * Cancels the connecting when the reactor stops. The reactor itself ends open attempts, but neither
 * lookups nor the delay between two attempts.
 */
function cancelledByShutdown<T>(
  reactor: IReactorForNames,
  connecting: Deferred<T>,
  address: string,
): Deferred<T> {
  let stopped = false;
  const trigger = reactor.addSystemEventTrigger("during", "shutdown", () => {
    stopped = true;
    connecting.cancel();
  });
  return connecting.addCallbacks(
    (result) => {
      if (!stopped) reactor.removeSystemEventTrigger(trigger);
      return result;
    },
    (error) => {
      if (stopped) {
        const message = `Cannot connect to ${address}: the reactor has stopped`;
        throw new ConnectError(message, { address, cause: error });
      }
      reactor.removeSystemEventTrigger(trigger);
      throw error;
    },
  );
}
