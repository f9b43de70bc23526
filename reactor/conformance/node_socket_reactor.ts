/**
 * A reactor on `node:net`.
 *
 * @module
 */

import { DenoReactor } from "../deno/reactor.ts";
import type {
  ConnectTCPOptions,
  ConnectTLSOptions,
  IClientFactory,
  IConnector,
  IListeningPort,
  IProtocolFactory,
  ListenTCPOptions,
  ListenTLSOptions,
} from "../interfaces.ts";

/** A reactor whose every port and connection over TCP, and over TLS, asks for what takes `node:net`. */
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

  override listenTLS(
    port: number,
    factory: IProtocolFactory,
    options: ListenTLSOptions,
  ): IListeningPort {
    return super.listenTLS(port, factory, { ...options, resetOnAbort: true });
  }

  override connectTLS(
    host: string,
    port: number,
    factory: IClientFactory,
    options?: ConnectTLSOptions,
  ): IConnector {
    return super.connectTLS(host, port, factory, { ...options, resetOnAbort: true });
  }
}
