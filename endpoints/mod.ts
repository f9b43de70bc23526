/**
 * Endpoints: where to listen and what to connect to, as values. A program that takes an endpoint does not know what kind
 * of connection it serves.
 *
 * @module
 */

export { connectProtocol } from "./connect_protocol.ts";
export type {
  IStreamClientEndpoint,
  IStreamServerEndpoint,
  ITypedProtocolFactory,
} from "./interfaces.ts";
export { TCP4ClientEndpoint, TCP4ServerEndpoint } from "./tcp.ts";
