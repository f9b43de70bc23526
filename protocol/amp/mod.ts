/**
 * AMP, the Asynchronous Messaging Protocol of Twisted: typed commands and answers in both
 * directions over one connection.
 *
 * - {@linkcode AMP} is the protocol of a connection, and {@linkcode Command} defines a call: its
 *   arguments, its answer and its errors.
 * - {@linkcode Integer}, {@linkcode Unicode}, {@linkcode ListOf} and others are the types of
 *   arguments. `String` and `Boolean` have the names of JavaScript's own; import the module as a
 *   namespace: `import * as amp from "@torsion/reactor/amp"`.
 * - {@linkcode StartTLS} and {@linkcode ProtocolSwitchCommand} change the connection.
 * - {@linkcode BoxDecoder} and {@linkcode AmpBox} are the wire format, without I/O.
 *
 * The wire format is that of `twisted.protocols.amp`, and so are the names. The package `ampjs` on
 * npm also speaks AMP. It is not used here, because it opens its sockets itself, and has neither
 * types, lists of boxes, TLS nor protocol switches. The package `amp` on npm is another protocol.
 *
 * @example
 * ```ts no-eval
 * import { connectProtocol, Factory, reactor } from "@torsion/reactor";
 * import { TCP4ClientEndpoint, TCP4ServerEndpoint } from "@torsion/reactor";
 * import { AMP, Command, Integer } from "@torsion/reactor/amp";
 *
 * const Sum = new Command("Sum", {
 *   arguments: { a: Integer, b: Integer },
 *   response: { total: Integer },
 * });
 *
 * class Calculator extends AMP {
 *   constructor() {
 *     super();
 *     this.responder(Sum, ({ a, b }) => ({ total: a + b }));
 *   }
 * }
 *
 * reactor.callWhenRunning(async () => {
 *   await new TCP4ServerEndpoint(reactor, 1234).listen(Factory.forProtocol(Calculator));
 *   const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", 1234);
 *   const client = await connectProtocol(endpoint, new AMP());
 *   const { total } = await client.callRemote(Sum, { a: 13, b: 81 });
 *   console.log(total); // 94
 *   reactor.stop();
 * });
 * await reactor.run();
 * ```
 *
 * @module
 */

export { AMP, type AMPOptions } from "./amp.ts";
export { AmpBox, type BoxContents, type IBoxSender, QuitBox } from "./amp_box.ts";
export { Argument, type ArgumentValues, optional, OptionalArgument } from "./argument.ts";
export {
  BaseCommand,
  type CallOptions,
  type CallParameters,
  type CommandCaller,
  type CommandErrors,
  type ErrorCodes,
} from "./base_command.ts";
export {
  BigInteger,
  Boolean,
  Decimal,
  Float,
  Integer,
  String,
  Unicode,
} from "./basic_arguments.ts";
export { type BinaryBoxOptions, BinaryBoxProtocol } from "./binary_box_protocol.ts";
export { BoxDecoder, type BoxDecoderOptions, KeyTooLongError, parseString } from "./box_decoder.ts";
export { BoxDispatcher, type BoxDispatcherOptions } from "./box_dispatcher.ts";
export type { BoxResponder, IBoxReceiver, IResponderLocator } from "./box_receiver.ts";
export {
  type CallResult,
  Command,
  type CommandDefinition,
  type ResponderResult,
} from "./command.ts";
export { CommandLocator, type Responder } from "./command_locator.ts";
export { DateTime, OffsetDateTime, type OffsetDateTimeOptions } from "./date_time.ts";
export {
  AmpError,
  BadLocalReturn,
  type ErrorClass,
  IncompatibleVersions,
  InvalidSignature,
  MalformedAmpBox,
  NoEmptyBoxes,
  OnlyOneTLS,
  PROTOCOL_ERRORS,
  ProtocolSwitched,
  RemoteAmpError,
  type RemoteAmpErrorOptions,
  TooLong,
  type TooLongDetails,
  UnhandledCommand,
  UnknownRemoteError,
} from "./errors.ts";
export { AmpList, ListOf } from "./list_arguments.ts";
export {
  ProtocolSwitchCommand,
  type ProtocolSwitchDefinition,
  type SwitchOptions,
} from "./protocol_switch_command.ts";
export type { EmptySchema, Flat, OptionalKeys, Received, Schema, Sendable } from "./schema.ts";
export { SimpleStringLocator } from "./simple_string_locator.ts";
export { StartTLS, StartTLSCommand, type TLSCallOptions } from "./start_tls.ts";
export {
  ANSWER,
  ASK,
  COMMAND,
  ERROR,
  ERROR_CODE,
  ERROR_DESCRIPTION,
  MAX_KEY_LENGTH,
  MAX_VALUE_LENGTH,
  UNHANDLED_ERROR_CODE,
  UNKNOWN_ERROR_CODE,
} from "./wire_names.ts";
