import { checkFactory } from "../reactor/lifecycle/argument_checks.ts";
import { type Deferred, execute } from "../defer/mod.ts";
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
import type { ITypedProtocolFactory } from "./interfaces.ts";
import { TCP4ClientEndpoint } from "./tcp.ts";

/** What connecting to a name takes of a reactor. */
export type IReactorForNames =
  & IReactorTCP
  & IReactorTime
  & IReactorPluggableNameResolver
  & Pick<IReactorCore, "addSystemEventTrigger" | "removeSystemEventTrigger">;

/** How a connection to a name is opened; `timeout` holds for each lookup and for each attempt. */
export interface ConnectToHostOptions
  extends ConnectTCPOptions, Omit<HappyEyeballsOptions, "timeout"> {}

/**
 * Connects over TCP to the first address of a host that answers, and has a protocol built for that connection alone.
 *
 * @param families The families of the addresses that are tried.
 */
export function connectTCPToHost<P extends IProtocol>(
  reactor: IReactorForNames,
  host: string,
  port: number,
  families: readonly IPFamily[],
  factory: ITypedProtocolFactory<P>,
  options: ConnectToHostOptions,
): Deferred<P> {
  const { attemptDelay: _, resolutionDelay: __, ...connectOptions } = options;
  const race = {
    clock: reactor,
    resolver: reactor.nameResolver,
    families,
    attempt: (address: string, won: () => void) => {
      // The first attempt that needs a protocol has its connection and wins: buildProtocol() is
      // called once, and its errors do not lead to another address. (In Twisted they do.)
      const racing = new ForwardingFactory<P>(factory, (addr) => {
        won();
        return buildProtocol(factory, addr);
      });
      return new TCP4ClientEndpoint(reactor, address, port, connectOptions).connect(racing);
    },
  };
  return execute(() => {
    // Held over all attempts, so that the factory is not stopped between two of them.
    checkFactory("connect", factory);
    startFactory(factory);
    const connecting = raceAddresses(host, port, race, options);
    return endedByShutdown(reactor, connecting, String(new HostnameAddress(host, port)))
      .addCallbacks(
        (protocol) => {
          stopFactory(factory);
          return protocol;
        },
        (error) => {
          stopFactory(factory);
          throw error;
        },
      );
  });
}

/** A lookup is nothing that a reactor ends when it stops, and between two attempts there is not even that. */
function endedByShutdown<T>(
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
        const message = `Connecting to ${address} was ended: the reactor has stopped`;
        throw new ConnectError(message, { address, cause: error });
      }
      reactor.removeSystemEventTrigger(trigger);
      throw error;
    },
  );
}
