/**
 * A reactor on `node:net`.
 *
 * @module
 */

import { DenoReactor } from "../deno/reactor.ts";
import type {
  ConnectTCPOptions,
  IClientFactory,
  IConnector,
  IListeningPort,
  IProtocolFactory,
  ListenTCPOptions,
} from "../interfaces.ts";

/** A reactor whose every TCP port and connection asks for what takes `node:net`. */
export class NodeSocketReactor extends DenoReactor {
  override listenTCP(
    port: number,
    factory: IProtocolFactory,
    options?: ListenTCPOptions,
  ): IListeningPort {
    return super.listenTCP(port, factory, { ...options, resetOnAbort: true });
  }

  override connectTCP(
    host: string,
    port: number,
    factory: IClientFactory,
    options?: ConnectTCPOptions,
  ): IConnector {
    return super.connectTCP(host, port, factory, { ...options, resetOnAbort: true });
  }
}
