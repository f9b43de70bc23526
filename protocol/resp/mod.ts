/**
 * RESP, the protocol of Redis and Valkey, in the versions 2 and 3: clients, servers, and decoders
 * and encoders without I/O.
 *
 * - {@linkcode RESPClient} is a client, with pipelining, subscriptions and transactions, and
 *   {@linkcode RESPClientFactory} builds the clients of a connection that is renewed.
 * - {@linkcode RESPFactory} and {@linkcode RESPServerProtocol} are a server whose commands are a
 *   {@linkcode CommandTable}.
 * - {@linkcode RESPDecoder} decodes what a server sends, with all types of RESP3, and
 *   {@linkcode RESPValue} is what it returns.
 * - {@linkcode CommandDecoder} decodes the commands of clients, inline commands included.
 * - {@linkcode RESPEncoder} encodes commands, replies and pushes.
 *
 * No library fits below it. The clients of npm, node-redis (`@redis/client` 6) and `ioredis` 6, own
 * their connections, reconnection and timers, so they work neither over an endpoint or a transport
 * of this library, nor with the clock of a test, and their decoders are internal files.
 * `redis-parser` 3 has no types of RESP3 and no limits, and needs the `Buffer` of Node. None of
 * them has a server or decodes inline commands.
 *
 * @module
 */

export {
  type CommandResult,
  CommandTable,
  type CommandTableEntries,
  type CommandTableEntry,
  PushReply,
} from "./command_table.ts";
export { ContiguousDecoder } from "../framing/contiguous_decoder.ts";
export {
  CommandDecoder,
  type CommandDecoderOptions,
  CommandSyntaxError,
} from "./command_decoder.ts";
export {
  asBoolean,
  asBytes,
  asBytesOrNull,
  asInteger,
  asNumber,
  asRaw,
  asText,
  asTextMap,
  asTextOrNull,
  asTexts,
  asTextValue,
  type TextMap,
  type TextSet,
  type TextValue,
  UnexpectedReply,
} from "./reply_readers.ts";
export { RESPClient } from "./resp_client.ts";
export { RESPClientFactory } from "./resp_client_factory.ts";
export type { CommandOptions, CommandWords, RESPClientOptions } from "./resp_client_options.ts";
export { RESPCommand } from "./resp_command.ts";
export { RESPDecoder, type RESPDecoderOptions } from "./resp_decoder.ts";
export { encodeCommand, encodeReply, RESPEncoder } from "./resp_encoder.ts";
export type { RESPLimits } from "./resp_limits.ts";
export {
  NULL_ARRAY,
  OK,
  type RESPArgument,
  RESPDouble,
  type RESPOutput,
  type RESPVersion,
  SimpleString,
} from "./resp_output.ts";
export {
  AttributedValue,
  RESPError,
  type RESPMap,
  type RESPMessage,
  type RESPPush,
  type RESPReply,
  type RESPSet,
  type RESPValue,
  VerbatimString,
} from "./resp_value.ts";
export { HelloReply, type HelloRequest, parseHello, type ServerInfo } from "./hello.ts";
export { RESPFactory } from "./resp_factory.ts";
export { type RESPServerOptions, RESPServerProtocol } from "./resp_server_protocol.ts";
export {
  PublishedMessage,
  type SubscribeOptions,
  Subscription,
  SubscriptionEnded,
  type SubscriptionKind,
  SubscriptionOverflow,
} from "./subscription.ts";
