/**
 * Protocols, which handle the events of one connection, and factories, which build a protocol for
 * each connection.
 *
 * @example A server that greets and closes
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { Factory, Protocol } from "@torsion/reactor/protocol";
 *
 * class Greeter extends Protocol {
 *   override connectionMade() {
 *     this.transport.write("Hello Twisted");
 *     this.transport.loseConnection();
 *   }
 * }
 *
 * reactor.listenTCP(2000, Factory.forProtocol(Greeter));
 * await reactor.run();
 * ```
 *
 * @module
 */

export { ConnectedDatagramProtocol, DatagramProtocol } from "./datagram_protocol.ts";
export {
  ClientFactory,
  Factory,
  type FactoryFor,
  type ProtocolClass,
  type ProtocolMaker,
  ServerFactory,
} from "./factory.ts";
export { Heartbeat, type HeartbeatOptions, HeartbeatTimeout } from "./heartbeat.ts";
export { KeyedRequestQueue, type KeyedRequestQueueOptions } from "./keyed_request_queue.ts";
export { LineOnlyReceiver } from "./line_only_receiver.ts";
export { LineProtocol } from "./line_protocol.ts";
export { LineReceiver } from "./line_receiver.ts";
export {
  PendingRequest,
  PendingRequests,
  type RequestOptions,
  RequestQueueFull,
  type RequestQueueOptions,
  UnexpectedAnswer,
} from "./pending_requests.ts";
export {
  type ForwardingPeer,
  ForwardingProtocol,
  ProxyClient,
  ProxyClientFactory,
  ProxyFactory,
  ProxyServer,
} from "./portforward.ts";
export {
  getProcessOutput,
  getProcessOutputAndValue,
  type GetProcessOutputOptions,
  getProcessValue,
  ProcessOutputExceeded,
  type ProcessOutputOptions,
  ProcessOutputTerminated,
  type RunProcessOptions,
  UnexpectedErrorOutput,
} from "./process_output.ts";
export { ProcessProtocol } from "./process_protocol.ts";
export { Protocol } from "./protocol.ts";
export { ProducerStopped, ReadableStreamProducer } from "./readable_stream_producer.ts";
export { RequestQueue } from "./request_queue.ts";
export { StreamProtocol, type StreamProtocolOptions } from "./stream_protocol.ts";
