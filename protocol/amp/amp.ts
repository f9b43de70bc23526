import type { Deferred } from "../../defer/mod.ts";
import type { IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import type { AmpBox, BoxContents, IBoxSender } from "./amp_box.ts";
import type { BaseCommand, CallOptions, CallParameters } from "./base_command.ts";
import { type BinaryBoxOptions, BinaryBoxProtocol } from "./binary_box_protocol.ts";
import { BoxDispatcher, type BoxDispatcherOptions } from "./box_dispatcher.ts";
import type { BoxResponder, IBoxReceiver, IResponderLocator } from "./box_receiver.ts";
import { CommandLocator, type Responder } from "./command_locator.ts";
import { locateMethod } from "./simple_string_locator.ts";

/** Options of an {@linkcode AMP}. */
export interface AMPOptions extends BoxDispatcherOptions, BinaryBoxOptions {
  /**
   * Knows the responders.
   *
   * @default the protocol itself
   */
  locator?: IResponderLocator | undefined;
  /**
   * Receives the boxes in place of the protocol, which then makes no calls.
   *
   * @default the protocol itself
   */
  boxReceiver?: IBoxReceiver | undefined;
}

/**
 * A connection that speaks AMP, the Asynchronous Messaging Protocol: both sides call commands of
 * the other side, and answer calls in any order. Twisted's `AMP`.
 *
 * Define each {@linkcode Command} once, add a {@linkcode responder} on one side, and call it with
 * {@linkcode callRemote} on the other.
 *
 * @typeParam F The factory that builds it.
 *
 * @example A server, and a call
 * ```ts
 * import { AMP, Command, Integer } from "@torsion/reactor/amp";
 * import { connectedServerAndClient } from "@torsion/reactor/testing";
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
 * const { client, pump } = connectedServerAndClient(Calculator, AMP);
 * client.callRemote(Sum, { a: 13, b: 81 }).addCallback(({ total }) => console.log(total)); // 94
 * pump.flush();
 * ```
 */
export class AMP<F extends IProtocolFactory = IProtocolFactory> extends BinaryBoxProtocol<F>
  implements IBoxReceiver, IResponderLocator {
  readonly #responders = new CommandLocator(this);
  readonly #dispatcher: BoxDispatcher;

  /**
   * Creates a protocol.
   *
   * @param options The timeout of calls, limits, and parts that replace those of this class.
   * @throws {RangeError} when an option is out of range.
   * @throws {TypeError} when there is a `timeout` but no `clock`.
   */
  constructor(options: AMPOptions = {}) {
    super(options.boxReceiver ?? null, options);
    this.#dispatcher = new BoxDispatcher(options.locator ?? this, options);
    if (options.boxReceiver === undefined) this.boxReceiver = this;
  }

  /** The number of calls that the peer has not answered. */
  get pendingCalls(): number {
    return this.#dispatcher.pendingCalls;
  }

  /** The number of received commands whose responders have not finished. */
  get pendingCommands(): number {
    return this.#dispatcher.pendingCommands;
  }

  /**
   * Calls a command of the peer.
   *
   * @param command The command.
   * @param parameters The arguments, and then the options of the call: `timeout`, `clock` and
   *   `signal`. Either may be omitted if all of its properties may be omitted.
   * @returns A Deferred of the answer; nothing if the command requires no answer, also when the
   *   connection has been lost. The Deferred fails with an error that the command defines, with
   *   `UnknownRemoteError` or `UnhandledCommand`; or, if the peer did not answer, with a
   *   `RequestTimeout`, a `RequestCancelled` or a `RequestLost`, whose `sent` says whether the call
   *   had been sent. The `cause` of the last is the reason for which the connection was lost, with
   *   which the call fails in Twisted.
   * @throws {InvalidSignature} when the arguments do not fit the command.
   * @throws {TooLong} when an argument exceeds 65535 bytes.
   * @throws {ProtocolSwitched} when the connection has switched its protocol.
   * @throws {TypeError} when there is a timeout, but no clock.
   */
  callRemote<A extends object, Result, Received, Returned, O extends CallOptions>(
    command: BaseCommand<A, Result, Received, Returned, O>,
    ...parameters: CallParameters<A, O>
  ): Result {
    return this.#dispatcher.callRemote(command, ...parameters);
  }

  /**
   * Calls a command by its name. For programs that encode and decode boxes themselves.
   *
   * @param name The name of the command.
   * @param contents The arguments.
   * @param options The options of the call.
   * @returns A Deferred of the answer's box. It fails with a `RemoteAmpError`, an
   *   `UnhandledCommand`, a `RequestTimeout`, a `RequestCancelled`, or a `RequestLost`.
   * @throws {Error} when the call cannot be sent; see {@linkcode callRemote}.
   */
  callRemoteString(
    name: string,
    contents: BoxContents = {},
    options: CallOptions = {},
  ): Deferred<AmpBox> {
    return this.#dispatcher.callRemoteString(name, contents, options);
  }

  /**
   * Adds the responder of a command, in place of an earlier one. Twisted's `Command.responder`.
   *
   * @param command The command.
   * @param f The responder: it receives the arguments, and returns the values of the answer, or a
   *   promise of them. An error that it throws, and that the command defines, is sent to the
   *   caller. Any other error is logged, and closes the connection.
   * @returns This protocol.
   * @throws {TypeError} when `command` is not a command, or `f` is not a function.
   */
  responder<A extends object, Result, Received, Returned, O extends CallOptions>(
    command: BaseCommand<A, Result, Received, Returned, O>,
    f: Responder<Received, Returned>,
  ): this {
    this.#responders.responder(command, f);
    return this;
  }

  /**
   * Returns the responder of a command: one that was added, or else the method `amp_` with the name
   * of the command in capitals; see {@linkcode SimpleStringLocator}.
   */
  locateResponder(name: string): BoxResponder | null {
    return this.#responders.locateResponder(name) ?? locateMethod(this, name);
  }

  /** Called when the connection has been made, before `connectionMade`. */
  startReceivingBoxes(boxSender: IBoxSender): void {
    this.#dispatcher.startReceivingBoxes(boxSender);
  }

  /** Handles a call or an answer. */
  ampBoxReceived(box: AmpBox): void {
    return this.#dispatcher.ampBoxReceived(box);
  }

  /** Fails all calls that have not been answered. Called when the connection has been lost. */
  stopReceivingBoxes(reason: Error): void {
    this.#dispatcher.stopReceivingBoxes(reason);
  }
}
