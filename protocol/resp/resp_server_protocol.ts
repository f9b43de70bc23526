import { CancelledError } from "../../defer/mod.ts";
import { logUserError } from "../../defer/guarded_call.ts";
import { isInstance, isThenable } from "../../internal/foreign_value.ts";
import { checkBound } from "../../internal/validation.ts";
import type { IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import { FrameReceiver } from "../framing/frame_receiver.ts";
import type { FramingError } from "../framing/framing_error.ts";
import {
  CommandDecoder,
  type CommandDecoderOptions,
  CommandSyntaxError,
} from "./command_decoder.ts";
import {
  type CommandResult,
  type CommandTable,
  fitsArity,
  PushReply,
  unknownCommand,
} from "./command_table.ts";
import { HelloReply, helloReply, parseHello, type ServerInfo } from "./hello.ts";
import { type Outcome, ReplyQueue } from "./reply_queue.ts";
import type { RESPCommand } from "./resp_command.ts";
import { RESPEncoder } from "./resp_encoder.ts";
import { OK, type RESPOutput, type RESPVersion } from "./resp_output.ts";
import { RESPError } from "./resp_value.ts";

/** Options of a {@linkcode RESPServerProtocol}. */
export interface RESPServerOptions extends CommandDecoderOptions {
  /**
   * The maximum number of commands of a connection that are being handled. While so many handlers
   * have not finished, no further command is handled, and the connection is not read. With 1, a
   * command starts when the one before has finished, as in Redis. With more, handlers run at the
   * same time; the replies still have the order of the commands. The loss of a connection that is
   * not read is noticed only when a handler finishes, so limit the time that a handler may take.
   *
   * @default {1}
   */
  maxInFlight?: number | undefined;
  /**
   * The number of bytes of replies that may wait for a slow client. Above it, no further command is
   * handled until all of them have been sent.
   *
   * @default {1048576}
   */
  maxUnsent?: number | undefined;
  /**
   * The name and the version of the server in the reply to `HELLO`.
   *
   * @default {{ server: "torsion", version: "7.0.0" }}
   */
  info?: ServerInfo | undefined;
}

/**
 * A client's connection to a server that speaks RESP: it receives commands, calls their handlers in
 * a {@linkcode CommandTable}, and sends the replies in the order of the commands.
 *
 * It replies to `HELLO`, which chooses between RESP2 and RESP3, and to `QUIT`; a table may define
 * both itself, and its `HELLO` changes the version with a {@linkcode HelloReply}. It refuses
 * unknown commands and wrong numbers of arguments in the words of Redis. The replies to the
 * commands of a chunk leave in one write.
 *
 * Subclass it to keep state for each client. Handlers receive the connection as their second
 * argument.
 *
 * @typeParam F The factory that builds it.
 *
 * @example
 * ```ts no-eval
 * import { Factory, reactor } from "@torsion/reactor";
 * import { CommandTable, RESPServerProtocol } from "@torsion/reactor/resp";
 *
 * let count = 0;
 * const commands = new CommandTable<RESPServerProtocol>({
 *   COUNT: { arity: 1, run: () => ++count },
 * });
 * reactor.listenTCP(6379, Factory.forProtocol(() => new RESPServerProtocol(commands)));
 * await reactor.run();
 * ```
 */
export class RESPServerProtocol<F extends IProtocolFactory = IProtocolFactory>
  extends FrameReceiver<RESPCommand, F> {
  /** The name that the client has given to the connection, with `HELLO 3 SETNAME`. */
  clientName = "";
  /** The number of the connection in the reply to `HELLO`. A factory may set it. */
  id = 0;
  /** The decoder of the commands. */
  protected override readonly decoder: CommandDecoder;
  readonly #commands: CommandTable<RESPServerProtocol>;
  readonly #maxInFlight: number;
  readonly #maxUnsent: number;
  readonly #info: ServerInfo;
  readonly #encoder = new RESPEncoder();
  readonly #replies: ReplyQueue;
  #isFlushQueued = false;
  #isReceiving = false;
  /** The bytes that were written since the transport was last known to have sent all. */
  #unsent = 0;
  #isCongested = false;
  #isPaused = false;
  #isClosing = false;

  /**
   * Creates a protocol.
   *
   * @param commands The commands of the server. A table whose handlers expect a subclass must be
   *   passed to that subclass.
   * @param options The limits.
   * @throws {RangeError} when a limit is out of range.
   */
  constructor(
    commands: CommandTable<RESPServerProtocol>,
    options: RESPServerOptions = {},
  ) {
    super();
    const { maxInFlight = 1, maxUnsent = 1_048_576 } = options;
    checkBound("maxInFlight", maxInFlight, 1);
    checkBound("maxUnsent", maxUnsent, 1);
    this.decoder = new CommandDecoder(options);
    this.#commands = commands;
    this.#maxInFlight = maxInFlight;
    this.#maxUnsent = maxUnsent;
    this.#info = options.info ?? { server: "torsion", version: "7.0.0" };
    this.#replies = new ReplyQueue({
      send: (outcome) => this.#sendOutcome(outcome),
      settled: () => this.#settled(),
      dropped: (error) => logFailure(error),
    });
  }

  /** The version of the protocol that the client has chosen with `HELLO`. */
  get version(): RESPVersion {
    return this.#encoder.version;
  }

  /** The number of commands whose replies have not been sent. */
  get inFlight(): number {
    return this.#replies.length;
  }

  /**
   * Sends data that the client has not asked for, such as a published message. It may leave before
   * the reply to a command that is being handled. If the connection is closing, nothing is sent.
   *
   * @param values The kind of the data, such as `"message"`, and the data. In RESP2 they are sent
   *   as an array.
   * @throws {TypeError} when a value cannot be sent.
   */
  push(values: readonly RESPOutput[]): void {
    this.#encoder.push(values);
    // The connection's writeBufferLimit also limits the pushes of one turn.
    if (this.#encoder.size > this.#maxUnsent) this.#flush();
    else this.#flushSoon();
  }

  /**
   * Called for `HELLO` with `AUTH`. Override it to let clients log in. It may be `async`.
   *
   * @param _user The name of the user.
   * @param _password The password.
   * @returns Whether the client may continue, or a Deferred or promise of it. By default,
   *   every login is refused.
   */
  authenticate(_user: string, _password: string): boolean | PromiseLike<boolean> {
    return false;
  }

  /** Handles no further command, sends the missing replies, and then closes the connection. */
  loseConnection(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#update();
    this.#flushSoon();
  }

  /** Handles the commands that are complete, and sends their replies together. */
  override dataReceived(data: Uint8Array): void {
    this.#isReceiving = true;
    try {
      return super.dataReceived(data);
    } finally {
      this.#isReceiving = false;
      this.#flush();
    }
  }

  /** Calls the handler of a command. */
  override frameReceived(command: RESPCommand): void {
    let result: CommandResult | PromiseLike<CommandResult>;
    try {
      result = this.#run(command);
      if (isThenable(result)) {
        this.#replies.addLater(result);
        return this.#update();
      }
    } catch (error) {
      return this.#add({ failed: true, error });
    }
    if (this.#replies.length === 0) this.#send(result);
    else this.#add({ failed: false, value: result });
  }

  /** Replies with the violation, and closes the connection. */
  override decodingFailed(error: FramingError): void {
    const reason = error instanceof CommandSyntaxError ? error.reason : error.message;
    const reply = new RESPError("ERR", `Protocol error: ${reason}`);
    this.#replies.add({ failed: true, error: reply });
    this.loseConnection();
  }

  /** Drops the missing replies, and cancels the Deferreds of their handlers. */
  override connectionLost(_reason: Error): void {
    this.#isClosing = true;
    this.#replies.cancel();
  }

  /** Handles no command until {@linkcode resumeProducing}. */
  override pauseProducing(): void {
    this.#isPaused = true;
    this.#update();
  }

  /** Continues to handle commands. */
  override resumeProducing(): void {
    this.#isPaused = false;
    this.#update();
    this.#flush();
  }

  #run(command: RESPCommand): CommandResult | PromiseLike<CommandResult> {
    const entry = this.#commands.get(command.name);
    if (entry === undefined) return this.#runOwn(command);
    if (fitsArity(command, entry.arity)) return entry.run(command, this);
    return wrongArity(command);
  }

  /** Handles a command that is not in the table. */
  #runOwn(command: RESPCommand): CommandResult | PromiseLike<CommandResult> {
    if (command.name === "HELLO") return this.#hello(command);
    if (command.name !== "QUIT") return new RESPError("ERR", unknownCommand(command));
    this.loseConnection();
    return OK;
  }

  #hello(command: RESPCommand): CommandResult | PromiseLike<CommandResult> {
    const { version, credentials, name } = parseHello(command);
    const accept = (isAccepted: boolean): CommandResult => {
      if (isAccepted !== true) {
        const why = "invalid username-password pair or user is disabled.";
        return new RESPError("WRONGPASS", why);
      }
      if (name !== null) this.clientName = name;
      return new HelloReply(version);
    };
    if (credentials === null) return accept(true);
    const { user, password } = credentials;
    const isAccepted = this.authenticate(user, password);
    return isThenable(isAccepted) ? isAccepted.then(accept) : accept(isAccepted);
  }

  /** Sends a reply after those before it. Replies that wait count towards `maxInFlight`. */
  #add(outcome: Outcome): void {
    this.#replies.add(outcome);
    this.#update();
  }

  #sendOutcome(outcome: Outcome): void {
    if (!outcome.failed) return this.#send(outcome.value);
    this.#encodeFailure(outcome.error);
  }

  /** Adds a reply to the bytes to send. */
  #send(result: CommandResult): void {
    try {
      if (result instanceof HelloReply) this.#sendHello(result);
      else if (!(result instanceof PushReply)) this.#encoder.reply(result);
      else for (const push of result.pushes) this.#encoder.push(push);
    } catch (error) {
      this.#encodeFailure(error);
    }
    if (this.#encoder.size > this.#maxUnsent) this.#flush();
  }

  #sendHello({ version, value }: HelloReply): void {
    const { version: before } = this;
    this.#encoder.version = version ?? before;
    try {
      this.#encoder.reply(value === undefined ? this.#description() : value);
    } catch (error) {
      this.#encoder.version = before;
      throw error;
    }
  }

  #description(): RESPOutput {
    return helloReply(this.#info, this.version, this.id);
  }

  /** Adds an error. The client receives no details of an error that is not a `RESPError`. */
  #encodeFailure(error: unknown): void {
    if (isInstance(error, RESPError)) return this.#encoder.reply(error);
    logFailure(error);
    this.#encoder.reply(new RESPError("ERR", "internal error"));
  }

  #settled(): void {
    this.#flushSoon();
    this.#update();
  }

  /** Sends the replies at the end of the turn, with those that come until then. */
  #flushSoon(): void {
    if (this.#isFlushQueued || this.#isReceiving) return;
    this.#isFlushQueued = true;
    queueMicrotask(() => {
      this.#isFlushQueued = false;
      this.#flush();
    });
  }

  /** Sends the replies. Closes the connection if nothing else is to be sent. */
  #flush(): void {
    const { transport } = this;
    const bytes = this.#encoder.take();
    if (!transport.connected || transport.disconnecting) return;
    if (bytes.length > 0) {
      transport.write(bytes);
      this.#unsent += bytes.length;
      if (this.#unsent > this.#maxUnsent && !this.#isCongested) this.#waitUntilSent();
    }
    if (this.#isClosing && this.inFlight === 0) transport.loseConnection();
  }

  /** Handles no command until the transport has sent all bytes. */
  #waitUntilSent(): void {
    // The transport requests more from a pull producer as soon as it is registered, and then
    // whenever everything has been sent. It is registered no longer than needed, because a producer
    // delays loseConnection().
    let isRegistered = false;
    this.#isCongested = true;
    this.transport.registerProducer({
      resumeProducing: () => {
        if (isRegistered) this.#sent();
        isRegistered = true;
      },
      stopProducing: () => {},
    }, false);
    this.#update();
  }

  #sent(): void {
    this.transport.unregisterProducer();
    this.#unsent = 0;
    this.#isCongested = false;
    this.#update();
    this.#flush();
  }

  /** Pauses or resumes the handling of commands. */
  #update(): void {
    const isFull = this.inFlight >= this.#maxInFlight;
    const isHeld = this.#isPaused || this.#isClosing || this.#isCongested || isFull;
    if (isHeld === this.paused) return;
    if (isHeld) super.pauseProducing();
    else super.resumeProducing();
  }
}

/** Logs an error of a handler, unless it is meant for the client, or its call was cancelled. */
function logFailure(error: unknown): void {
  if (isInstance(error, RESPError) || isInstance(error, CancelledError)) return;
  logUserError(error, "Error while handling a command");
}

function wrongArity(command: RESPCommand): RESPError {
  const name = command.sentName.toLowerCase();
  return new RESPError("ERR", `wrong number of arguments for '${name}' command`);
}
