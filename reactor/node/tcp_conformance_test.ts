/** All that TCP does, on `node:net`: a reactor whose every port and connection asks for what takes that. */

import { tcpConformance } from "../conformance/tcp.ts";
import { DenoReactor } from "../deno/reactor.ts";
import type {
  ConnectTCPOptions,
  IClientFactory,
  IConnector,
  IListeningPort,
  IProtocolFactory,
  ListenTCPOptions,
} from "../interfaces.ts";

class NodeSocketReactor extends DenoReactor {
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

tcpConformance("node:net", () => new NodeSocketReactor(), { abortSeenAs: /^ECONNRESET$/ });
