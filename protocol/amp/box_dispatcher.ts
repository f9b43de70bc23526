import { atOnce, logRejection, logUserError } from "../../defer/guarded_call.ts";
import { type Deferred, fail, maybeDeferred, type TimeoutClock } from "../../defer/mod.ts";
import { isInstance } from "../../internal/foreign_value.ts";
import { checkBound, checkFunction, checkTimeout, quote } from "../../internal/validation.ts";
import { ConnectionClosed } from "../../reactor/errors.ts";
import { KeyedRequestQueue } from "../keyed_request_queue.ts";
import { UnexpectedAnswer } from "../pending_requests.ts";
import { isRequestFailure, RequestTimeout } from "../request_failures.ts";
import { AmpBox, type BoxContents, type IBoxSender, QuitBox } from "./amp_box.ts";
import type { BaseCommand, CallOptions, CallParameters, CommandCaller } from "./base_command.ts";
import type { IBoxReceiver, IResponderLocator } from "./box_receiver.ts";
import {
  isCausedByPeer,
  MalformedAmpBox,
  NoEmptyBoxes,
  OVERLOADED_ERROR_CODE,
  PROTOCOL_ERRORS,
  ProtocolSwitched,
  RemoteAmpError,
  UnhandledCommand,
} from "./errors.ts";
import { decodeText, encodeText } from "./short_text.ts";
import {
  ANSWER,
  ASK,
  COMMAND,
  ERROR,
  ERROR_CODE,
  ERROR_DESCRIPTION,
  MAX_VALUE_LENGTH,
  UNHANDLED_ERROR_CODE,
  UNKNOWN_ERROR_CODE,
} from "./wire_names.ts";

/** Options of a {@linkcode BoxDispatcher}. Twisted has no equivalent. */
export interface BoxDispatcherOptions {
  /**
   * The clock that measures the timeouts of calls: the reactor, or a test's `Clock`. Required if
   * there is a `timeout`.
   */
  clock?: TimeoutClock | undefined;
  /**
   * Seconds after which a call fails with a `RequestTimeout`, unless the call has a timeout of its
   * own.
   *
   * @default {Infinity}
   */
  timeout?: number | undefined;
  /**
   * The maximum number of received commands whose responders have not finished. One more is
   * answered with the error code `OVERLOADED`.
   *
   * @default {10000}
   */
  maxPendingCommands?: number | undefined;
  /**
   * The maximum number of bytes in the arguments of these commands. While it is reached, one more
   * command is answered with the error code `OVERLOADED`.
   *
   * @default {16777216}
   */
  maxPendingBytes?: number | undefined;
}

/**
 * Matches answers with calls, and calls with responders: it receives the boxes of one connection,
 * and sends those of calls and answers. Twisted's `BoxDispatcher`. {@linkcode AMP} contains one.
 *
 * An error that nothing handles is treated as in Twisted: an error of a responder whose command
 * does not define it is logged, the caller receives an `UnknownRemoteError`, and the connection is
 * closed. In two points Twisted differs. There, a failed call without an errback closes the
 * connection; here it is reported like any other failed Deferred, because `await` may handle it
 * later. And Twisted logs arguments that it cannot decode; here the caller receives the reason,
 * because any peer could fill the log.
 */
export class BoxDispatcher implements IBoxReceiver, CommandCaller {
  /** Knows the responders. */
  readonly locator: IResponderLocator;
  readonly #clock: TimeoutClock | null;
  readonly #timeout: number;
  readonly #maxPendingCommands: number;
  readonly #maxPendingBytes: number;
  readonly #calls: KeyedRequestQueue<AmpBox, AmpBox, string>;
  #boxSender: IBoxSender | null = null;
  #lastTag = 0;
  /** The error that sending the current call has thrown, which may be any value. */
  #notSent: { readonly error: unknown } | null = null;
  #pendingCommands = 0;
  /** The number of bytes in the arguments of the pending commands. */
  #pendingBytes = 0;

  /**
   * Creates a dispatcher.
   *
   * @param locator Knows the responders.
   * @param options The timeout of calls, and limits.
   * @throws {RangeError} when an option is out of range.
   * @throws {TypeError} when there is a `timeout` but no `clock`.
   */
  constructor(locator: IResponderLocator, options: BoxDispatcherOptions = {}) {
    const { clock = null, timeout = Infinity } = options;
    const { maxPendingCommands = 10_000, maxPendingBytes = 16_777_216 } = options;
    checkBound("maxPendingCommands", maxPendingCommands, 1);
    checkBound("maxPendingBytes", maxPendingBytes, 1);
    this.locator = locator;
    this.#clock = clock;
    this.#timeout = timeout;
    this.#maxPendingCommands = maxPendingCommands;
    this.#maxPendingBytes = maxPendingBytes;
    this.#clockFor(timeout, clock);
    this.#calls = new KeyedRequestQueue((tag, box) => this.#send(tag, box), {
      newId: () => (++this.#lastTag).toString(16),
      maxInFlight: Infinity,
    });
  }

  /**
   * The connection.
   *
   * @throws {Error} before the connection is made.
   */
  get boxSender(): IBoxSender {
    if (this.#boxSender === null) {
      throw new Error("Cannot send an AMP box: the connection has not been made");
    }
    return this.#boxSender;
  }

  /** The number of calls that the peer has not answered. */
  get pendingCalls(): number {
    return this.#calls.inFlight;
  }

  /** The number of received commands whose responders have not finished. */
  get pendingCommands(): number {
    return this.#pendingCommands;
  }

  /** Stores the connection. */
  startReceivingBoxes(boxSender: IBoxSender): void {
    this.#boxSender = boxSender;
  }

  /**
   * Handles a call or an answer.
   *
   * @param box The box.
   * @throws {NoEmptyBoxes} when the box is neither a call nor an answer.
   * @throws {MalformedAmpBox} when it answers no call, or a failure has no code or description.
   */
  ampBoxReceived(box: AmpBox): void {
    const answered = box.get(ANSWER);
    const failed = box.get(ERROR);
    if (answered !== undefined) this.#answered(decodeText(answered), box);
    else if (failed !== undefined) this.#failed(decodeText(failed), box);
    else if (box.has(COMMAND)) this.#commandReceived(box);
    else {
      const keys = [...box.keys()].map(quote).join(", ") || "none";
      throw new NoEmptyBoxes(
        `Cannot handle an AMP box: it is neither a call nor an answer; its keys are: ${keys}`,
      );
    }
  }

  /** Fails all calls that have not been answered, and all later ones. */
  stopReceivingBoxes(reason: Error): void {
    this.#calls.connectionLost(reason);
  }

  /**
   * Calls a command of the peer.
   *
   * @param command The command.
   * @param parameters The arguments, and then the options of the call. Either may be omitted if all
   *   of its properties may be omitted.
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
    const [args, options] = parameters;
    // The casts are safe: the types allow each of them to be omitted only if it may be empty.
    return command.send(this, args ?? {} as A, options ?? {} as O);
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
    return this.callBox(name, new AmpBox(contents), options);
  }

  /** Sends a call, and waits for its answer. */
  callBox(name: string, box: AmpBox, options: CallOptions = {}): Deferred<AmpBox> {
    const { timeout = this.#timeout, signal } = options;
    const clock = this.#clockFor(timeout, options.clock ?? this.#clock);
    box.set(COMMAND, encodeText(name));
    const answer = this.#calls.request(box, { signal });
    if (this.#notSent !== null) {
      const { error } = this.#notSent;
      this.#notSent = null;
      answer.addErrback(() => {}); // The caller receives the error below.
      throw error;
    }
    if (clock === null || answer.called) return answer;
    return answer.addTimeout(timeout, clock, (cancelled) => {
      const sent = isRequestFailure(cancelled) && cancelled.sent;
      const message = `The peer did not answer ${quote(name)} within ${timeout} s`;
      throw new RequestTimeout(message, { sent });
    });
  }

  /** Sends a call without asking for an answer. */
  notifyBox(name: string, box: AmpBox): void {
    box.set(COMMAND, encodeText(name));
    this.#emit(box);
  }

  /**
   * Calls the responder of a command.
   *
   * @param box The box of the call.
   * @returns A Deferred of the box of the answer, or of the responder's failure. A command without
   *   a responder is a `RemoteAmpError` with the code `UNHANDLED`.
   */
  dispatchCommand(box: AmpBox): Deferred<AmpBox> {
    const name = nameOf(box);
    return maybeDeferred(() => {
      const responder = atOnce(
        "locateResponder()",
        this.locator.locateResponder(name),
        "Error while calling locateResponder",
      );
      if (responder !== null) {
        checkFunction("the result of locateResponder()", responder);
        return responder(box);
      }
      const description = `Unhandled Command: ${quote(name)}`;
      const cause = new UnhandledCommand(description);
      return fail(new RemoteAmpError(UNHANDLED_ERROR_CODE, description, { cause }));
    }).addCallback(checkBox);
  }

  /**
   * Passes an error that cannot be sent to the peer to the connection, which logs it and closes.
   *
   * @param error The error.
   */
  unhandledError(error: Error): void {
    this.boxSender.unhandledError(error);
  }

  /** Returns the clock for a timeout; `null` if there is no timeout. */
  #clockFor(timeout: number, clock: TimeoutClock | null): TimeoutClock | null {
    checkTimeout("timeout", timeout);
    if (timeout === Infinity) return null;
    if (clock !== null) return clock;
    throw new TypeError("Cannot use a timeout of AMP calls: the options contain no clock");
  }

  #send(tag: string, box: AmpBox): void {
    box.set(ASK, encodeText(tag));
    try {
      sendTo(box, this.boxSender);
    } catch (error) {
      this.#notSent = { error };
      throw error;
    }
  }

  #answered(tag: string, box: AmpBox): void {
    try {
      this.#calls.answer(tag, box);
    } catch (error) {
      throw asMalformed(error);
    }
  }

  #failed(tag: string, box: AmpBox): void {
    const failure = failureIn(box);
    try {
      this.#calls.fail(tag, failure);
    } catch (error) {
      throw asMalformed(error);
    }
  }

  #commandReceived(box: AmpBox): void {
    // A view would keep the memory of other boxes until the answer is sent.
    const ask = box.get(ASK)?.slice();
    const name = nameOf(box);
    const overload = this.#overload();
    const size = sizeOf(box);
    this.#pendingCommands++;
    this.#pendingBytes += size;
    const answer = overload === null ? this.dispatchCommand(box) : fail(overload);
    const finished = (): void => {
      this.#pendingCommands--;
      this.#pendingBytes -= size;
    };
    answer.addCallbacks(
      (answer) => {
        finished();
        if (ask !== undefined) this.#answer(ask, answer);
      },
      (error) => {
        finished();
        if (ask === undefined) throw error;
        this.#answerWithError(ask, error, name);
      },
    ).addErrback((error) => this.unhandledError(error));
  }

  /** Returns the error for one more command; `null` if it may start. */
  #overload(): RemoteAmpError | null {
    const [maxCommands, maxBytes] = [this.#maxPendingCommands, this.#maxPendingBytes];
    const limit = this.#pendingCommands >= maxCommands
      ? `${maxCommands} (maxPendingCommands)`
      : this.#pendingBytes >= maxBytes
      ? `${maxBytes} bytes (maxPendingBytes)`
      : null;
    if (limit === null) return null;
    return new RemoteAmpError(
      OVERLOADED_ERROR_CODE,
      `Cannot start another command: the limit of ${limit} is reached`,
    );
  }

  #answer(ask: Uint8Array, answer: AmpBox): void {
    answer.set(ANSWER, ask);
    this.#emit(answer);
  }

  #answerWithError(ask: Uint8Array, error: Error, name: string): void {
    const { errorCode, description, fatal } = remoteErrorOf(error, name);
    const answer = fatal ? new QuitBox() : new AmpBox();
    answer.set(ERROR, ask);
    answer.set(ERROR_CODE, encodeText(errorCode));
    answer.set(ERROR_DESCRIPTION, encodeText(description).subarray(0, MAX_VALUE_LENGTH));
    this.#emit(answer);
  }

  /** Sends a box. If the connection has been lost, or has switched its protocol, it is dropped. */
  #emit(box: AmpBox): void {
    try {
      sendTo(box, this.boxSender);
    } catch (error) {
      if (!isInstance(error, ProtocolSwitched) && !isInstance(error, ConnectionClosed)) throw error;
    }
  }
}

/** Returns the answer for an error of a responder. Logs the error, unless the peer caused it. */
function remoteErrorOf(error: Error, name: string): RemoteAmpError {
  if (isInstance(error, RemoteAmpError)) return error;
  if (isCausedByPeer(error)) {
    return new RemoteAmpError(UNKNOWN_ERROR_CODE, error.message, { fatal: true });
  }
  logUserError(error, `Error while responding to ${quote(name)}`);
  return new RemoteAmpError(UNKNOWN_ERROR_CODE, "Unknown Error", { fatal: true });
}

function sendTo(box: AmpBox, sender: IBoxSender): void {
  logRejection(box.sendTo(sender), "Error while calling sendTo");
}

/** Checks the result of a responder that answers with boxes. */
function checkBox(answer: AmpBox): AmpBox {
  if (isInstance(answer, AmpBox)) return answer;
  throw new TypeError(`A responder must return an AmpBox, got ${quote(answer)}`);
}

/** Returns the number of bytes in the values of a box. */
function sizeOf(box: AmpBox): number {
  let size = 0;
  for (const value of box.values()) size += value.length;
  return size;
}

function nameOf(box: AmpBox): string {
  return decodeText(box.get(COMMAND) ?? new Uint8Array(0));
}

/** Returns the error for an answer to no call. */
function asMalformed(error: unknown): unknown {
  if (!(error instanceof UnexpectedAnswer)) return error;
  return new MalformedAmpBox(error.message, { cause: error });
}

/** Returns the failure that a box reports. */
function failureIn(box: AmpBox): Error {
  const code = box.get(ERROR_CODE);
  const description = box.get(ERROR_DESCRIPTION);
  if (code === undefined || description === undefined) {
    const missing = code === undefined ? ERROR_CODE : ERROR_DESCRIPTION;
    throw new MalformedAmpBox(`Cannot read the failure of a call: the key ${missing} is missing`);
  }
  const [errorCode, text] = [decodeText(code), decodeText(description)];
  const Type = Object.hasOwn(PROTOCOL_ERRORS, errorCode) ? PROTOCOL_ERRORS[errorCode] : undefined;
  return Type === undefined ? new RemoteAmpError(errorCode, text) : new Type(text);
}
