import type {
  IHandshakeListener,
  IProtocol,
  ITransport,
  StartTLSOptions,
} from "../reactor/interfaces.ts";
import { isDrainable, isHandshakeListener } from "../reactor/protocol_kinds.ts";
import { relayTo } from "./relay.ts";

/** What whoever puts a gate in front of a protocol wants to know. */
export interface TlsGateEvents {
  /** The handshake is done, and the protocol's `connectionMade` has returned. */
  secured?(): void;
  /** The connection is gone, and the protocol never had it. */
  failed(reason: Error): void;
  /** The connection is gone, and the protocol has been told: also when its `connectionMade` threw. */
  lost?(reason: Error): void;
}

/** A protocol that begins TLS, and hands the connection on when the handshake is done. */
export interface TlsGate extends IHandshakeListener {
  /** Ends a handshake under way. */
  cancel(): void;
}

/**
 * Puts a gate in front of a protocol. It can do what the protocol can.
 *
 * @param protocol Who gets the connection.
 * @param options How TLS begins.
 * @param events Who wants to know.
 */
export function tlsGate(
  protocol: IProtocol,
  options: StartTLSOptions,
  events: TlsGateEvents,
): TlsGate {
  let connection: ITransport | null = null;
  let secured = false;
  return Object.assign(relayTo(protocol, {}), {
    makeConnection(transport: ITransport): void {
      connection = transport;
      transport.startTLS(options);
    },
    handshakeCompleted(): void {
      if (connection === null) return;
      secured = true;
      const made: unknown = protocol.makeConnection(connection);
      events.secured?.();
      if (isHandshakeListener(protocol)) protocol.handshakeCompleted();
      // A promise, when connectionMade is async; typed as void like the interface.
      return made as void;
    },
    connectionLost(reason: Error): void {
      if (!secured) return events.failed(reason);
      try {
        return protocol.connectionLost(reason);
      } finally {
        events.lost?.(reason);
      }
    },
    drainRequested(): void {
      if (!secured) connection?.abortConnection();
      else if (isDrainable(protocol)) protocol.drainRequested();
    },
    cancel(): void {
      connection?.abortConnection();
    },
  });
}
