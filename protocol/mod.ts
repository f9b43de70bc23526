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

export { ClientCreator, type ClientCreatorReactor } from "./client_creator.ts";
export { ConnectedDatagramProtocol, DatagramProtocol } from "./datagram_protocol.ts";
export {
  ClientFactory,
  Factory,
  type FactoryFor,
  type ProtocolClass,
  type ProtocolMaker,
  ServerFactory,
} from "./factory.ts";
export { BufferedDecoder } from "./framing/buffered_decoder.ts";
export { decoderStream } from "./framing/decoder_stream.ts";
export { type FileReader, FileSender, type FileSource } from "./framing/file_sender.ts";
export type { FrameDecoder } from "./framing/frame_decoder.ts";
export { FrameReceiver } from "./framing/frame_receiver.ts";
export { FrameTooLongError, FramingError, IncompleteFrameError } from "./framing/framing_error.ts";
export {
  encodeIntString,
  IntStringDecoder,
  type IntStringDecoderOptions,
  type LengthPrefix,
  StringTooLongError,
} from "./framing/int_string_decoder.ts";
export {
  Int16StringReceiver,
  Int32StringReceiver,
  Int8StringReceiver,
  IntNStringReceiver,
} from "./framing/int_string_receiver.ts";
export { LineDecoder, type LineDecoderOptions } from "./framing/line_decoder.ts";
export { LineOnlyReceiver } from "./framing/line_only_receiver.ts";
export { LineProtocol } from "./framing/line_protocol.ts";
export { LineReceiver } from "./framing/line_receiver.ts";
export {
  encodeNetstring,
  NetstringDecoder,
  type NetstringDecoderOptions,
  NetstringParseError,
} from "./framing/netstring_decoder.ts";
export { NetstringReceiver } from "./framing/netstring_receiver.ts";
export { ReceiveBuffer } from "./framing/receive_buffer.ts";
export { type ProtocolState, StatefulProtocol } from "./framing/stateful_protocol.ts";
export {
  StatefulStringProtocol,
  type StatefulStrings,
  type StatefulStringsClass,
  type StringReceiverClass,
} from "./framing/stateful_string_protocol.ts";
export { StringReceiver } from "./framing/string_receiver.ts";
export { TextLineDecoder } from "./framing/text_line_decoder.ts";
export { Heartbeat, type HeartbeatOptions, HeartbeatTimeout } from "./heartbeat.ts";
export { joinConnections, type JoinedConnections } from "./join_connections.ts";
export { KeyedRequestQueue, type KeyedRequestQueueOptions } from "./keyed_request_queue.ts";
export {
  PendingRequest,
  PendingRequests,
  type RequestOptions,
  type RequestQueueOptions,
  UnexpectedAnswer,
} from "./pending_requests.ts";
export {
  LimitConnectionRate,
  type LimitConnectionRateOptions,
} from "./policies/limit_connection_rate.ts";
export {
  LimitConnectionsByPeer,
  type LimitConnectionsByPeerOptions,
} from "./policies/limit_connections_by_peer.ts";
export { LimitTotalConnectionsFactory } from "./policies/limit_total_connections_factory.ts";
export { ProtocolWrapper, type WrapperOwner } from "./policies/protocol_wrapper.ts";
export {
  SlowPeerGuard,
  type SlowPeerGuardOptions,
  SlowPeerProtocol,
  SlowPeerTimeout,
} from "./policies/slow_peer_guard.ts";
export {
  SpewingFactory,
  type SpewingFactoryOptions,
  SpewingProtocol,
} from "./policies/spewing_factory.ts";
export {
  ThrottlingFactory,
  type ThrottlingFactoryOptions,
  ThrottlingProtocol,
} from "./policies/throttling_factory.ts";
export { TimeoutFactory, TimeoutProtocol } from "./policies/timeout_factory.ts";
export {
  type ProtocolTimeout,
  type ProtocolTimeoutClass,
  TimeoutMixin,
  type TimeoutMixinBase,
} from "./policies/timeout_mixin.ts";
export type { TimedPolicyOptions, TimerClock } from "./policies/timer_clock.ts";
export {
  type TrafficLog,
  TrafficLoggingFactory,
  type TrafficLoggingFactoryOptions,
  TrafficLoggingProtocol,
} from "./policies/traffic_logging_factory.ts";
export { TransportWrapper } from "./policies/transport_wrapper.ts";
export { WrappingFactory } from "./policies/wrapping_factory.ts";
export {
  type ForwardingPeer,
  ForwardingProtocol,
  ProxyClient,
  ProxyClientFactory,
  ProxyFactory,
  type ProxyPortOptions,
  ProxyServer,
} from "./portforward.ts";
export type { ProxyAttempt, ProxyFactoryOptions } from "./proxy_attempt.ts";
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
export type { replaceProtocol, SwitchableTransport } from "../reactor/stream/protocol_switch.ts";
export { ProducerStopped, ReadableStreamProducer } from "./readable_stream_producer.ts";
export { ReconnectingClientFactory } from "./reconnecting_client_factory.ts";
export {
  isRequestFailure,
  RequestCancelled,
  type RequestFailure,
  type RequestFailureDetails,
  RequestLost,
  RequestQueueFull,
  RequestSendFailed,
  RequestTimeout,
} from "./request_failures.ts";
export { RequestQueue } from "./request_queue.ts";
export { StreamProtocol, type StreamProtocolOptions } from "./stream_protocol.ts";
